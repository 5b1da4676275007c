-- Clears that can be undone: what is cleared is marked and served no more, and its rows go when nobody can want them back.

-- Whose answer it is: `team:` and the team, or `key:` and the id of a key without one. Empty for those kept before this step.
ALTER TABLE weir.cache_entries ADD COLUMN tenant text NOT NULL DEFAULT '';

-- What became of cached answers: clears and what ended them. Each gateway reads on from the number that it followed last, and
-- a shared cache compares the newest number with its own. Insert-only: what a clear has come to is told by the row that ended
-- it. Rows from before this step removed what they name.
ALTER TABLE weir.cache_clears
    ADD COLUMN act text NOT NULL DEFAULT 'drop' CHECK (act IN ('clear', 'undo', 'purge', 'drop')),
    ADD COLUMN of_seq bigint, -- the clear that an undo or a purge ends
    ADD COLUMN keys text, -- JSON array of what was cleared; NULL where that is much
    ADD COLUMN shown text NOT NULL DEFAULT '', -- the selector as JSON, with people made unusable
    ADD COLUMN who text NOT NULL DEFAULT '',
    ADD COLUMN at_ms bigint NOT NULL DEFAULT 0,
    ADD COLUMN bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN saved_nanousd bigint NOT NULL DEFAULT 0,
    ADD COLUMN collection_items bigint NOT NULL DEFAULT 0; -- deleted with it; no undo brings them back
-- A clear is ended once.
CREATE UNIQUE INDEX cache_clears_ended ON weir.cache_clears (of_seq) WHERE of_seq IS NOT NULL;
CREATE INDEX cache_clears_shown ON weir.cache_clears (seq) WHERE act = 'clear';
CREATE INDEX cache_clears_purged ON weir.cache_clears (at_ms) WHERE act = 'purge';

-- Cached answers that are served no more. A table of its own, so that a clear need not write the answers anew. Without a foreign
-- key, which would lock every answer of a large clear; one whose answer has gone meanwhile means nothing.
CREATE TABLE weir.cache_tombstones (
    key       text   COLLATE "C" PRIMARY KEY,
    clear_seq bigint NOT NULL
);
CREATE INDEX cache_tombstones_by_clear ON weir.cache_tombstones (clear_seq);

CREATE FUNCTION weir.forget_tombstones() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    DELETE FROM cache_tombstones USING gone WHERE cache_tombstones.key = gone.key;
    RETURN NULL;
END $$;
CREATE TRIGGER cache_tombstones_go AFTER DELETE ON weir.cache_entries
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION weir.forget_tombstones();

-- A new answer replaces a cleared one, with its question and its marks.
CREATE FUNCTION weir.replace_cleared() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    DELETE FROM cache_tombstones WHERE cache_tombstones.key = NEW.key;
    IF FOUND THEN
        DELETE FROM cache_entries WHERE cache_entries.key = NEW.key;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cache_entries_replace_cleared BEFORE INSERT ON weir.cache_entries
FOR EACH ROW EXECUTE FUNCTION weir.replace_cleared();

-- The newest row of cache_clears that each gateway has followed.
ALTER TABLE weir.gateways ADD COLUMN cache_seq bigint NOT NULL DEFAULT 0;

-- Writes a row of cache_clears and tells the gateways, on the channel `weir_cache`. One after the other, so that a number that
-- can be seen is never followed by a lower one: whoever calls this holds the lock.
CREATE FUNCTION weir.add_clear(made weir.cache_clears) RETURNS void
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
BEGIN
    INSERT INTO cache_clears (seq, selector, value, entries, act, of_seq, keys, shown, who, at_ms, bytes, saved_nanousd,
                              collection_items)
    VALUES (made.seq, made.selector, made.value, made.entries, made.act, made.of_seq, made.keys, made.shown, made.who,
            made.at_ms, made.bytes, made.saved_nanousd, coalesce(made.collection_items, 0));
    PERFORM pg_notify('weir_cache', made.seq::text);
