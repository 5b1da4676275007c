-- Sums of requests per minute and hour; the only source of charts.

CREATE TABLE rollup_counters (
    grain              TEXT    NOT NULL CHECK (grain IN ('minute', 'hour')),
    dimension          TEXT    NOT NULL,
    at_ms              INTEGER NOT NULL,
    value              TEXT    NOT NULL,
    requests           INTEGER NOT NULL,
    hits               INTEGER NOT NULL,
    misses             INTEGER NOT NULL,
    bypassed           INTEGER NOT NULL,
    errors             INTEGER NOT NULL,
    refused            INTEGER NOT NULL,
    cost_nanousd       INTEGER NOT NULL,
    saved_nanousd      INTEGER NOT NULL,
    unsettled_nanousd  INTEGER NOT NULL,
    price_unknown      INTEGER NOT NULL,
    simulated          INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    PRIMARY KEY (grain, dimension, at_ms, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_latency (
    grain  TEXT    NOT NULL CHECK (grain IN ('minute', 'hour')),
    at_ms  INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    n      INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (grain, at_ms, bucket)
) STRICT, WITHOUT ROWID;

-- Up to which recorded request the rollups have counted. It moves in the transaction that counts, so each counts once.
CREATE TABLE rollup_cursor (
    only     INTEGER PRIMARY KEY NOT NULL CHECK (only = 1),
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0)
) STRICT;
INSERT INTO rollup_cursor (only, last_seq) VALUES (1, 0);
