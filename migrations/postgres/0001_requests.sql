-- Recorded requests with their traces and bodies, by UTC day: a day that is past its time is dropped whole, which leaves no
-- dead rows behind.

CREATE SEQUENCE weir.request_seq AS bigint;

CREATE TABLE weir.requests (
    -- Order of recording, roughly: several gateways draw from it at the same time.
    seq               bigint  NOT NULL DEFAULT nextval('weir.request_seq'),
    id                text    COLLATE "C" NOT NULL,
    started_ms        bigint  NOT NULL,
    duration_us       bigint  NOT NULL,
    first_byte_us     bigint  NOT NULL,
    upstream_us       bigint  NOT NULL,
    endpoint          text    NOT NULL,
    streamed          boolean NOT NULL,
    key_id            text    COLLATE "C" NOT NULL,
    team              text    NOT NULL,
    user_name         text    COLLATE "C" NOT NULL,
    session           text    NOT NULL,
    event             text    NOT NULL,
    tags              text[]  NOT NULL,
    client_ip         text    NOT NULL,
    intent            text    COLLATE "C" NOT NULL,
    requested_model   text    NOT NULL,
    tier              text    NOT NULL CHECK (tier IN ('', 'T0', 'T1', 'T2', 'T3')),
    provider          text    COLLATE "C" NOT NULL,
    model             text    COLLATE "C" NOT NULL,
    simulated         boolean NOT NULL,
    cache             text    NOT NULL CHECK (cache IN ('response', 'semantic', 'miss', 'bypass')),
    variants          text[]  NOT NULL, -- each `rollout=variant`
    status            text    COLLATE "C" NOT NULL CHECK (status IN ('ok', 'failed', 'cut', 'refused', 'client_gone')),
    http_status       integer NOT NULL,
    error             text    NOT NULL,
    attempts          bigint  NOT NULL,
    input_tokens      bigint  NOT NULL CHECK (input_tokens >= 0),
    cache_read_tokens bigint  NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens bigint NOT NULL CHECK (cache_write_tokens >= 0),
    output_tokens     bigint  NOT NULL CHECK (output_tokens >= 0),
    reasoning_tokens  bigint  NOT NULL CHECK (reasoning_tokens >= 0),
    cost_nanousd      bigint  NOT NULL CHECK (cost_nanousd >= 0),
    saved_nanousd     bigint  NOT NULL CHECK (saved_nanousd >= 0),
    cost_basis        text    NOT NULL CHECK (cost_basis IN ('settled', 'unsettled', 'free')),
    price_id          text    NOT NULL,
    price_unknown     boolean NOT NULL,
    PRIMARY KEY (id, started_ms)
) PARTITION BY RANGE (started_ms);

-- Lists are newest first; every index therefore ends in the time and the order of recording.
CREATE INDEX requests_by_time   ON weir.requests (started_ms, seq);
CREATE INDEX requests_by_intent ON weir.requests (intent, started_ms, seq) WHERE intent <> '';
CREATE INDEX requests_by_model  ON weir.requests (model, started_ms, seq) WHERE model <> '';
CREATE INDEX requests_by_user   ON weir.requests (user_name, started_ms, seq) WHERE user_name <> '';
CREATE INDEX requests_by_key    ON weir.requests (key_id, started_ms, seq) WHERE key_id <> '';
-- Nearly all requests are `ok`; those are found by time.
CREATE INDEX requests_by_status ON weir.requests (status, started_ms, seq) WHERE status <> 'ok';

CREATE TABLE weir.request_traces (
    started_ms bigint NOT NULL, -- the request's
    seq        bigint NOT NULL,
    steps      text   NOT NULL, -- JSON array of trace steps
    PRIMARY KEY (started_ms, seq)
) PARTITION BY RANGE (started_ms);

-- Apart from the rest, because bodies are kept for a shorter time. Bytes, because a body may hold what Postgres's text may not.
CREATE TABLE weir.request_bodies (
    started_ms    bigint NOT NULL,
    seq           bigint NOT NULL,
    request_body  bytea,
    response_body bytea,
    PRIMARY KEY (started_ms, seq)
) PARTITION BY RANGE (started_ms);

-- Makes room for the requests of the UTC day that holds this moment. The partitions are made beside the tables and then
-- attached, because that lets everybody else go on reading and writing.
CREATE FUNCTION weir.add_request_day(at_ms bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    from_ms   bigint := floor(at_ms / 86400000.0) * 86400000;
    parent    text;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(1464158546, 1);
    FOREACH parent IN ARRAY ARRAY['requests', 'request_traces', 'request_bodies'] LOOP
        partition := parent || '_' || to_char(to_timestamp(from_ms / 1000) AT TIME ZONE 'UTC', 'YYYYMMDD');
        CONTINUE WHEN to_regclass('weir.' || partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE weir.%I (LIKE weir.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
        EXECUTE format('ALTER TABLE weir.%I ATTACH PARTITION weir.%I FOR VALUES FROM (%s) TO (%s)',
                       parent, partition, from_ms, from_ms + 86400000);
    END LOOP;
END $$;

-- Drops the days of one of the three tables that ended before this moment, and says how many rows went, as the server
-- estimates. Waits at most a second for its lock; a day that could not be had goes the next time.
CREATE FUNCTION weir.drop_request_days(parent text, before_ms bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    day     record;
    uncounted boolean;
    dropped bigint := 0;
BEGIN
    IF parent NOT IN ('requests', 'request_traces', 'request_bodies') THEN
        RAISE EXCEPTION 'there are no days of %', parent;
    END IF;
    FOR day IN
        SELECT child.relname AS name, greatest(child.reltuples, 1)::bigint AS estimated_rows,
               extract(epoch FROM to_timestamp(right(child.relname, 8), 'YYYYMMDD') AT TIME ZONE 'UTC')::bigint * 1000 AS from_ms
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = ('weir.' || parent)::regclass
        ORDER BY child.relname
    LOOP
        EXIT WHEN day.from_ms + 86400000 > before_ms;
        -- What the rollups have not counted yet stays.
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM weir.rollup_queue WHERE started_ms >= $1 AND started_ms < $1 + 86400000)'
            INTO uncounted USING day.from_ms;
        CONTINUE WHEN uncounted;
        EXECUTE format('DROP TABLE weir.%I', day.name);
        dropped := dropped + day.estimated_rows;
    END LOOP;
    RETURN dropped;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;
END $$;
