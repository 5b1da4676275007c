-- Balanced caps, leases that are asked back, and spend by hour of users, teams and events.

-- The most that the call can cost; `amount_nanousd` is what is held for it.
ALTER TABLE weir.reservations ADD COLUMN hard_bound_nanousd bigint NOT NULL DEFAULT 0;

-- Caps whose free money a gateway has asked the others to give back; a new recall of a cap replaces the one before.
CREATE TABLE weir.lease_recalls (
    cap        text   COLLATE "C" PRIMARY KEY,
    seq        bigint NOT NULL UNIQUE,
    gateway_id text   COLLATE "C" NOT NULL
);

-- Asks, where a living gateway other than this one has unspent money of the cap. Gateways hear of it on the channel
-- `weir_recall`. Only the last `most_kept` are kept: whoever was away for longer has lost its leases anyway.
CREATE FUNCTION weir.recall_leases(wanted_cap text, from_period_ms bigint, to_period_ms bigint, asking text, most_kept bigint)
RETURNS boolean
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
DECLARE
    next_seq bigint;
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM leases JOIN gateways ON gateways.id = leases.gateway_id
        WHERE leases.cap = wanted_cap AND period_start_ms BETWEEN from_period_ms AND to_period_ms AND leases.gateway_id <> asking
          AND granted_nanousd > returned_nanousd + spent_nanousd + held_nanousd - freed_nanousd) THEN
        RETURN false;
    END IF;
    -- One after the other, so that a number that can be seen is never followed by a lower one.
    PERFORM pg_advisory_xact_lock(1464158546, 7);
    SELECT coalesce(max(seq), 0) + 1 INTO next_seq FROM lease_recalls;
    INSERT INTO lease_recalls (cap, seq, gateway_id) VALUES (wanted_cap, next_seq, asking)
    ON CONFLICT ON CONSTRAINT lease_recalls_pkey DO UPDATE SET seq = excluded.seq, gateway_id = excluded.gateway_id;
    DELETE FROM lease_recalls WHERE seq <= next_seq - most_kept;
    PERFORM pg_notify('weir_recall', next_seq::text);
    RETURN true;
END $$;

-- One value's hours, without going through all values of those hours.
CREATE INDEX IF NOT EXISTS rollup_hours_by_value ON weir.rollup_counters (dimension, value, at_ms) WHERE grain = 'hour';
