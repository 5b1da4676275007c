-- Slots of limits: lent to gateways, or used and resting. What is in neither is free.

-- The store's time: what gateways saw pass on their monotonic clocks. It never runs backwards, nor ahead of true time.
CREATE TABLE weir.limit_time (
    only_row boolean PRIMARY KEY CHECK (only_row),
    store_ms bigint  NOT NULL CHECK (store_ms >= 0)
) WITH (fillfactor = 50);
INSERT INTO weir.limit_time (only_row, store_ms) VALUES (true, 0);

CREATE TABLE weir.limit_holders (
    holder   text   COLLATE "C" PRIMARY KEY,
    seq      bigint NOT NULL,
    heard_ms bigint NOT NULL -- the store's time
) WITH (fillfactor = 50);

CREATE TABLE weir.limit_slots (
    pool   text   COLLATE "C" NOT NULL,
    caller text   COLLATE "C" NOT NULL,
    holder text   COLLATE "C" NOT NULL,
    lent   bigint NOT NULL CHECK (lent > 0),
    PRIMARY KEY (pool, caller, holder)
) WITH (fillfactor = 70);
CREATE INDEX limit_slots_by_holder ON weir.limit_slots (holder);

CREATE TABLE weir.limit_uses (
    pool    text   COLLATE "C" NOT NULL,
    caller  text   COLLATE "C" NOT NULL,
    used_ms bigint NOT NULL, -- the store's time
    amount  bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (pool, caller, used_ms)
) WITH (fillfactor = 70);
CREATE INDEX limit_uses_by_time ON weir.limit_uses (used_ms);

-- Recorded requests in a few bytes each, on which draft limits are tried; kept for a little more than a day.
CREATE TABLE weir.limit_log (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    until_ms bigint NOT NULL, -- the latest start in it
    body     bytea  NOT NULL
);
CREATE INDEX limit_log_by_time ON weir.limit_log (until_ms);

-- Begins an exchange of a gateway: from here to the end of the transaction nobody else exchanges. The gateway decides between
-- this and its write, so the server ends the transaction of one that is stopped in the middle; the others wait for longer than that.
-- Replies the number of the holder's exchange before (none when it is not known), the store's time, and how many holders there are.
-- An exchange that comes after a later one changes nothing.
CREATE FUNCTION weir.hear_holder(
    wanted_holder text, exchange_seq bigint, known_ms bigint, OUT seq_before bigint, OUT now_ms bigint, OUT holders bigint)
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
BEGIN
    PERFORM set_config('idle_in_transaction_session_timeout', '1s', true), set_config('lock_timeout', '3s', true);
    PERFORM pg_advisory_xact_lock(1464158546, 6);
    SELECT limit_holders.seq INTO seq_before FROM limit_holders WHERE limit_holders.holder = wanted_holder;
    IF seq_before >= exchange_seq THEN
        RETURN;
    END IF;
    UPDATE limit_time SET store_ms = greatest(store_ms, known_ms) RETURNING store_ms INTO now_ms;
    INSERT INTO limit_holders (holder, seq, heard_ms) VALUES (wanted_holder, exchange_seq, now_ms)
    ON CONFLICT ON CONSTRAINT limit_holders_pkey DO UPDATE SET seq = excluded.seq, heard_ms = excluded.heard_ms;
    SELECT count(*) INTO holders FROM limit_holders;
END $$;

-- Takes back what holders had that were not heard of for so long; it rests as if it had been used `step_ms` from now. Forgets
-- uses older than `kept_ms`. Replies how many holders are gone.
CREATE FUNCTION weir.reclaim_limits(known_ms bigint, dead_after_ms bigint, step_ms bigint, kept_ms bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
DECLARE
    now_ms bigint;
    gone   bigint;
BEGIN
    PERFORM set_config('lock_timeout', '3s', true);
    PERFORM pg_advisory_xact_lock(1464158546, 6);
    UPDATE limit_time SET store_ms = greatest(store_ms, known_ms) RETURNING store_ms INTO now_ms;
    INSERT INTO limit_uses (pool, caller, used_ms, amount)
    SELECT slots.pool, slots.caller, now_ms + step_ms, sum(slots.lent)
    FROM limit_slots AS slots JOIN limit_holders AS holders ON holders.holder = slots.holder
    WHERE holders.heard_ms <= now_ms - dead_after_ms
    GROUP BY 1, 2
    ON CONFLICT ON CONSTRAINT limit_uses_pkey DO UPDATE SET amount = limit_uses.amount + excluded.amount;
    DELETE FROM limit_slots
    WHERE holder IN (SELECT limit_holders.holder FROM limit_holders WHERE heard_ms <= now_ms - dead_after_ms);
    DELETE FROM limit_uses WHERE used_ms < now_ms - kept_ms;
    DELETE FROM limit_holders WHERE heard_ms <= now_ms - dead_after_ms;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
