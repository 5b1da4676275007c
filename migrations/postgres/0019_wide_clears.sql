-- Clears that mean so many answers that marking each would take seconds: a row says what is meant, and every look-up judges by it.
-- An undo removes the row.

-- The newest row of cache_clears when the answer was put, as far as it could be seen: later clears mean it, earlier ones do not.
ALTER TABLE weir.cache_entries ADD COLUMN after_clear bigint NOT NULL DEFAULT 0;

CREATE TABLE weir.cache_wide_clears (
    seq      bigint PRIMARY KEY, -- of the clear in cache_clears
    selector text   NOT NULL CHECK (selector IN ('all', 'entry', 'intent', 'model', 'prefix', 'source', 'user')),
    value    text   COLLATE "C" NOT NULL,
    tenant   text   -- NULL for all
);

-- Entries that no clear means. Says of a selector what `clear_condition` says.
CREATE VIEW weir.served_entries AS
SELECT entry.key, entry.label, entry.intent, entry.provider, entry.model, entry.tier, entry.team, entry.created_ms,
       entry.expires_ms, entry.last_hit_ms, entry.hits, entry.bytes, entry.cost_nanousd, entry.app_version, entry.tenant,
       entry.after_clear, entry.body
FROM weir.cache_entries AS entry
WHERE NOT EXISTS (SELECT FROM weir.cache_tombstones AS tomb WHERE tomb.key = entry.key)
      AND NOT EXISTS (
          SELECT FROM weir.cache_wide_clears AS wide
          WHERE entry.after_clear < wide.seq
                AND (wide.tenant IS NULL OR entry.tenant = wide.tenant
                     OR (entry.tenant = '' AND entry.team <> '' AND 'team:' || entry.team = wide.tenant))
                AND CASE wide.selector
                    WHEN 'all' THEN true
                    WHEN 'entry' THEN entry.key = wide.value
                    WHEN 'intent' THEN entry.intent = wide.value
                    WHEN 'model' THEN entry.model = wide.value OR entry.provider || '/' || entry.model = wide.value
                    WHEN 'prefix' THEN starts_with(entry.label, wide.value)
                    ELSE EXISTS (SELECT FROM weir.cache_marks AS mark
                                 WHERE mark.kind = wide.selector AND mark.value = wide.value AND mark.key = entry.key)
                    END);

-- As before, also where a wide clear means the old answer; and the new one knows which clears came before it.
CREATE OR REPLACE FUNCTION weir.replace_cleared() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    NEW.after_clear := (SELECT coalesce(max(seq), 0) FROM cache_clears);
    DELETE FROM cache_tombstones WHERE cache_tombstones.key = NEW.key;
    IF FOUND OR (EXISTS (SELECT FROM cache_wide_clears)
                 AND NOT EXISTS (SELECT FROM served_entries AS served WHERE served.key = NEW.key)) THEN
        DELETE FROM cache_entries WHERE cache_entries.key = NEW.key;
    END IF;
    RETURN NEW;
END $$;

