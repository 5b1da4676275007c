-- Sums of requests per minute and hour; the only source of charts.

CREATE TABLE weir.rollup_counters (
    grain              text   COLLATE "C" NOT NULL CHECK (grain IN ('minute', 'hour')),
    dimension          text   COLLATE "C" NOT NULL,
    at_ms              bigint NOT NULL,
    value              text   COLLATE "C" NOT NULL,
    requests           bigint NOT NULL,
    hits               bigint NOT NULL,
    misses             bigint NOT NULL,
    bypassed           bigint NOT NULL,
    errors             bigint NOT NULL,
    refused            bigint NOT NULL,
    cost_nanousd       bigint NOT NULL,
    saved_nanousd      bigint NOT NULL,
    unsettled_nanousd  bigint NOT NULL,
    price_unknown      bigint NOT NULL,
    simulated          bigint NOT NULL,
    input_tokens       bigint NOT NULL,
    cache_read_tokens  bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens      bigint NOT NULL,
    reasoning_tokens   bigint NOT NULL,
    PRIMARY KEY (grain, dimension, at_ms, value)
) WITH (fillfactor = 70);

CREATE TABLE weir.rollup_latency (
    grain  text    COLLATE "C" NOT NULL CHECK (grain IN ('minute', 'hour')),
    at_ms  bigint  NOT NULL,
    bucket integer NOT NULL,
    n      bigint  NOT NULL CHECK (n > 0),
    PRIMARY KEY (grain, at_ms, bucket)
) WITH (fillfactor = 70);

-- Requests that the rollups have not counted yet; a row leaves in the transaction that counts it, so each counts once. Not a
-- cursor over `seq` as in SQLite: with many writers a lower number may be committed after a higher one.
CREATE TABLE weir.rollup_queue (
    started_ms     bigint  NOT NULL,
    seq            bigint  NOT NULL,
    latency_bucket integer NOT NULL,
    PRIMARY KEY (started_ms, seq)
);
