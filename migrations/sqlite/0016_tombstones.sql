-- Clears that can be undone: what is cleared is marked and served no more, and its rows go when nobody can want them back.

-- Whose answer it is: `team:` and the team, or `key:` and the id of a key without one. Empty for those kept before this step.
ALTER TABLE cache_entries ADD COLUMN tenant TEXT NOT NULL DEFAULT '';

-- What became of cached answers: clears and what ended them. Each gateway reads on from the number that it followed last, and
-- a shared cache compares the newest number with its own. Insert-only: what a clear has come to is told by the row that ended it.
CREATE TABLE cache_clears (
    -- Never used twice.
    seq           INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    act           TEXT    NOT NULL CHECK (act IN ('clear', 'undo', 'purge', 'drop')),
    of_seq        INTEGER, -- the clear that an undo or a purge ends
    selector      TEXT    NOT NULL CHECK (selector IN ('all', 'entry', 'intent', 'model', 'prefix', 'source', 'user')),
    -- What memory has to forget; empty for sources and users, where it forgets all.
    value         TEXT    NOT NULL,
    keys          TEXT,    -- JSON array of what was cleared; NULL where that is much
    shown         TEXT    NOT NULL, -- the selector as JSON, with people made unusable
    who           TEXT    NOT NULL,
    at_ms         INTEGER NOT NULL,
    entries       INTEGER NOT NULL CHECK (entries >= 0),
    bytes         INTEGER NOT NULL CHECK (bytes >= 0),
    saved_nanousd INTEGER NOT NULL,
    collection_items INTEGER NOT NULL CHECK (collection_items >= 0) -- deleted with it; no undo brings them back
) STRICT;
-- A clear is ended once.
CREATE UNIQUE INDEX cache_clears_ended ON cache_clears (of_seq) WHERE of_seq IS NOT NULL;
CREATE INDEX cache_clears_shown ON cache_clears (seq) WHERE act = 'clear';
CREATE INDEX cache_clears_purged ON cache_clears (at_ms) WHERE act = 'purge';
CREATE TRIGGER cache_clears_are_never_updated BEFORE UPDATE ON cache_clears
BEGIN SELECT RAISE(ABORT, 'the clears of the cache are insert-only'); END;
CREATE TRIGGER cache_clears_are_never_deleted BEFORE DELETE ON cache_clears
BEGIN SELECT RAISE(ABORT, 'the clears of the cache are insert-only'); END;

-- Cached answers that are served no more. A table of its own, so that a clear need not write the answers anew.
CREATE TABLE cache_tombstones (
    key       TEXT    PRIMARY KEY NOT NULL,
    clear_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cache_tombstones_by_clear ON cache_tombstones (clear_seq);

CREATE TRIGGER cache_tombstones_go AFTER DELETE ON cache_entries BEGIN
    DELETE FROM cache_tombstones WHERE key = OLD.key;
END;
-- A new answer replaces a cleared one, with its question and its marks.
CREATE TRIGGER cache_entries_replace_cleared BEFORE INSERT ON cache_entries
WHEN EXISTS (SELECT 1 FROM cache_tombstones WHERE key = NEW.key) BEGIN
    DELETE FROM cache_entries WHERE key = NEW.key;
END;

-- The newest row of cache_clears that each gateway has followed.
ALTER TABLE gateways ADD COLUMN cache_seq INTEGER NOT NULL DEFAULT 0;
