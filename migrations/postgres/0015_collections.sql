-- The vector-search cache: collections that applications fill, and results of searches over them.

CREATE TABLE weir.collections (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant     text   COLLATE "C" NOT NULL, -- the key's team, or the key
    name       text   COLLATE "C" NOT NULL,
    -- Rises with every change of an item, by the triggers below: results of an older version are never used.
    version    bigint NOT NULL DEFAULT 0,
    items      bigint NOT NULL DEFAULT 0,
    text_bytes bigint NOT NULL DEFAULT 0, -- of texts and metadata
    created_ms bigint NOT NULL,
    UNIQUE (tenant, name)
) WITH (fillfactor = 80);

CREATE TABLE weir.collection_items (
    -- A new number with each writing, so that a number always means the same text and vector of one embedder.
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id bigint NOT NULL REFERENCES weir.collections (id) ON DELETE CASCADE,
    id            text   COLLATE "C" NOT NULL, -- the application's own
    text          text   NOT NULL,
    source        text   COLLATE "C" NOT NULL, -- empty for none
    "user"        text   COLLATE "C" NOT NULL, -- empty for none
    metadata      text   NOT NULL,             -- JSON
    embedder      text   COLLATE "C" NOT NULL,
    vector        bytea  NOT NULL, -- 32-bit floats, little end first; empty for what could not be embedded
    UNIQUE (collection_id, id)
);
CREATE INDEX collection_items_by_source   ON weir.collection_items (source) WHERE source <> '';
CREATE INDEX collection_items_by_user     ON weir.collection_items ("user") WHERE "user" <> '';
CREATE INDEX collection_items_by_embedder ON weir.collection_items (embedder, collection_id, seq);

CREATE TABLE weir.search_results (
    key           bytea  NOT NULL CHECK (length(key) = 32),
    collection_id bigint NOT NULL REFERENCES weir.collections (id) ON DELETE CASCADE,
    version       bigint NOT NULL, -- of the collection that was searched
    expires_ms    bigint NOT NULL,
    -- JSON: numbers of items with their similarities. No text, so nothing of an item outlives it.
    found         text   NOT NULL,
    PRIMARY KEY (collection_id, key)
);
CREATE INDEX search_results_by_expiry ON weir.search_results (expires_ms);

-- Whoever changes items, by whatever way, makes the results of the version before unusable in the same transaction.
CREATE FUNCTION weir.collection_items_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    UPDATE collections AS one SET version = one.version + 1, items = one.items + sums.n, text_bytes = one.text_bytes + sums.bytes
    FROM (SELECT added.collection_id, count(*) AS n, sum(octet_length(added.text) + octet_length(added.metadata)) AS bytes
          FROM added GROUP BY added.collection_id ORDER BY added.collection_id) AS sums WHERE one.id = sums.collection_id;
    RETURN NULL;
END $$;
CREATE TRIGGER collection_items_added AFTER INSERT ON weir.collection_items
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION weir.collection_items_added();

CREATE FUNCTION weir.collection_items_removed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    UPDATE collections AS one SET version = one.version + 1, items = one.items - sums.n, text_bytes = one.text_bytes - sums.bytes
    FROM (SELECT gone.collection_id, count(*) AS n, sum(octet_length(gone.text) + octet_length(gone.metadata)) AS bytes
          FROM gone GROUP BY gone.collection_id ORDER BY gone.collection_id) AS sums WHERE one.id = sums.collection_id;
    RETURN NULL;
END $$;
CREATE TRIGGER collection_items_removed AFTER DELETE ON weir.collection_items
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION weir.collection_items_removed();

CREATE FUNCTION weir.collections_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    DELETE FROM search_results WHERE collection_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER collections_changed AFTER UPDATE OF version ON weir.collections
FOR EACH ROW EXECUTE FUNCTION weir.collections_changed();

