-- The vector-search cache: collections that applications fill, and results of searches over them.

CREATE TABLE collections (
    -- Never used twice, so that nothing of a deleted collection fits one that is made anew under its name.
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    tenant     TEXT    NOT NULL, -- the key's team, or the key
    name       TEXT    NOT NULL,
    -- Rises with every change of an item, by the triggers below: results of an older version are never used.
    version    INTEGER NOT NULL DEFAULT 0,
    items      INTEGER NOT NULL DEFAULT 0,
    text_bytes INTEGER NOT NULL DEFAULT 0, -- of texts and metadata
    created_ms INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

CREATE TABLE collection_items (
    -- A new number with each writing, so that a number always means the same text and vector of one embedder.
    seq           INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    id            TEXT    NOT NULL, -- the application's own
    text          TEXT    NOT NULL,
    source        TEXT    NOT NULL, -- empty for none
    user          TEXT    NOT NULL, -- empty for none
    metadata      TEXT    NOT NULL, -- JSON
    embedder      TEXT    NOT NULL,
    vector        BLOB    NOT NULL, -- 32-bit floats, little end first; empty for what could not be embedded
    UNIQUE (collection_id, id)
) STRICT;
CREATE INDEX collection_items_by_source   ON collection_items (source) WHERE source <> '';
CREATE INDEX collection_items_by_user     ON collection_items (user) WHERE user <> '';
CREATE INDEX collection_items_by_embedder ON collection_items (embedder, collection_id, seq);

CREATE TABLE search_results (
    key           BLOB    NOT NULL CHECK (length(key) = 32),
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    version       INTEGER NOT NULL, -- of the collection that was searched
    expires_ms    INTEGER NOT NULL,
    -- JSON: numbers of items with their similarities. No text, so nothing of an item outlives it.
    found         TEXT    NOT NULL,
    PRIMARY KEY (collection_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_results_by_expiry ON search_results (expires_ms);

-- Whoever changes items, by whatever way, makes the results of the version before unusable in the same transaction.
CREATE TRIGGER collection_items_added AFTER INSERT ON collection_items BEGIN
    UPDATE collections SET version = version + 1, items = items + 1,
        text_bytes = text_bytes + octet_length(NEW.text) + octet_length(NEW.metadata) WHERE id = NEW.collection_id;
END;
CREATE TRIGGER collection_items_removed AFTER DELETE ON collection_items BEGIN
    UPDATE collections SET version = version + 1, items = items - 1,
        text_bytes = text_bytes - octet_length(OLD.text) - octet_length(OLD.metadata) WHERE id = OLD.collection_id;
END;
CREATE TRIGGER collections_changed AFTER UPDATE OF version ON collections BEGIN
    DELETE FROM search_results WHERE collection_id = NEW.id;
END;

-- Labels that the judge gave. SQLite can change a check only by making the table anew.
CREATE TABLE semantic_decisions_judged (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    request_id  TEXT    NOT NULL UNIQUE,
    at_ms       INTEGER NOT NULL,
    group_name  TEXT    NOT NULL,
    team        TEXT    NOT NULL,
    intent      TEXT    NOT NULL,
    question    TEXT    NOT NULL,
    entry_id    INTEGER NOT NULL,
    key         TEXT    NOT NULL,        -- of the neighbour's answer
    neighbour   TEXT    NOT NULL,        -- its question
    distance    REAL    NOT NULL,
    stated      REAL    NOT NULL,        -- before correction by how earlier statements turned out
    probability REAL    NOT NULL,
    threshold   REAL,                    -- NULL while there is too little evidence for any hit
    objections  TEXT    NOT NULL,        -- what guards objected to, in words
    evidence    TEXT    NOT NULL,        -- JSON: features and differing words
    outcome     TEXT    NOT NULL CHECK (outcome IN ('served', 'would_serve', 'bought')),
    same        INTEGER CHECK (same IN (0, 1)),
    origin      TEXT    NOT NULL CHECK (origin IN ('', 'miss', 'shadow', 'audit', 'judge', 'feedback')),
    audit_nanousd INTEGER NOT NULL DEFAULT 0 CHECK (audit_nanousd >= 0)
) STRICT;
INSERT INTO semantic_decisions_judged (seq, request_id, at_ms, group_name, team, intent, question, entry_id, key, neighbour,
    distance, stated, probability, threshold, objections, evidence, outcome, same, origin, audit_nanousd)
SELECT seq, request_id, at_ms, group_name, team, intent, question, entry_id, key, neighbour,
    distance, stated, probability, threshold, objections, evidence, outcome, same, origin, audit_nanousd
FROM semantic_decisions;
DROP TABLE semantic_decisions;
ALTER TABLE semantic_decisions_judged RENAME TO semantic_decisions;
CREATE INDEX semantic_decisions_by_group  ON semantic_decisions (group_name, seq);
CREATE INDEX semantic_decisions_by_intent ON semantic_decisions (intent, seq);
CREATE INDEX semantic_decisions_by_time   ON semantic_decisions (at_ms);

CREATE TRIGGER semantic_label_recorded AFTER INSERT ON semantic_decisions WHEN NEW.same IS NOT NULL BEGIN
    INSERT INTO semantic_changes (at_ms, group_name, kind, request_id, one, other)
    VALUES (unixepoch() * 1000, NEW.group_name, 'label', NEW.request_id, '', '');
END;
CREATE TRIGGER semantic_label_given AFTER UPDATE ON semantic_decisions
WHEN NEW.same IS NOT OLD.same OR NEW.origin IS NOT OLD.origin BEGIN
    INSERT INTO semantic_changes (at_ms, group_name, kind, request_id, one, other)
    VALUES (unixepoch() * 1000, NEW.group_name, 'label', NEW.request_id, '', '');
END;
