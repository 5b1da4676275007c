-- Money: reservations, leases, the insert-only ledger and the balances derived from it.

CREATE TABLE weir.gateways (
    id           text   COLLATE "C" PRIMARY KEY,
    first_ms     bigint NOT NULL,
    last_beat_ms bigint NOT NULL
);

-- Money held for calls that are under way. A row leaves when it is settled, or charged because its gateway died.
CREATE TABLE weir.reservations (
    id             text   COLLATE "C" PRIMARY KEY,
    gateway_id     text   COLLATE "C" NOT NULL,
    amount_nanousd bigint NOT NULL CHECK (amount_nanousd >= 0),
    leases         json   NOT NULL, -- array of lease keys
    opened_ms      bigint NOT NULL,
    request        text   NOT NULL  -- JSON of the request as known when it was opened
);
CREATE INDEX reservations_by_gateway ON weir.reservations (gateway_id);

-- One gateway's share of a cap. Each amount only grows, and only its own gateway makes it grow (or who buries that gateway),
-- so that no two gateways wait for the same row.
CREATE TABLE weir.leases (
    cap              text   COLLATE "C" NOT NULL,
    period_start_ms  bigint NOT NULL,
    lease_id         text   COLLATE "C" NOT NULL,
    gateway_id       text   COLLATE "C" NOT NULL,
    granted_nanousd  bigint NOT NULL DEFAULT 0 CHECK (granted_nanousd >= 0),
    returned_nanousd bigint NOT NULL DEFAULT 0 CHECK (returned_nanousd BETWEEN 0 AND granted_nanousd),
    -- Held by reservations, ever, and how much of that is held no more.
    held_nanousd     bigint NOT NULL DEFAULT 0 CHECK (held_nanousd >= 0),
    freed_nanousd    bigint NOT NULL DEFAULT 0 CHECK (freed_nanousd >= 0),
    spent_nanousd    bigint NOT NULL DEFAULT 0 CHECK (spent_nanousd >= 0),
    unsettled_nanousd bigint NOT NULL DEFAULT 0 CHECK (unsettled_nanousd BETWEEN 0 AND spent_nanousd),
    PRIMARY KEY (cap, period_start_ms, lease_id)
) WITH (fillfactor = 50);
CREATE INDEX leases_by_gateway ON weir.leases (gateway_id);

CREATE TABLE weir.ledger (
    seq             bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- `grant` and `return` move a lease's money, `charge` spends it.
    kind            text    NOT NULL CHECK (kind IN ('grant', 'return', 'charge')),
    cap             text    COLLATE "C" NOT NULL,
    period_start_ms bigint  NOT NULL,
    lease_id        text    COLLATE "C" NOT NULL,
    -- Empty unless it is a charge.
    reservation_id  text    COLLATE "C" NOT NULL DEFAULT '',
    amount_nanousd  bigint  NOT NULL CHECK (amount_nanousd >= 0),
    -- False when the amount is an estimate.
    settled         boolean NOT NULL DEFAULT true,
    at_ms           bigint  NOT NULL
);
-- A reservation is charged once to a cap, whatever else goes wrong.
CREATE UNIQUE INDEX ledger_one_charge ON weir.ledger (reservation_id, cap, period_start_ms) WHERE kind = 'charge';

CREATE FUNCTION weir.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON weir.ledger
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_change();

-- Where each cap stands. A view, so that there is no row that every call would have to wait for.
CREATE VIEW weir.cap_balances AS
SELECT cap, period_start_ms,
       sum(spent_nanousd)::bigint AS spent_nanousd,
       sum(unsettled_nanousd)::bigint AS unsettled_nanousd,
       sum(held_nanousd - freed_nanousd)::bigint AS reserved_nanousd,
       sum(granted_nanousd - returned_nanousd)::bigint AS committed_nanousd,
       -- What leases spent or hold beyond their grants.
       sum(greatest(spent_nanousd + held_nanousd - freed_nanousd - granted_nanousd + returned_nanousd, 0))::bigint
           AS overspent_nanousd
FROM weir.leases GROUP BY cap, period_start_ms;

-- Grants between `need_nanousd` and `want_nanousd` to a lease, or 0: the one place where a cap's room is decided. One
-- statement to the caller, so that a gateway that is stopped in the middle of it keeps nobody waiting.
CREATE FUNCTION weir.grant_lease(
    wanted_cap text, period_ms bigint, wanted_lease text, gateway text, limit_nanousd bigint, need_nanousd bigint,
    want_nanousd bigint, now_ms bigint, counted_from_ms bigint, counted_to_ms bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
DECLARE
    room    numeric;
    granted bigint;
BEGIN
    -- Grants of one cap come one after the other; each sees, in a snapshot of its own, all that came before.
    PERFORM pg_advisory_xact_lock(1464158547, hashtext(wanted_cap));
    -- Room is the limit without what is committed in the periods that count together, and without what leases spent or hold
    -- beyond their grants.
    SELECT limit_nanousd - coalesce(sum(committed_nanousd::numeric + overspent_nanousd), 0) INTO room
    FROM cap_balances WHERE cap = wanted_cap AND period_start_ms BETWEEN counted_from_ms AND counted_to_ms;
    IF room < need_nanousd THEN
        RETURN 0;
    END IF;
    granted := least(want_nanousd, room)::bigint;
    INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms)
    VALUES ('grant', wanted_cap, period_ms, wanted_lease, granted, now_ms);
    INSERT INTO leases (cap, period_start_ms, lease_id, gateway_id, granted_nanousd)
    VALUES (wanted_cap, period_ms, wanted_lease, gateway, granted)
    ON CONFLICT ON CONSTRAINT leases_pkey DO UPDATE
        SET granted_nanousd = leases.granted_nanousd + excluded.granted_nanousd, gateway_id = excluded.gateway_id;
    INSERT INTO gateways (id, first_ms, last_beat_ms) VALUES (gateway, now_ms, now_ms) ON CONFLICT DO NOTHING;
    RETURN granted;
END $$;