END $$;

-- The number that follows the newest; takes the lock.
CREATE FUNCTION weir.next_clear() RETURNS bigint
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1464158546, 3);
    RETURN (SELECT coalesce(max(seq), 0) + 1 FROM cache_clears);
END $$;

-- Which entries a selector means, as a condition on $1. Constants, never what somebody said.
CREATE FUNCTION weir.clear_condition(wanted_selector text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = weir, pg_temp AS $$
    SELECT CASE wanted_selector
        WHEN 'all' THEN '$1 IS NOT NULL'
        WHEN 'entry' THEN 'entry.key = $1'
        WHEN 'intent' THEN 'entry.intent = $1'
        WHEN 'model' THEN 'entry.model IN ($1, substr($1, strpos($1, ''/'') + 1))
                           AND (entry.model = $1 OR entry.provider || ''/'' || entry.model = $1)'
        WHEN 'prefix' THEN 'entry.label >= $1 AND starts_with(entry.label, $1)'
        WHEN 'source' THEN 'entry.key IN (SELECT mark.key FROM cache_marks AS mark WHERE mark.kind = ''source'' AND mark.value = $1)'
        WHEN 'user' THEN 'entry.key IN (SELECT mark.key FROM cache_marks AS mark WHERE mark.kind = ''user'' AND mark.value = $1)'
    END
$$;

-- What is said for the log, with how much it was in its `before`.
CREATE FUNCTION weir.with_extent(said text, of_clear bigint, entries bigint, bytes bigint, items bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = weir, pg_temp AS $$
    SELECT jsonb_set(said::jsonb, '{before}', to_jsonb(((said::jsonb ->> 'before')::jsonb
        || jsonb_build_object('clear', of_clear, 'entries', entries, 'bytes', bytes, 'collection_items', items))::text))
$$;

-- What a clear takes of collections: all results where it clears everything, and the items of a source or user; how many items.
-- The clears that are written down do not tell whose they were, so a trigger on them cannot.
DROP TRIGGER cache_clears_reach_collections ON weir.cache_clears;
DROP FUNCTION weir.clear_collections();
CREATE FUNCTION weir.clear_collections(wanted_selector text, wanted text) RETURNS bigint
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
DECLARE
    n bigint := 0;
BEGIN
    IF wanted_selector = 'all' THEN
        DELETE FROM search_results;
    ELSIF wanted_selector IN ('source', 'user') AND wanted <> '' THEN
        PERFORM 1 FROM collections WHERE collections.id IN (
            SELECT item.collection_id FROM collection_items AS item
            WHERE CASE wanted_selector WHEN 'source' THEN item.source ELSE item."user" END = wanted)
        ORDER BY collections.id FOR UPDATE;
        IF wanted_selector = 'source' THEN
            DELETE FROM collection_items WHERE source = wanted;
        ELSE
            DELETE FROM collection_items WHERE "user" = wanted;
        END IF;
        GET DIAGNOSTICS n = ROW_COUNT;
    END IF;
    RETURN n;
END $$;

-- Marks the entries that a selector means as cleared, of one tenant or (NULL) of all, and says how much that is. With `for_good`
-- it cannot be undone, what was cleared before is meant, too, and `drop_cleared` removes the rows.
DROP FUNCTION IF EXISTS weir.clear_cache(text, text);
DROP FUNCTION IF EXISTS weir.clear_cache(text, text, text);
CREATE FUNCTION weir.clear_cache(
    wanted_selector text, wanted text, of_tenant text, for_good boolean, as_shown text, by_whom text, now_ms bigint, said text,
    OUT made_seq bigint, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint, OUT collection_items bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    made cache_clears;
BEGIN
    made_seq := next_clear();
    -- Items are no copies, so they are not marked: they go at once. A tenant clears answers alone.
    collection_items := CASE WHEN of_tenant IS NULL THEN clear_collections(wanted_selector, wanted) ELSE 0 END;
    EXECUTE format(
        'WITH marked AS (
             INSERT INTO cache_tombstones (key, clear_seq)
             SELECT entry.key, $2 FROM cache_entries AS entry
             WHERE %s AND ($3 IS NULL OR entry.tenant = $3 OR (entry.tenant = '''' AND entry.team <> '''' AND ''team:'' || entry.team = $3))
             ON CONFLICT (key) DO UPDATE SET clear_seq = excluded.clear_seq WHERE $4
             RETURNING key)
         SELECT count(*), coalesce(sum(entry.bytes), 0), coalesce(sum(entry.hits * entry.cost_nanousd), 0)
         FROM marked JOIN cache_entries AS entry ON entry.key = marked.key',
        clear_condition(wanted_selector))
    INTO entries, bytes, saved_nanousd USING wanted, made_seq, of_tenant, for_good;
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

-- Ends a clear: takes it back, or makes it final, after which `drop_cleared` removes the rows. `outcome` is `done`; or `unknown`
-- where there is no such clear, and `undone` or `purged` where it was ended before. One made before `oldest_ms` is `purged`.
CREATE FUNCTION weir.end_clear(
    of_clear bigint, wanted_act text, oldest_ms bigint, by_whom text, now_ms bigint, said text,
    OUT outcome text, OUT made_seq bigint, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    made cache_clears;
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
    SELECT count(*), coalesce(sum(entry.bytes), 0), coalesce(sum(entry.hits * entry.cost_nanousd), 0)
    INTO entries, bytes, saved_nanousd
    FROM cache_tombstones AS tomb JOIN cache_entries AS entry ON entry.key = tomb.key
    WHERE tomb.clear_seq = of_clear AND (wanted_act = 'purge' OR entry.expires_ms > now_ms);
    IF wanted_act = 'undo' THEN
        DELETE FROM cache_tombstones WHERE clear_seq = of_clear;
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

-- Removes rows of a clear that was made final, so many at most; how many went.
CREATE FUNCTION weir.drop_cleared(of_clear bigint, most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    due  text[];
BEGIN
    IF NOT EXISTS (SELECT 1 FROM cache_clears AS done WHERE done.of_seq = of_clear AND done.act = 'purge') THEN
        RETURN 0;
    END IF;
    -- An answer that is being stored in the place of a cleared one holds its tombstone.
    due := ARRAY(SELECT tomb.key FROM cache_tombstones AS tomb WHERE tomb.clear_seq = of_clear LIMIT most FOR UPDATE);
    DELETE FROM cache_entries WHERE key = ANY (due);
    DELETE FROM cache_tombstones WHERE key = ANY (due) AND clear_seq = of_clear;
    RETURN cardinality(due);
END $$;

-- Removes entries at once, where Weir itself must not keep them.
CREATE FUNCTION weir.drop_cached(
    wanted_selector text, wanted text, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    made cache_clears;
BEGIN
    made.seq := next_clear();
    EXECUTE format(
        'WITH gone AS (
             DELETE FROM cache_entries AS entry
             WHERE %s AND NOT EXISTS (SELECT 1 FROM cache_tombstones AS tomb WHERE tomb.key = entry.key)
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

-- As before; an answer that was cleared gets no question.
CREATE OR REPLACE FUNCTION weir.put_question(
    of_base bytea, of_namespace bytea, by_embedder text, of_group text, of_key text, asked text, same_as bigint,
    until_ms bigint, as_vector real[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    new_id bigint;
BEGIN
    -- The answer first, as a clear takes them, so that neither waits for the other in a circle.
    PERFORM 1 FROM cache_entries WHERE cache_entries.key = of_key FOR KEY SHARE;
    IF NOT FOUND OR EXISTS (SELECT 1 FROM cache_tombstones AS tomb WHERE tomb.key = of_key) THEN
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
