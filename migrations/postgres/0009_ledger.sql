-- Corrections of unsettled charges, the hourly check's results, providers' bills, and what was learned of token use.

-- `grant` and `return` move a lease's money, `charge` spends it, `correction` replaces what an unsettled charge said. A
-- correction's amount is the true one less what was charged and corrected before; it alone may be below zero. The new checks
-- ask less than those before, so the rows that are there need not be looked at.
ALTER TABLE weir.ledger DROP CONSTRAINT ledger_kind_check, DROP CONSTRAINT ledger_amount_nanousd_check;
ALTER TABLE weir.ledger
    ADD CONSTRAINT ledger_kind_check CHECK (kind IN ('grant', 'return', 'charge', 'correction')) NOT VALID,
    ADD CONSTRAINT ledger_amount_nanousd_check CHECK (amount_nanousd >= 0 OR kind = 'correction') NOT VALID;
CREATE INDEX IF NOT EXISTS ledger_corrections ON weir.ledger (reservation_id, cap, period_start_ms) WHERE kind = 'correction';

CREATE INDEX IF NOT EXISTS requests_unsettled ON weir.requests (started_ms) WHERE cost_basis = 'unsettled';

-- Who said what a request truly cost, and why.
CREATE TABLE weir.request_corrections (
    seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id     text   COLLATE "C" NOT NULL,
    before_nanousd bigint NOT NULL CHECK (before_nanousd >= 0),
    after_nanousd  bigint NOT NULL CHECK (after_nanousd >= 0),
    reason         text   NOT NULL,
    who            text   NOT NULL,
    role           text   NOT NULL DEFAULT session_user,
    at_ms          bigint NOT NULL
);
CREATE INDEX request_corrections_by_request ON weir.request_corrections (request_id, seq);
CREATE TRIGGER request_corrections_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON weir.request_corrections
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_change();

-- Results of comparing the ledger's sums with the balances; kept 30 days.
CREATE TABLE weir.ledger_checks (
    at_ms      bigint PRIMARY KEY,
    mismatches text   NOT NULL -- JSON array; empty is healthy
);

-- Providers' bills as they were imported, summed by model.
CREATE TABLE weir.bills (
    id            text   COLLATE "C" PRIMARY KEY,
    provider      text   COLLATE "C" NOT NULL,
    format        text   NOT NULL CHECK (format IN ('openai', 'anthropic', 'totals')),
    from_ms       bigint NOT NULL,
    to_ms         bigint NOT NULL CHECK (to_ms > from_ms),
    total_nanousd bigint NOT NULL,
    who           text   NOT NULL,
    imported_ms   bigint NOT NULL
);
CREATE TABLE weir.bill_models (
    bill_id        text   COLLATE "C" NOT NULL REFERENCES weir.bills (id) ON DELETE CASCADE,
    model          text   COLLATE "C" NOT NULL,
    amount_nanousd bigint NOT NULL,
    -- Lines of the file that were added up.
    lines          bigint NOT NULL CHECK (lines > 0),
    PRIMARY KEY (bill_id, model)
);

-- How often calls used which part of what they could; see engine::budget::learned_ratio.
CREATE TABLE weir.ratio_counts (
    provider   text    COLLATE "C" NOT NULL,
    model      text    COLLATE "C" NOT NULL,
    size_class integer NOT NULL,
    side       text    COLLATE "C" NOT NULL CHECK (side IN ('input', 'output')),
    generation bigint  NOT NULL,
    bucket     integer NOT NULL,
    n          bigint  NOT NULL CHECK (n > 0),
    PRIMARY KEY (provider, model, size_class, side, generation, bucket)
) WITH (fillfactor = 70);

