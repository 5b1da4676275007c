-- Records requests. $1: JSON of the requests. $2, $3, $4: ids of those with bodies, and the bodies. $5: JSON of the charges.
-- $6: JSON of the hits on cached answers.
WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::text::json) AS request (
        id text, started_ms bigint, duration_us bigint, first_byte_us bigint, upstream_us bigint, endpoint text,
        streamed boolean, key_id text, team text, user_name text, session text, event text, tags text[], client_ip text,
        intent text, requested_model text, tier text, provider text, model text, simulated boolean, cache text,
        variants text[], status text, http_status integer, error text, attempts bigint, input_tokens bigint,
        cache_read_tokens bigint, cache_write_tokens bigint, output_tokens bigint, reasoning_tokens bigint,
        cost_nanousd bigint, saved_nanousd bigint, cost_basis text, price_id text, price_unknown boolean, steps text,
        latency_bucket integer)
),
inserted AS (
    INSERT INTO requests (
        id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed, key_id, team, user_name, session, event,
        tags, client_ip, intent, requested_model, tier, provider, model, simulated, cache, variants, status, http_status,
        error, attempts, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanousd,
        saved_nanousd, cost_basis, price_id, price_unknown)
    SELECT
        id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed, key_id, team, user_name, session, event,
        tags, client_ip, intent, requested_model, tier, provider, model, simulated, cache, variants, status, http_status,
        error, attempts, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanousd,
        saved_nanousd, cost_basis, price_id, price_unknown
    FROM given ORDER BY id
    ON CONFLICT (id, started_ms) DO NOTHING
    RETURNING seq, id, started_ms
),
kept AS MATERIALIZED (
    SELECT inserted.seq, inserted.id, inserted.started_ms, given.steps, given.latency_bucket
    FROM inserted JOIN given ON given.id = inserted.id
),
traces AS (
    INSERT INTO request_traces (started_ms, seq, steps) SELECT started_ms, seq, steps FROM kept
),
bodies AS (
    INSERT INTO request_bodies (started_ms, seq, request_body, response_body)
    SELECT kept.started_ms, kept.seq, body.request_body, body.response_body
    FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS body (id, request_body, response_body)
    JOIN kept ON kept.id = body.id
),
queued AS (
    INSERT INTO rollup_queue (started_ms, seq, latency_bucket) SELECT started_ms, seq, latency_bucket FROM kept
),
charges AS MATERIALIZED (
    SELECT * FROM json_to_recordset($5::text::json) AS charge (
        request_id text, id text, amount_nanousd bigint, unsettled_nanousd bigint, settled boolean, at_ms bigint, leases json,
        anyway boolean)
    WHERE anyway OR request_id IN (SELECT id FROM kept)
),
freed AS (
    DELETE FROM reservations WHERE id IN (SELECT id FROM charges) RETURNING amount_nanousd, leases
),
moves AS MATERIALIZED (
    SELECT lease.cap, lease.period_start_ms, lease.lease_id,
           coalesce(lease.amount_nanousd, freed.amount_nanousd) AS freed, 0::bigint AS spent, 0::bigint AS unsettled
    FROM freed, json_to_recordset(freed.leases) AS lease (
        cap text, period_start_ms bigint, lease_id text, amount_nanousd bigint)
    UNION ALL
    SELECT lease.cap, lease.period_start_ms, lease.lease_id, 0, charges.amount_nanousd, charges.unsettled_nanousd
    FROM charges, json_to_recordset(charges.leases) AS lease (cap text, period_start_ms bigint, lease_id text)
),
written AS (
    INSERT INTO ledger (kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms)
    SELECT 'charge', lease.cap, lease.period_start_ms, lease.lease_id, charges.id, charges.amount_nanousd, charges.settled,
           charges.at_ms
    FROM charges, json_to_recordset(charges.leases) AS lease (cap text, period_start_ms bigint, lease_id text)
    WHERE charges.amount_nanousd > 0
),
booked AS (
    INSERT INTO leases (cap, period_start_ms, lease_id, gateway_id, freed_nanousd, spent_nanousd, unsettled_nanousd)
    SELECT cap, period_start_ms, lease_id, '', sum(freed), sum(spent), sum(unsettled)
    FROM moves GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (cap, period_start_ms, lease_id) DO UPDATE
        SET freed_nanousd = leases.freed_nanousd + excluded.freed_nanousd,
            spent_nanousd = leases.spent_nanousd + excluded.spent_nanousd,
            unsettled_nanousd = leases.unsettled_nanousd + excluded.unsettled_nanousd
),
hit AS MATERIALIZED (
    SELECT hit.key, count(*) AS n, max(hit.at_ms) AS at_ms
    FROM json_to_recordset($6::text::json) AS hit (request_id text, key text, at_ms bigint)
    WHERE hit.request_id IN (SELECT id FROM kept)
    GROUP BY hit.key
),
locked AS MATERIALIZED (
    SELECT key FROM cache_entries WHERE key IN (SELECT key FROM hit) ORDER BY key FOR UPDATE
)
UPDATE cache_entries
SET hits = cache_entries.hits + hit.n,
    last_hit_ms = greatest(coalesce(cache_entries.last_hit_ms, hit.at_ms), hit.at_ms)
FROM hit JOIN locked ON locked.key = hit.key
WHERE cache_entries.key = hit.key
