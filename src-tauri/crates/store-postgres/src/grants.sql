-- What each role may do. Run after every migration; roles that do not exist are passed over.
DO $$
DECLARE
    reader text;
BEGIN
    -- Functions that run with their owner's rights are for nobody but those named below.
    REVOKE ALL ON ALL TABLES IN SCHEMA weir FROM PUBLIC;
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA weir FROM PUBLIC;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA weir FROM PUBLIC;

    -- A gateway reads everything and writes what calls need. It inserts into the ledger and never changes it; configuration,
    -- keys and the logs of changes it can reach through functions alone.
    IF to_regrole('weir_gateway') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA weir TO weir_gateway;
        GRANT SELECT ON ALL TABLES IN SCHEMA weir TO weir_gateway;
        GRANT INSERT, DELETE ON weir.requests, weir.request_traces, weir.request_bodies TO weir_gateway;
        GRANT INSERT, UPDATE, DELETE ON weir.gateways, weir.reservations, weir.lease_recalls, weir.cache_entries,
            weir.rollup_queue, weir.rollup_counters, weir.rollup_latency, weir.limit_holders, weir.limit_slots,
            weir.limit_uses, weir.ratio_counts, weir.flights TO weir_gateway;
        GRANT INSERT, UPDATE, DELETE ON weir.semantic_decisions TO weir_gateway;
        GRANT UPDATE, DELETE ON weir.semantic_changes TO weir_gateway;
        GRANT UPDATE, DELETE ON weir.search_results TO weir_gateway;
        GRANT INSERT, UPDATE ON weir.leases TO weir_gateway;
        GRANT INSERT ON weir.ledger TO weir_gateway;
        GRANT INSERT, DELETE ON weir.limit_log TO weir_gateway;
        GRANT UPDATE ON weir.limit_time, weir.alert_deliveries TO weir_gateway;
        GRANT DELETE ON weir.alert_events, weir.alert_snoozes, weir.change_undos TO weir_gateway;
        GRANT UPDATE (last_used_ms) ON weir.virtual_keys TO weir_gateway;
        GRANT USAGE ON SEQUENCE weir.request_seq TO weir_gateway;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA weir TO weir_gateway;
    END IF;

    -- Viewer and admin read the same: sums, configuration, and requests without what was asked and answered; never a hash of a
    -- secret, nor a cached answer.
    FOREACH reader IN ARRAY ARRAY['weir_viewer', 'weir_admin'] LOOP
        CONTINUE WHEN to_regrole(reader) IS NULL;
        EXECUTE format('GRANT USAGE ON SCHEMA weir TO %I', reader);
        EXECUTE format('GRANT SELECT ON weir.schema_steps, weir.gateways, weir.rollup_counters, weir.rollup_latency,
            weir.rollup_queue, weir.cap_balances, weir.leases, weir.lease_recalls, weir.ledger, weir.ledger_checks, weir.bills,
            weir.bill_models, weir.request_corrections, weir.ratio_counts, weir.limit_time, weir.limit_holders,
            weir.limit_slots, weir.limit_uses, weir.limit_log, weir.alert_events, weir.alert_deliveries, weir.alert_snoozes,
            weir.changes, weir.change_undos, weir.config_items, weir.config_changes, weir.key_changes, weir.keys_shown,
            weir.cache_clears, weir.cache_tombstones, weir.requests, weir.request_traces TO %I', reader);
        EXECUTE format('GRANT SELECT (id, gateway_id, amount_nanousd, hard_bound_nanousd, leases, opened_ms)
            ON weir.reservations TO %I', reader);
        EXECUTE format('GRANT SELECT (key, label, intent, provider, model, tier, team, created_ms, expires_ms, last_hit_ms,
            hits, bytes, cost_nanousd, app_version, tenant) ON weir.cache_entries, weir.served_entries TO %I', reader);
        -- To know whether there are any.
        EXECUTE format('GRANT SELECT (seq) ON weir.cache_wide_clears TO %I', reader);
        EXECUTE format('GRANT SELECT (seq, request_id, at_ms, team, intent, distance, probability, threshold, outcome, same, origin,
            audit_nanousd) ON weir.semantic_decisions TO %I', reader);
        EXECUTE format('GRANT SELECT ON weir.cache_marks, weir.collections TO %I', reader);
        EXECUTE format('GRANT SELECT (seq, collection_id, id, source, "user", embedder) ON weir.collection_items TO %I', reader);
        -- To count them; questions are nobody's but the gateways'.
        EXECUTE format('GRANT SELECT (id, key) ON weir.semantic_entries TO %I', reader);
    END LOOP;

    -- An admin changes things through functions alone. Each checks what was expected to be there and writes who did what into a
    -- log, in the same transaction.
    IF to_regrole('weir_admin') IS NOT NULL THEN
        GRANT SELECT ON weir.request_bodies, weir.change_salt TO weir_admin;
        GRANT EXECUTE ON FUNCTION weir.change_config, weir.add_key, weir.update_key, weir.rotate_key, weir.end_overlap,
            weir.revoke_key, weir.clear_cache, weir.end_clear, weir.drop_cleared, weir.correct_request, weir.save_ledger_check, weir.add_bill, weir.set_snooze,
            weir.raise_alert, weir.note_change, weir.label_decision, weir.never_match, weir.allow_match TO weir_admin;
        GRANT SELECT ON weir.semantic_decisions, weir.semantic_never TO weir_admin;
    END IF;
END $$;