-- Keeps the result of a check and forgets those that began before `oldest_ms`.
CREATE FUNCTION weir.save_ledger_check(checked_ms bigint, found text, oldest_ms bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
    INSERT INTO ledger_checks (at_ms, mismatches) VALUES (checked_ms, found)
    ON CONFLICT (at_ms) DO UPDATE SET mismatches = excluded.mismatches;
    DELETE FROM ledger_checks WHERE at_ms < oldest_ms;
$$;

-- Keeps a bill with all its models (JSON array), or nothing of it.
CREATE FUNCTION weir.add_bill(
    bill_id text, bill_provider text, bill_format text, bill_from_ms bigint, bill_to_ms bigint, bill_total bigint,
    by_whom text, now_ms bigint, models text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    INSERT INTO bills (id, provider, format, from_ms, to_ms, total_nanousd, who, imported_ms)
    VALUES (bill_id, bill_provider, bill_format, bill_from_ms, bill_to_ms, bill_total, by_whom, now_ms);
    INSERT INTO bill_models (bill_id, model, amount_nanousd, lines)
    SELECT add_bill.bill_id, one.model, one.amount_nanousd, one.lines
    FROM json_to_recordset(models::json) AS one (model text, amount_nanousd bigint, lines bigint);
END $$;

-- The charges of a request, each with what it stands at after corrections, and the change that is its part when the request's
-- cost changes by `change`: in proportion to its amount, to the last nano-dollar. None is taken below zero, since all together
-- are not. What no cap counted takes its part, too, and has no row here.
CREATE FUNCTION weir.share_correction(wanted text, cost bigint, change bigint)
RETURNS TABLE (reservation_id text, cap text, period_start_ms bigint, lease_id text, charged bigint, settled boolean,
               stands bigint, corrections bigint, share bigint)
LANGUAGE sql STABLE SET search_path = weir, pg_temp AS $$
    WITH charge AS (
        SELECT ledger.reservation_id, ledger.cap, ledger.period_start_ms, ledger.lease_id,
               ledger.amount_nanousd AS charged, ledger.settled,
               ledger.amount_nanousd + coalesce(sum(more.amount_nanousd), 0)::bigint AS stands,
               count(more.seq) AS corrections
        FROM ledger LEFT JOIN ledger AS more
          ON more.kind = 'correction' AND more.reservation_id = ledger.reservation_id AND more.cap = ledger.cap
         AND more.period_start_ms = ledger.period_start_ms
        -- A reservation's id is the request's, a dash and a number.
        WHERE ledger.kind = 'charge' AND ledger.reservation_id >= wanted || '-' AND ledger.reservation_id < wanted || '.'
        GROUP BY ledger.seq
    ),
    -- The same attempt counts against several caps, with one amount.
    attempt AS (
        SELECT DISTINCT ON (charge.reservation_id) charge.reservation_id, charge.settled, charge.stands::numeric AS stands
        FROM charge ORDER BY charge.reservation_id, charge.cap, charge.period_start_ms
    ),
    total AS (
        SELECT coalesce(sum(attempt.stands) FILTER (WHERE NOT attempt.settled), 0)
               + greatest(cost - coalesce(sum(attempt.stands), 0), 0) AS all_unsettled,
               count(*) FILTER (WHERE NOT attempt.settled) AS n
        FROM attempt
    ),
    reached AS (
        SELECT attempt.reservation_id,
               -- Shares of nothing are equal.
               CASE WHEN total.all_unsettled = 0 THEN div(change::numeric * row_number() OVER later, total.n)
                    ELSE div(change * sum(attempt.stands) OVER later, total.all_unsettled) END AS until_here
        FROM attempt, total WHERE NOT attempt.settled
        WINDOW later AS (ORDER BY attempt.reservation_id)
    ),
    shared AS (
        SELECT reached.reservation_id,
               (reached.until_here - lag(reached.until_here, 1, 0::numeric) OVER (ORDER BY reached.reservation_id))::bigint
                   AS share
        FROM reached
    )
    SELECT charge.reservation_id, charge.cap, charge.period_start_ms, charge.lease_id, charge.charged, charge.settled,
           charge.stands, charge.corrections, coalesce(shared.share, 0)
    FROM charge LEFT JOIN shared ON shared.reservation_id = charge.reservation_id
    ORDER BY charge.reservation_id, charge.cap, charge.period_start_ms
$$;

-- Replaces the estimated cost of a request by the true one, in ledger, leases, request and rollups. `outcome` is `corrected`
-- with what moved as JSON; or `no_such_request`, `not_unsettled`; or `cost_is` or `settled_alone` with an amount.
CREATE FUNCTION weir.correct_request(
    wanted text, wanted_started_ms bigint, expected bigint, true_nanousd bigint, why text, by_whom text, now_ms bigint,
    OUT outcome text, OUT amount bigint, OUT moved text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    request    requests;
    charge     record;
    rest       bigint;
    freed      bigint;
    is_counted boolean;
BEGIN
    -- The rollups' lock: what they count between here and the end they would count with the old cost.
    PERFORM set_config('lock_timeout', '5s', true);
    PERFORM pg_advisory_xact_lock(1464158546, 5);
    SELECT * INTO request FROM requests WHERE id = wanted AND started_ms = wanted_started_ms FOR UPDATE;
    IF NOT found THEN
        outcome := 'no_such_request';
        RETURN;
    END IF;
    IF request.cost_basis <> 'unsettled' AND NOT EXISTS (SELECT 1 FROM request_corrections WHERE request_id = wanted) THEN
        outcome := 'not_unsettled';
        RETURN;
    END IF;
    IF request.cost_nanousd <> expected THEN
        outcome := 'cost_is';
        amount := request.cost_nanousd;
        RETURN;
    END IF;
    SELECT coalesce(sum(stands), 0)::bigint INTO amount FROM (
        SELECT DISTINCT ON (reservation_id) stands
        FROM share_correction(wanted, request.cost_nanousd, 0) WHERE settled ORDER BY reservation_id) AS alone;
    IF true_nanousd < amount THEN
        outcome := 'settled_alone';
        RETURN;
    END IF;
    amount := NULL;
    SELECT coalesce(json_agg(one), '[]')::text INTO moved FROM (
        SELECT cap, period_start_ms, sum(share)::bigint AS change_nanousd
        FROM share_correction(wanted, request.cost_nanousd, true_nanousd - request.cost_nanousd) WHERE NOT settled
        GROUP BY cap, period_start_ms ORDER BY cap, period_start_ms) AS one;
    FOR charge IN SELECT * FROM share_correction(wanted, request.cost_nanousd, true_nanousd - request.cost_nanousd) LOOP
        CONTINUE WHEN charge.settled;
        INSERT INTO ledger (kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms)
        VALUES ('correction', charge.cap, charge.period_start_ms, charge.lease_id, charge.reservation_id, charge.share, true,
                now_ms);
        SELECT granted_nanousd - returned_nanousd - spent_nanousd - held_nanousd + freed_nanousd INTO rest FROM leases
        WHERE cap = charge.cap AND period_start_ms = charge.period_start_ms AND lease_id = charge.lease_id FOR UPDATE;
        -- What a correction sets free is given back to the cap at once: the gateway that holds the lease believes it spent, so
        -- nobody else would.
        freed := greatest(rest - charge.share - greatest(rest, 0), 0);
        UPDATE leases SET spent_nanousd = spent_nanousd + charge.share,
            unsettled_nanousd = unsettled_nanousd - CASE charge.corrections WHEN 0 THEN charge.charged ELSE 0 END,
            returned_nanousd = returned_nanousd + freed
        WHERE cap = charge.cap AND period_start_ms = charge.period_start_ms AND lease_id = charge.lease_id;
        INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms)
        SELECT 'return', charge.cap, charge.period_start_ms, charge.lease_id, freed, now_ms WHERE freed > 0;
    END LOOP;
    UPDATE requests SET cost_nanousd = true_nanousd, cost_basis = 'settled'
    WHERE id = wanted AND started_ms = wanted_started_ms;
    SELECT NOT EXISTS (SELECT 1 FROM rollup_queue WHERE started_ms = request.started_ms AND seq = request.seq) INTO is_counted;
    IF is_counted THEN
        -- Rows that are past their time are gone, and nothing is counted in them any more.
        UPDATE rollup_counters SET cost_nanousd = rollup_counters.cost_nanousd + true_nanousd - request.cost_nanousd,
            unsettled_nanousd = unsettled_nanousd - CASE request.cost_basis WHEN 'unsettled' THEN request.cost_nanousd ELSE 0 END
        FROM (VALUES ('minute', 60000::bigint), ('hour', 3600000::bigint)) AS grains (name, length_ms),
             (SELECT * FROM (VALUES ('all', ''), ('tier', request.tier), ('provider', request.provider),
                  ('model', request.model), ('intent', request.intent), ('key', request.key_id),
                  ('user', request.user_name), ('team', request.team), ('event', request.event)) AS values (dimension, value)
              UNION ALL SELECT 'variant', unnest(request.variants)) AS counts
        WHERE rollup_counters.grain = grains.name AND rollup_counters.dimension = counts.dimension
          AND rollup_counters.value = counts.value
          AND rollup_counters.at_ms = request.started_ms - mod(mod(request.started_ms, grains.length_ms) + grains.length_ms, grains.length_ms);
    END IF;
    INSERT INTO request_corrections (request_id, before_nanousd, after_nanousd, reason, who, at_ms)
    VALUES (wanted, request.cost_nanousd, true_nanousd, why, by_whom, now_ms);
    outcome := 'corrected';
END $$;
