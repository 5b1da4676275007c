//! What an older Weir has left in a database, in the words of either.

pub(crate) const REQUESTS: i64 = 600;
pub(crate) const START_MS: i64 = 1_767_225_600_000;
const STEP_MS: i64 = 300_000;

/// Data of an older Weir, in the words of either database: two days of requests, and all that belongs to them.
pub(crate) fn data(is_postgres: bool) -> String {
    let (schema, no, yes, list) = if is_postgres {
        ("weir.", "false", "true", "ARRAY['a', 'b']")
    } else {
        ("", "0", "1", "'[\"a\",\"b\"]'")
    };
    let bytes = |text: &str| {
        if is_postgres {
            format!("convert_to({text}, 'UTF8')")
        } else {
            format!("CAST({text} AS BLOB)")
        }
    };
    let secret = if is_postgres {
        "sha256('secret')"
    } else {
        "zeroblob(32)"
    };
    let numbers = |most: i64| {
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})")
    };
    let mut sql = String::new();
    if is_postgres {
        for day in 0..4 {
            sql.push_str(&format!(
                "SELECT weir.add_request_day({});\n",
                START_MS + day * 86_400_000
            ));
        }
    }
    sql.push_str(&format!(
        "{numbers} INSERT INTO {schema}requests (id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed,
             key_id, team, user_name, session, event, tags, client_ip, intent, requested_model, tier, provider, model, simulated,
             cache, variants, status, http_status, error, attempts, input_tokens, cache_read_tokens, cache_write_tokens,
             output_tokens, reasoning_tokens, cost_nanousd, saved_nanousd, cost_basis, price_id, price_unknown)
         SELECT 'request-' || (10000 + i), {START_MS} + i * {STEP_MS}, i * 1000, i * 100, i * 900, 'chat_completions', {no}, 'key-1',
             'team-1', 'user-' || (i % 7), '', 'event-1', {list}, '', 'task', 'auto', 'T0', 'fake', 'nano', {no},
             CASE WHEN i % 3 = 0 THEN 'response' ELSE 'miss' END, {list}, 'ok', 200, '', 1, 20, 8, 0, 9, 4,
             CASE WHEN i % 3 = 0 THEN 0 ELSE i * 1000 END, CASE WHEN i % 3 = 0 THEN i * 1000 ELSE 0 END,
             CASE WHEN i % 3 = 0 THEN 'free' ELSE 'settled' END, '', {no} FROM n;\n",
        numbers = numbers(REQUESTS)
    ));
    let of_requests = if is_postgres { "started_ms, seq" } else { "seq" };
    sql.push_str(&format!(
        "INSERT INTO {schema}request_traces ({of_requests}, steps) SELECT {of_requests}, '[]' FROM {schema}requests;
         INSERT INTO {schema}request_bodies (started_ms, seq, request_body, response_body)
         SELECT started_ms, seq, {asked}, {answered} FROM {schema}requests;\n",
        asked = if is_postgres { bytes("'asked ' || id") } else { "'asked ' || id".to_owned() },
        answered = if is_postgres { bytes("'answered'") } else { "'answered'".to_owned() },
    ));
    if is_postgres {
        sql.push_str("INSERT INTO weir.rollup_queue (started_ms, seq, latency_bucket) SELECT started_ms, seq, 100 FROM weir.requests;\n");
    }
    let spent = format!("(SELECT sum(cost_nanousd) FROM {schema}requests)");
    sql.push_str(&format!(
        "INSERT INTO {schema}ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms)
         VALUES ('grant', 'day', {START_MS}, 'lease-1', 1000000000, {START_MS});
         INSERT INTO {schema}ledger (kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms)
         SELECT 'charge', 'day', {START_MS}, 'lease-1', id || '-1', cost_nanousd, {yes}, started_ms FROM {schema}requests
         WHERE cost_nanousd > 0;
         INSERT INTO {schema}leases (cap, period_start_ms, lease_id, gateway_id, granted_nanousd, spent_nanousd)
         VALUES ('day', {START_MS}, 'lease-1', 'gateway-1', 1000000000, {spent});
         INSERT INTO {schema}gateways (id, first_ms, last_beat_ms) VALUES ('gateway-1', {START_MS}, {START_MS});\n"
    ));
    if !is_postgres {
        sql.push_str(&format!(
            "INSERT INTO cap_balances (cap, period_start_ms, spent_nanousd, committed_nanousd) VALUES ('day', {START_MS}, {spent}, 1000000000);\n"
        ));
    }
    sql.push_str(&format!(
        "{numbers} INSERT INTO {schema}cache_entries (key, label, intent, provider, model, tier, team, created_ms, expires_ms, hits,
             bytes, cost_nanousd, app_version, body)
         SELECT 'key-' || i, 'label ' || i, 'task', 'fake', 'nano', 'T0', '', {START_MS}, {START_MS} + 999999999, i, 6, 10, '', {body} FROM n;
         INSERT INTO {schema}config_changes (version, kind, name, after, who, at_ms) VALUES (1, 'fixture', 'one', '{{}}', 'ana', {START_MS});
         INSERT INTO {schema}config_items (kind, name, version, body) VALUES ('fixture', 'one', 1, '{{}}');
         INSERT INTO {schema}virtual_keys (id, name, team, last_four, created_ms, secret_sha256)
         VALUES ('abc', 'first', 'team-1', 'wxyz', {START_MS}, {secret});\n",
        numbers = numbers(40),
        body = bytes("'answer'")
    ));
    sql
}

/// Counts and sums of all that the data put there.
pub(crate) fn sums(is_postgres: bool) -> String {
    let schema = if is_postgres { "weir." } else { "" };
    let of = |what: &str, from: &str| format!("(SELECT coalesce(sum({what}), 0) FROM {schema}{from})");
    let parts = [
        of("1", "requests"),
        of("cost_nanousd", "requests"),
        of("saved_nanousd", "requests"),
        of("duration_us", "requests"),
        of(
            "input_tokens + cache_read_tokens + output_tokens + reasoning_tokens",
            "requests",
        ),
        of("length(id) + length(user_name) + length(intent)", "requests"),
        of("1", "request_traces"),
        of("length(request_body) + length(response_body)", "request_bodies"),
        of("1", "ledger"),
        of("amount_nanousd", "ledger"),
        of("granted_nanousd - returned_nanousd + spent_nanousd", "leases"),
        of("spent_nanousd + committed_nanousd", "cap_balances"),
        of("hits + bytes + length(body)", "cache_entries"),
        of("version", "config_items"),
        of("version + length(who)", "config_changes"),
        of("created_ms + length(secret_sha256)", "virtual_keys"),
    ];
    format!("SELECT {}", parts.join(" || ' ' || "))
}

/// The same without configuration, of which a start writes some of its own.
pub(crate) fn without_configuration(sums: &str) -> Vec<&str> {
    let kept = sums.split(' ').enumerate();
    kept.filter(|(at, _)| !matches!(at, 13 | 14))
        .map(|(_, sum)| sum)
        .collect()
}
