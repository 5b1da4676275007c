-- Recorded requests with their traces and bodies.

-- 'WEIR' in ASCII, so that a file can be told from another program's database.
PRAGMA application_id = 1464158546;

CREATE TABLE requests (
    -- Order of recording. Never used twice, so that the rollups can say up to where they have counted.
    seq               INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    id                TEXT    NOT NULL UNIQUE,
    started_ms        INTEGER NOT NULL,
    duration_us       INTEGER NOT NULL,
    first_byte_us     INTEGER NOT NULL,
    upstream_us       INTEGER NOT NULL,
    endpoint          TEXT    NOT NULL,
    streamed          INTEGER NOT NULL CHECK (streamed IN (0, 1)),
    key_id            TEXT    NOT NULL,
    team              TEXT    NOT NULL,
    user_name         TEXT    NOT NULL,
    session           TEXT    NOT NULL,
    event             TEXT    NOT NULL,
    tags              TEXT    NOT NULL, -- JSON array of texts
    client_ip         TEXT    NOT NULL,
    intent            TEXT    NOT NULL,
    requested_model   TEXT    NOT NULL,
    tier              TEXT    NOT NULL CHECK (tier IN ('', 'T0', 'T1', 'T2', 'T3')),
    provider          TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    simulated         INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    cache             TEXT    NOT NULL CHECK (cache IN ('response', 'semantic', 'miss', 'bypass')),
    variants          TEXT    NOT NULL, -- JSON array of `rollout=variant`
    status            TEXT    NOT NULL CHECK (status IN ('ok', 'failed', 'cut', 'refused', 'client_gone')),
    http_status       INTEGER NOT NULL,
    error             TEXT    NOT NULL,
    attempts          INTEGER NOT NULL,
    input_tokens      INTEGER NOT NULL CHECK (input_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0),
    output_tokens     INTEGER NOT NULL CHECK (output_tokens >= 0),
    reasoning_tokens  INTEGER NOT NULL CHECK (reasoning_tokens >= 0),
    cost_nanousd      INTEGER NOT NULL CHECK (cost_nanousd >= 0),
    saved_nanousd     INTEGER NOT NULL CHECK (saved_nanousd >= 0),
    cost_basis        TEXT    NOT NULL CHECK (cost_basis IN ('settled', 'unsettled', 'free')),
    price_id          TEXT    NOT NULL,
    price_unknown     INTEGER NOT NULL CHECK (price_unknown IN (0, 1))
) STRICT;

-- Lists are newest first; every index therefore ends in the time (and, as every SQLite index, in `seq`).
CREATE INDEX requests_by_time   ON requests (started_ms);
CREATE INDEX requests_by_intent ON requests (intent, started_ms) WHERE intent <> '';
CREATE INDEX requests_by_model  ON requests (model, started_ms) WHERE model <> '';
CREATE INDEX requests_by_user   ON requests (user_name, started_ms) WHERE user_name <> '';
CREATE INDEX requests_by_key    ON requests (key_id, started_ms) WHERE key_id <> '';
-- Nearly all requests are `ok`; those are found by time.
CREATE INDEX requests_by_status ON requests (status, started_ms) WHERE status <> 'ok';

CREATE TABLE request_traces (
    seq   INTEGER PRIMARY KEY NOT NULL REFERENCES requests (seq) ON DELETE CASCADE,
    steps TEXT    NOT NULL -- JSON array of trace steps
) STRICT;

-- Apart from the rest, because bodies are kept for a shorter time.
CREATE TABLE request_bodies (
    seq           INTEGER PRIMARY KEY NOT NULL REFERENCES requests (seq) ON DELETE CASCADE,
    started_ms    INTEGER NOT NULL, -- the request's, so that old bodies are found without the requests
    request_body  TEXT,
    response_body TEXT
) STRICT;
CREATE INDEX request_bodies_by_time ON request_bodies (started_ms);