-- Which entries a clear means, as a condition on its value ($1), its number ($2) and its tenant ($3).
CREATE FUNCTION weir.wide_condition(wanted_selector text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = weir, pg_temp AS $$
    SELECT clear_condition(wanted_selector) || ' AND entry.after_clear < $2
        AND ($3 IS NULL OR entry.tenant = $3 OR (entry.tenant = '''' AND entry.team <> '''' AND ''team:'' || entry.team = $3))'
$$;

-- As before; more than `most_marked` entries are not marked each, as long as there are few such clears.
CREATE OR REPLACE FUNCTION weir.clear_cache(
    wanted_selector text, wanted text, of_tenant text, for_good boolean, as_shown text, by_whom text, now_ms bigint, said text,
    OUT made_seq bigint, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint, OUT collection_items bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    most_marked CONSTANT bigint := 1000;
    -- Every look-up judges by each of them.
    most_wide   CONSTANT bigint := 16;
    -- What was cleared before is meant by a purge alone.
    meant       CONSTANT text := CASE WHEN for_good THEN 'cache_entries' ELSE 'served_entries' END;
    made cache_clears;
BEGIN
    made_seq := next_clear();
    -- Items are no copies, so they are not marked: they go at once. A tenant clears answers alone.
    collection_items := CASE WHEN of_tenant IS NULL THEN clear_collections(wanted_selector, wanted) ELSE 0 END;
    EXECUTE format(
        'SELECT count(*), coalesce(sum(entry.bytes), 0), coalesce(sum(entry.hits * entry.cost_nanousd), 0)
         FROM %I AS entry WHERE %s', meant, wide_condition(wanted_selector))
    INTO entries, bytes, saved_nanousd USING wanted, made_seq, of_tenant;
    IF entries > most_marked AND (SELECT count(*) FROM cache_wide_clears) < most_wide THEN
        INSERT INTO cache_wide_clears (seq, selector, value, tenant) VALUES (made_seq, wanted_selector, wanted, of_tenant);
    ELSE
        EXECUTE format(
            'WITH marked AS (
                 INSERT INTO cache_tombstones (key, clear_seq)
                 SELECT entry.key, $2 FROM %I AS entry WHERE %s
                 ON CONFLICT (key) DO UPDATE SET clear_seq = excluded.clear_seq WHERE $4
                 RETURNING key)
             SELECT count(*), coalesce(sum(entry.bytes), 0), coalesce(sum(entry.hits * entry.cost_nanousd), 0)
             FROM marked JOIN cache_entries AS entry ON entry.key = marked.key',
            meant, wide_condition(wanted_selector))
        INTO entries, bytes, saved_nanousd USING wanted, made_seq, of_tenant, for_good;
    END IF;
    made.seq := made_seq;
    made.selector := wanted_selector;
    made.value := CASE WHEN wanted_selector IN ('source', 'user') THEN '' ELSE wanted END;
    made.entries := entries;
    made.act := 'clear';
    IF entries <= 50 THEN
        made.keys := (SELECT coalesce(json_agg(tomb.key), '[]')::text FROM cache_tombstones AS tomb WHERE tomb.clear_seq = made_seq);
    END IF;
    made.shown := as_shown;
    made.who := by_whom;
    made.at_ms := now_ms;
    made.bytes := bytes;
    made.saved_nanousd := saved_nanousd;
    made.collection_items := collection_items;
    PERFORM add_clear(made);
    IF for_good THEN
        made.seq := made_seq + 1;
        made.act := 'purge';
        made.of_seq := made_seq;
        PERFORM add_clear(made);
    END IF;
    PERFORM append_change(with_extent(said, made_seq, entries, bytes, collection_items), NULL);
END $$;

-- As before; an undo of a wide clear removes its row.
CREATE OR REPLACE FUNCTION weir.end_clear(
    of_clear bigint, wanted_act text, oldest_ms bigint, by_whom text, now_ms bigint, said text,
    OUT outcome text, OUT made_seq bigint, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    made cache_clears;
    wide cache_wide_clears;
BEGIN
    IF wanted_act NOT IN ('undo', 'purge') THEN
        RAISE EXCEPTION 'a clear is ended by undo or purge';
    END IF;
    made_seq := next_clear();
    SELECT * INTO made FROM cache_clears WHERE seq = of_clear AND act = 'clear';
    IF NOT FOUND THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    SELECT CASE done.act WHEN 'undo' THEN 'undone' ELSE 'purged' END INTO outcome
    FROM cache_clears AS done WHERE done.of_seq = of_clear;
    IF outcome IS NULL AND wanted_act = 'undo' AND made.at_ms < oldest_ms THEN
        outcome := 'purged';
    END IF;
    IF outcome IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT * INTO wide FROM cache_wide_clears WHERE seq = of_clear;
    IF FOUND THEN
        IF wanted_act = 'undo' THEN
            -- First, so that what is counted is served again: what another clear means is not.
            DELETE FROM cache_wide_clears WHERE seq = of_clear;
        END IF;
        EXECUTE format(
            'SELECT count(*), coalesce(sum(entry.bytes), 0), coalesce(sum(entry.hits * entry.cost_nanousd), 0)
             FROM %I AS entry WHERE %s AND ($4 IS NULL OR entry.expires_ms > $4)',
            CASE wanted_act WHEN 'undo' THEN 'served_entries' ELSE 'cache_entries' END, wide_condition(wide.selector))
        INTO entries, bytes, saved_nanousd
        USING wide.value, of_clear, wide.tenant, CASE wanted_act WHEN 'undo' THEN now_ms END;
    ELSE
        SELECT count(*), coalesce(sum(entry.bytes), 0), coalesce(sum(entry.hits * entry.cost_nanousd), 0)
        INTO entries, bytes, saved_nanousd
        FROM cache_tombstones AS tomb JOIN cache_entries AS entry ON entry.key = tomb.key
        WHERE tomb.clear_seq = of_clear AND (wanted_act = 'purge' OR entry.expires_ms > now_ms);
        IF wanted_act = 'undo' THEN
            DELETE FROM cache_tombstones WHERE clear_seq = of_clear;
        END IF;
    END IF;
    made.seq := made_seq;
    made.act := wanted_act;
    made.of_seq := of_clear;
    made.entries := entries;
    made.bytes := bytes;
    made.saved_nanousd := saved_nanousd;
    made.collection_items := 0;
    made.who := by_whom;
    made.at_ms := now_ms;
    PERFORM add_clear(made);
    -- Without anything said Weir itself ends it, by its time.
    IF said IS NOT NULL THEN
        PERFORM append_change(with_extent(said, of_clear, entries, bytes, 0), NULL);
    END IF;
    outcome := 'done';
END $$;

-- As before; the row of a wide clear goes with the last that it means.
CREATE OR REPLACE FUNCTION weir.drop_cleared(of_clear bigint, most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    due  text[];
    wide cache_wide_clears;
    gone bigint;
    left_over boolean;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM cache_clears AS done WHERE done.of_seq = of_clear AND done.act = 'purge') THEN
        RETURN 0;
    END IF;
    SELECT * INTO wide FROM cache_wide_clears WHERE seq = of_clear;
    IF FOUND THEN
        -- What somebody is at, such as a new answer in its place, waits for the next time.
        EXECUTE format(
            'DELETE FROM cache_entries WHERE key IN (
                 SELECT entry.key FROM cache_entries AS entry WHERE %s LIMIT $4 FOR UPDATE SKIP LOCKED)',
            wide_condition(wide.selector))
        USING wide.value, of_clear, wide.tenant, most;
        GET DIAGNOSTICS gone = ROW_COUNT;
        IF gone = 0 THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM cache_entries AS entry WHERE %s)', wide_condition(wide.selector))
            INTO left_over USING wide.value, of_clear, wide.tenant;
            IF left_over THEN
                RETURN 1;
            END IF;
            DELETE FROM cache_wide_clears WHERE seq = of_clear;
        END IF;
        RETURN gone;
    END IF;
    -- An answer that is being stored in the place of a cleared one holds its tombstone.
    due := ARRAY(SELECT tomb.key FROM cache_tombstones AS tomb WHERE tomb.clear_seq = of_clear LIMIT most FOR UPDATE);
    DELETE FROM cache_entries WHERE key = ANY (due);
    DELETE FROM cache_tombstones WHERE key = ANY (due) AND clear_seq = of_clear;
    RETURN cardinality(due);
END $$;

-- As before.
CREATE OR REPLACE FUNCTION weir.drop_cached(
    wanted_selector text, wanted text, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    made cache_clears;
BEGIN
    made.seq := next_clear();
    EXECUTE format(
        'WITH gone AS (
             DELETE FROM cache_entries AS entry
             WHERE %s AND EXISTS (SELECT FROM served_entries AS served WHERE served.key = entry.key)
             RETURNING entry.bytes, entry.hits * entry.cost_nanousd AS saved)
         SELECT count(*), coalesce(sum(gone.bytes), 0), coalesce(sum(gone.saved), 0) FROM gone',
        clear_condition(wanted_selector))
    INTO entries, bytes, saved_nanousd USING wanted;
    made.selector := wanted_selector;
    made.value := CASE WHEN wanted_selector IN ('source', 'user') THEN '' ELSE wanted END;
    made.entries := entries;
    made.act := 'drop';
    made.shown := '';
    made.who := '';
    made.at_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    made.bytes := bytes;
    made.saved_nanousd := saved_nanousd;
    PERFORM add_clear(made);
END $$;

-- As before.
CREATE OR REPLACE FUNCTION weir.put_question(
    of_base bytea, of_namespace bytea, by_embedder text, of_group text, of_key text, asked text, same_as bigint,
    until_ms bigint, as_vector real[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    new_id bigint;
BEGIN
    -- The answer first, as a clear takes them, so that neither waits for the other in a circle.
    PERFORM 1 FROM cache_entries WHERE cache_entries.key = of_key FOR KEY SHARE;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM served_entries AS served WHERE served.key = of_key) THEN
        RETURN NULL;
    END IF;
    -- Other gateways read on from the last number they saw, so numbers become visible in order.
    PERFORM pg_advisory_xact_lock(1464158546, 15);
    -- A new number each time, so that other gateways see what was replaced.
    DELETE FROM semantic_entries WHERE semantic_entries.key = of_key;
    INSERT INTO semantic_entries (base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector)
    VALUES (of_base, of_namespace, by_embedder, of_group, of_key, asked, same_as, until_ms, as_vector)
    RETURNING id INTO new_id;
    RETURN new_id;
END $$;

-- As before.
CREATE OR REPLACE FUNCTION weir.take_flight(wanted text, gateway text, app text, now_ms bigint, for_ms bigint) RETURNS text
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
    PERFORM FROM served_entries AS entry
    WHERE entry.key = wanted AND entry.expires_ms > now_ms AND entry.app_version = app;
    IF found THEN
        DELETE FROM flights WHERE key = wanted AND gateway_id = gateway;
        RETURN 'cached';
    END IF;
    RETURN 'taken';
END $$;