-- Makes a collection, unless it is there or the tenant has as many as it may. Says whether it was made; nothing where it was
-- neither there nor made.
CREATE FUNCTION weir.put_collection(of_tenant text, called text, most bigint, now_ms bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    -- One after the other for a tenant, or two could pass the bound together.
    PERFORM pg_advisory_xact_lock(1464158546, hashtext('collections ' || of_tenant));
    IF EXISTS (SELECT FROM collections WHERE tenant = of_tenant AND name = called) THEN
        RETURN false;
    END IF;
    IF (SELECT count(*) FROM collections WHERE tenant = of_tenant) >= most THEN
        RETURN NULL;
    END IF;
    INSERT INTO collections (tenant, name, created_ms) VALUES (of_tenant, called, now_ms);
    RETURN true;
END $$;

CREATE FUNCTION weir.delete_collection(of_tenant text, called text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    DELETE FROM collections WHERE tenant = of_tenant AND name = called;
    RETURN FOUND;
END $$;

-- Puts items, replacing those of the same ids. All or none: 'kept', 'missing' when the collection is not there (any more),
-- 'full' when it would hold more than it may.
CREATE FUNCTION weir.put_items(
    of_collection bigint, by_embedder text, item_ids text[], texts text[], sources text[], users text[], metadatas text[],
    vectors bytea[], most_items bigint, most_bytes bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    there collections;
    replaced record;
    added_bytes bigint;
BEGIN
    SELECT * INTO there FROM collections WHERE collections.id = of_collection FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'missing';
    END IF;
    SELECT count(*) AS n, coalesce(sum(octet_length(item.text) + octet_length(item.metadata)), 0) AS bytes INTO replaced
    FROM collection_items AS item WHERE item.collection_id = of_collection AND item.id = ANY (item_ids);
    SELECT sum(octet_length(new_text) + octet_length(new_metadata)) INTO added_bytes
    FROM unnest(texts, metadatas) AS added (new_text, new_metadata);
    IF there.items - replaced.n + cardinality(item_ids) > most_items
        OR there.text_bytes - replaced.bytes + added_bytes > most_bytes THEN
        RETURN 'full';
    END IF;
    DELETE FROM collection_items AS item WHERE item.collection_id = of_collection AND item.id = ANY (item_ids);
    INSERT INTO collection_items (collection_id, id, text, source, "user", metadata, embedder, vector)
    SELECT of_collection, one.id, one.text, one.source, one.of_user, one.metadata, by_embedder, one.vector
    FROM unnest(item_ids, texts, sources, users, metadatas, vectors) AS one (id, text, source, of_user, metadata, vector);
    RETURN 'kept';
END $$;

-- Deletes a collection's items by id, source or user, and says how many; nothing where the collection is not there.
CREATE FUNCTION weir.delete_items(of_tenant text, called text, by_kind text, wanted text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    there bigint;
    n bigint;
BEGIN
    SELECT collections.id INTO there FROM collections WHERE tenant = of_tenant AND name = called FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM collection_items AS item WHERE item.collection_id = there AND CASE by_kind
        WHEN 'id' THEN item.id = ANY (wanted)
        WHEN 'source' THEN item.source = ANY (wanted)
        WHEN 'user' THEN item."user" = ANY (wanted)
    END;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- Stores an item's vector of another embedder, if the item is still what was embedded.
CREATE FUNCTION weir.embed_item(of_seq bigint, by_embedder text, new_vector bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    old collection_items;
BEGIN
    -- The collection first, as all others take them, so that nobody waits in a circle.
    PERFORM 1 FROM collections WHERE collections.id = (SELECT collection_id FROM collection_items WHERE seq = of_seq) FOR UPDATE;
    DELETE FROM collection_items WHERE seq = of_seq AND embedder <> by_embedder RETURNING * INTO old;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO collection_items (collection_id, id, text, source, "user", metadata, embedder, vector)
    VALUES (old.collection_id, old.id, old.text, old.source, old."user", old.metadata, by_embedder, new_vector);
    RETURN true;
END $$;

-- Keeps a search's result, unless the collection has changed since. The oldest leave when there are too many.
CREATE FUNCTION weir.keep_result(
    of_collection bigint, of_version bigint, of_key bytea, until_ms bigint, what text, most bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    -- Whoever changes the collection waits for this, and then finds the result to delete it.
    PERFORM 1 FROM collections WHERE collections.id = of_collection AND version = of_version FOR SHARE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO search_results (key, collection_id, version, expires_ms, found)
    VALUES (of_key, of_collection, of_version, until_ms, what)
    ON CONFLICT (collection_id, key) DO UPDATE
    SET version = excluded.version, expires_ms = excluded.expires_ms, found = excluded.found;
    DELETE FROM search_results WHERE collection_id = of_collection AND key IN (
        SELECT one.key FROM search_results AS one WHERE one.collection_id = of_collection
        ORDER BY one.expires_ms DESC, one.key OFFSET most);
    RETURN true;
END $$;

-- A clear by source or by user takes the items of all collections, too; one of everything, all results.
CREATE FUNCTION weir.clear_collections() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    IF NEW.selector = 'all' THEN
        DELETE FROM search_results;
    ELSIF NEW.selector IN ('source', 'user') AND NEW.value <> '' THEN
        PERFORM 1 FROM collections WHERE collections.id IN (
            SELECT item.collection_id FROM collection_items AS item
            WHERE CASE NEW.selector WHEN 'source' THEN item.source ELSE item."user" END = NEW.value)
        ORDER BY collections.id FOR UPDATE;
        IF NEW.selector = 'source' THEN
            DELETE FROM collection_items WHERE source = NEW.value;
        ELSE
            DELETE FROM collection_items WHERE "user" = NEW.value;
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER cache_clears_reach_collections AFTER INSERT ON weir.cache_clears
FOR EACH ROW EXECUTE FUNCTION weir.clear_collections();

-- Labels that the judge gave.
ALTER TABLE weir.semantic_decisions DROP CONSTRAINT semantic_decisions_origin_check,
    ADD CONSTRAINT semantic_decisions_origin_check CHECK (origin IN ('', 'miss', 'shadow', 'audit', 'judge', 'feedback'));
