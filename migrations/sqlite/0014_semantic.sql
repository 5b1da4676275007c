-- The semantic cache: questions with their vectors, what was decided on them, pairs that must never match, and the tags
-- by which cached answers are dropped.

-- Sources an answer was made from, and the user it was made for.
CREATE TABLE cache_marks (
    kind  TEXT NOT NULL CHECK (kind IN ('source', 'user')),
    value TEXT NOT NULL,
    key   TEXT NOT NULL,
    PRIMARY KEY (kind, value, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX cache_marks_by_key ON cache_marks (key);

CREATE TABLE semantic_entries (
    -- Never used twice, so that other gateways can say up to where they have read.
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- Everything but question and embedder that two calls must share.
    base       BLOB    NOT NULL CHECK (length(base) = 32),
    -- The same with the embedder; neighbours are looked for in one of these alone.
    namespace  BLOB    NOT NULL CHECK (length(namespace) = 32),
    embedder   TEXT    NOT NULL,
    group_name TEXT    NOT NULL,
    key        TEXT    NOT NULL UNIQUE, -- of the cached answer
    question   TEXT    NOT NULL,
    answer_id  INTEGER NOT NULL,        -- the entry whose answer it was found equal to; 0 for its own
    expires_ms INTEGER NOT NULL,
    vector     BLOB    NOT NULL         -- 32-bit floats, little end first
) STRICT;
CREATE INDEX semantic_entries_by_namespace ON semantic_entries (namespace, id);
CREATE INDEX semantic_entries_by_embedder  ON semantic_entries (embedder);

-- However an answer goes (cleared, expired, replaced by another app version), its question goes in the same transaction.
CREATE TRIGGER cache_entries_gone AFTER DELETE ON cache_entries BEGIN
    DELETE FROM semantic_entries WHERE key = OLD.key;
    DELETE FROM cache_marks WHERE key = OLD.key;
END;

CREATE TABLE semantic_decisions (
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
    origin      TEXT    NOT NULL CHECK (origin IN ('', 'miss', 'shadow', 'audit', 'feedback')),
    audit_nanousd INTEGER NOT NULL DEFAULT 0 CHECK (audit_nanousd >= 0)
) STRICT;
CREATE INDEX semantic_decisions_by_group  ON semantic_decisions (group_name, seq);
CREATE INDEX semantic_decisions_by_intent ON semantic_decisions (intent, seq);
CREATE INDEX semantic_decisions_by_time   ON semantic_decisions (at_ms);

CREATE TABLE semantic_never (
    group_name TEXT    NOT NULL,
    one        TEXT    NOT NULL,
    other      TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    who        TEXT    NOT NULL,
    PRIMARY KEY (group_name, one, other)
) STRICT, WITHOUT ROWID;

-- What gateways that hold a group in memory must hear of.
CREATE TABLE semantic_changes (
    -- Never used twice, so that gateways can say up to where they have read.
    seq        INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at_ms      INTEGER NOT NULL,
    group_name TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('label', 'never', 'allowed')),
    request_id TEXT    NOT NULL, -- of a label
    one        TEXT    NOT NULL, -- of a pair
    other      TEXT    NOT NULL
) STRICT;
CREATE INDEX semantic_changes_by_time ON semantic_changes (at_ms);

CREATE TRIGGER semantic_label_recorded AFTER INSERT ON semantic_decisions WHEN NEW.same IS NOT NULL BEGIN
    INSERT INTO semantic_changes (at_ms, group_name, kind, request_id, one, other)
    VALUES (unixepoch() * 1000, NEW.group_name, 'label', NEW.request_id, '', '');
END;
CREATE TRIGGER semantic_label_given AFTER UPDATE ON semantic_decisions
WHEN NEW.same IS NOT OLD.same OR NEW.origin IS NOT OLD.origin BEGIN
    INSERT INTO semantic_changes (at_ms, group_name, kind, request_id, one, other)
    VALUES (unixepoch() * 1000, NEW.group_name, 'label', NEW.request_id, '', '');
END;
CREATE TRIGGER semantic_never_added AFTER INSERT ON semantic_never BEGIN
    INSERT INTO semantic_changes (at_ms, group_name, kind, request_id, one, other)
    VALUES (unixepoch() * 1000, NEW.group_name, 'never', '', NEW.one, NEW.other);
END;
CREATE TRIGGER semantic_never_removed AFTER DELETE ON semantic_never BEGIN
    INSERT INTO semantic_changes (at_ms, group_name, kind, request_id, one, other)
    VALUES (unixepoch() * 1000, OLD.group_name, 'allowed', '', OLD.one, OLD.other);
END;
