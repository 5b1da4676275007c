-- Counts at most $1 of the waiting requests, and replies what trying a draft limit needs of them. Rows are written in order of their keys.
WITH taken AS MATERIALIZED (
    DELETE FROM rollup_queue AS waiting
    USING (SELECT started_ms, seq FROM rollup_queue ORDER BY started_ms, seq LIMIT $1) AS next
    WHERE waiting.started_ms = next.started_ms AND waiting.seq = next.seq
    RETURNING waiting.started_ms, waiting.seq, waiting.latency_bucket
),
counted AS MATERIALIZED (
    SELECT request.*, taken.latency_bucket
    FROM taken CROSS JOIN LATERAL (
        SELECT * FROM requests WHERE requests.started_ms = taken.started_ms AND requests.seq = taken.seq
    ) AS request
),
grains (grain, length_ms) AS (VALUES ('minute', 60000::bigint), ('hour', 3600000::bigint)),
latencies AS (
    INSERT INTO rollup_latency (grain, at_ms, bucket, n)
    SELECT grain, started_ms - mod(mod(started_ms, length_ms) + length_ms, length_ms), latency_bucket, count(*)
    FROM counted, grains WHERE status = 'ok'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (grain, at_ms, bucket) DO UPDATE SET n = rollup_latency.n + excluded.n
),
counters AS (
    INSERT INTO rollup_counters (
        grain, dimension, at_ms, value, requests, hits, misses, bypassed, errors, refused, cost_nanousd, saved_nanousd,
        unsettled_nanousd, price_unknown, simulated, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
        reasoning_tokens)
    SELECT
        grain, dimension, started_ms - mod(mod(started_ms, length_ms) + length_ms, length_ms), value,
        count(*),
        count(*) FILTER (WHERE cache IN ('response', 'semantic')),
        count(*) FILTER (WHERE cache = 'miss'),
        count(*) FILTER (WHERE cache = 'bypass'),
        -- A client that left is a request like any other: nothing failed on our side.
        count(*) FILTER (WHERE status IN ('failed', 'cut')),
        count(*) FILTER (WHERE status = 'refused'),
        sum(cost_nanousd),
        -- What audits, judges and embedders of the semantic cache cost is taken off what it saves.
        sum(saved_nanousd) - coalesce(sum(cost_nanousd) FILTER (WHERE event IN ('weir-audit', 'weir-embed', 'weir-judge')), 0),
        coalesce(sum(cost_nanousd) FILTER (WHERE cost_basis = 'unsettled'), 0),
        count(*) FILTER (WHERE price_unknown), count(*) FILTER (WHERE simulated),
        sum(input_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens)
    FROM counted, grains, LATERAL (
        VALUES ('all', ''), ('tier', tier), ('provider', provider), ('model', model), ('intent', intent), ('key', key_id)
        UNION ALL SELECT 'variant', unnest(variants)
        -- By hour only, because these values come from clients.
        UNION ALL SELECT dimension, value FROM (VALUES ('user', user_name), ('team', team), ('event', event))
            AS named (dimension, value) WHERE grain = 'hour'
    ) AS counts (dimension, value)
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (grain, dimension, at_ms, value) DO UPDATE SET
        requests = rollup_counters.requests + excluded.requests,
        hits = rollup_counters.hits + excluded.hits,
        misses = rollup_counters.misses + excluded.misses,
        bypassed = rollup_counters.bypassed + excluded.bypassed,
        errors = rollup_counters.errors + excluded.errors,
        refused = rollup_counters.refused + excluded.refused,
        cost_nanousd = rollup_counters.cost_nanousd + excluded.cost_nanousd,
        saved_nanousd = rollup_counters.saved_nanousd + excluded.saved_nanousd,
        unsettled_nanousd = rollup_counters.unsettled_nanousd + excluded.unsettled_nanousd,
        price_unknown = rollup_counters.price_unknown + excluded.price_unknown,
        simulated = rollup_counters.simulated + excluded.simulated,
        input_tokens = rollup_counters.input_tokens + excluded.input_tokens,
        cache_read_tokens = rollup_counters.cache_read_tokens + excluded.cache_read_tokens,
        cache_write_tokens = rollup_counters.cache_write_tokens + excluded.cache_write_tokens,
        output_tokens = rollup_counters.output_tokens + excluded.output_tokens,
        reasoning_tokens = rollup_counters.reasoning_tokens + excluded.reasoning_tokens
),
-- Noted here, because once in a while is enough.
used AS (
    UPDATE virtual_keys SET last_used_ms = greatest(coalesce(virtual_keys.last_used_ms, used.at_ms), used.at_ms)
    FROM (SELECT key_id, max(started_ms) AS at_ms FROM counted WHERE key_id <> '' GROUP BY key_id) AS used
    WHERE virtual_keys.id = used.key_id
)
SELECT started_ms, duration_us, key_id, user_name, client_ip, event, intent,
       input_tokens + cache_read_tokens + cache_write_tokens AS "input_tokens!",
       output_tokens + reasoning_tokens AS "output_tokens!", cost_nanousd
FROM counted
