-- Balanced caps, leases that are asked back, and spend by hour of users, teams and events.

-- The most that the call can cost; `amount_nanousd` is what is held for it. 0 in rows from before: they held all of it.
ALTER TABLE reservations ADD COLUMN hard_bound_nanousd INTEGER NOT NULL DEFAULT 0;

-- Caps whose free money a gateway has asked the others to give back; a new recall of a cap replaces the one before.
CREATE TABLE lease_recalls (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    cap        TEXT    NOT NULL UNIQUE,
    gateway_id TEXT    NOT NULL
) STRICT;

-- One value's hours, without going through all values of those hours.
CREATE INDEX rollup_hours_by_value ON rollup_counters (dimension, value, at_ms) WHERE grain = 'hour';

-- The hours of users, teams and events that were counted before there were rows for them.
INSERT INTO rollup_counters (
    grain, dimension, at_ms, value,
    requests, hits, misses, bypassed, errors, refused, cost_nanousd, saved_nanousd, unsettled_nanousd,
    price_unknown, simulated, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens)
SELECT 'hour', dimension, started_ms / 3600000 * 3600000,
       CASE dimension WHEN 'user' THEN user_name WHEN 'team' THEN team ELSE event END,
       count(*), sum(cache IN ('response', 'semantic')), sum(cache = 'miss'), sum(cache = 'bypass'),
       sum(status IN ('failed', 'cut')), sum(status = 'refused'), sum(cost_nanousd), sum(saved_nanousd),
       sum(CASE cost_basis WHEN 'unsettled' THEN cost_nanousd ELSE 0 END), sum(price_unknown), sum(simulated),
       sum(input_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens)
FROM requests, (SELECT 'user' AS dimension UNION ALL SELECT 'team' UNION ALL SELECT 'event')
WHERE seq <= (SELECT last_seq FROM rollup_cursor)
GROUP BY 2, 3, 4;
