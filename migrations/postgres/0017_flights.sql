-- Which gateway is buying the answer to a cache key, so that of identical calls on several gateways one is bought. Nothing
-- depends on it after a crash, so it is not logged.
CREATE UNLOGGED TABLE weir.flights (
    key        text   COLLATE "C" PRIMARY KEY,
    gateway_id text   COLLATE "C" NOT NULL,
    -- By the server's clock. The gateway puts it off while it buys, so that of a dead one others take over.
    until_at   timestamptz NOT NULL
) WITH (fillfactor = 70);

-- `taken`: the gateway is to buy. `cached`: the answer is there. `waits`: another gateway is buying it.
--
-- The answer is looked for after the flight was taken, and it is put before the flight is given up: so whoever takes a flight
-- sees what the one before has bought.
CREATE FUNCTION weir.take_flight(wanted text, gateway text, app text, now_ms bigint, for_ms bigint) RETURNS text
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
DECLARE
    ends timestamptz := clock_timestamp() + for_ms * interval '1 millisecond';
BEGIN
    INSERT INTO flights (key, gateway_id, until_at) VALUES (wanted, gateway, ends)
    ON CONFLICT ON CONSTRAINT flights_pkey DO UPDATE SET gateway_id = excluded.gateway_id, until_at = excluded.until_at
    WHERE flights.gateway_id = excluded.gateway_id OR flights.until_at < clock_timestamp();
    IF NOT found THEN
        RETURN 'waits';
    END IF;
    PERFORM FROM cache_entries AS entry
    WHERE entry.key = wanted AND entry.expires_ms > now_ms AND entry.app_version = app
          AND NOT EXISTS (SELECT FROM cache_tombstones AS tomb WHERE tomb.key = entry.key);
    IF found THEN
        DELETE FROM flights WHERE key = wanted AND gateway_id = gateway;
        RETURN 'cached';
    END IF;
    RETURN 'taken';
END $$;
