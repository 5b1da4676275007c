-- The response cache.

CREATE TABLE cache_entries (
    seq          INTEGER PRIMARY KEY NOT NULL,
    key          TEXT    NOT NULL UNIQUE,
    label        TEXT    NOT NULL,
    intent       TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    tier         TEXT    NOT NULL CHECK (tier IN ('', 'T0', 'T1', 'T2', 'T3')),
    team         TEXT    NOT NULL,
    created_ms   INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    last_hit_ms  INTEGER,
    hits         INTEGER NOT NULL CHECK (hits >= 0),
    bytes        INTEGER NOT NULL CHECK (bytes >= 0),
    cost_nanousd INTEGER NOT NULL CHECK (cost_nanousd >= 0),
    app_version  TEXT    NOT NULL,
    -- Last, so that lists never read it.
    body         BLOB    NOT NULL
) STRICT;
CREATE INDEX cache_entries_by_time    ON cache_entries (created_ms, key);
CREATE INDEX cache_entries_by_intent  ON cache_entries (intent, created_ms, key);
CREATE INDEX cache_entries_by_model   ON cache_entries (model, created_ms, key);
CREATE INDEX cache_entries_by_label   ON cache_entries (label);
CREATE INDEX cache_entries_by_expiry  ON cache_entries (expires_ms);
CREATE INDEX cache_entries_by_version ON cache_entries (app_version);
