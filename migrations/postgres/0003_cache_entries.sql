-- The response cache.

CREATE TABLE weir.cache_entries (
    key          text   COLLATE "C" PRIMARY KEY,
    label        text   COLLATE "C" NOT NULL,
    intent       text   COLLATE "C" NOT NULL,
    provider     text   COLLATE "C" NOT NULL,
    model        text   COLLATE "C" NOT NULL,
    tier         text   NOT NULL CHECK (tier IN ('', 'T0', 'T1', 'T2', 'T3')),
    team         text   NOT NULL,
    created_ms   bigint NOT NULL,
    expires_ms   bigint NOT NULL,
    last_hit_ms  bigint,
    hits         bigint NOT NULL CHECK (hits >= 0),
    bytes        bigint NOT NULL CHECK (bytes >= 0),
    cost_nanousd bigint NOT NULL CHECK (cost_nanousd >= 0),
    app_version  text   COLLATE "C" NOT NULL,
    body         bytea  NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX cache_entries_by_time    ON weir.cache_entries (created_ms, key);
CREATE INDEX cache_entries_by_intent  ON weir.cache_entries (intent, created_ms, key);
CREATE INDEX cache_entries_by_model   ON weir.cache_entries (model, created_ms, key);
CREATE INDEX cache_entries_by_label   ON weir.cache_entries (label);
CREATE INDEX cache_entries_by_expiry  ON weir.cache_entries (expires_ms);
CREATE INDEX cache_entries_by_version ON weir.cache_entries (app_version);

-- Each clear, so that every gateway empties its memory, also one that did not listen when it came.
CREATE TABLE weir.cache_clears (
    seq      bigint PRIMARY KEY,
    selector text   NOT NULL CHECK (selector IN ('all', 'entry', 'intent', 'model', 'prefix')),
    value    text   NOT NULL,
    entries  bigint NOT NULL,
    -- The database role that cleared.
    role     text   NOT NULL DEFAULT session_user,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER cache_clears_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON weir.cache_clears
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_change();

-- Removes the entries that a selector means and says what went. Gateways hear of it on the channel `weir_cache`.
CREATE FUNCTION weir.clear_cache(
    wanted_selector text, wanted text, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    next_seq bigint;
BEGIN
    -- One after the other, so that a number that can be seen is never followed by a lower one.
    PERFORM pg_advisory_xact_lock(1464158546, 3);
    WITH gone AS (
        DELETE FROM cache_entries AS entry WHERE CASE wanted_selector
            WHEN 'all' THEN true
            WHEN 'entry' THEN entry.key = wanted
            WHEN 'intent' THEN entry.intent = wanted
            WHEN 'model' THEN entry.model = wanted OR entry.provider || '/' || entry.model = wanted
            WHEN 'prefix' THEN starts_with(entry.label, wanted)
        END
        RETURNING entry.bytes, entry.hits * entry.cost_nanousd AS saved
    )
    SELECT count(*), coalesce(sum(gone.bytes), 0), coalesce(sum(gone.saved), 0)
    INTO clear_cache.entries, clear_cache.bytes, clear_cache.saved_nanousd FROM gone;
    SELECT coalesce(max(seq), 0) + 1 INTO next_seq FROM cache_clears;
    INSERT INTO cache_clears (seq, selector, value, entries) VALUES (next_seq, wanted_selector, wanted, clear_cache.entries);
    PERFORM pg_notify('weir_cache', next_seq::text);
END $$;
