-- Versioned configuration and virtual keys.

CREATE TABLE config_items (
    kind    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    body    TEXT    NOT NULL, -- JSON
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE config_changes (
    version INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    before  TEXT, -- none when it was created
    after   TEXT, -- none when it was deleted
    who     TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT;

CREATE TRIGGER config_changes_are_never_updated BEFORE UPDATE ON config_changes
BEGIN SELECT RAISE(ABORT, 'the log of configuration changes is insert-only'); END;
CREATE TRIGGER config_changes_are_never_deleted BEFORE DELETE ON config_changes
BEGIN SELECT RAISE(ABORT, 'the log of configuration changes is insert-only'); END;

CREATE TABLE virtual_keys (
    id            TEXT    PRIMARY KEY NOT NULL,
    name          TEXT    NOT NULL,
    team          TEXT    NOT NULL,
    last_four     TEXT    NOT NULL,
    created_ms    INTEGER NOT NULL,
    revoked_ms    INTEGER,
    last_used_ms  INTEGER,
    secret_sha256 BLOB    NOT NULL CHECK (length(secret_sha256) = 32)
) STRICT, WITHOUT ROWID;
