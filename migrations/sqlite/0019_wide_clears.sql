-- Clears that mean so many answers that marking each would keep the writer busy for seconds: a row says what is meant, and every
-- look-up judges by it. An undo removes the row.

CREATE TABLE cache_wide_clears (
    seq        INTEGER PRIMARY KEY NOT NULL, -- of the clear in cache_clears
    -- The newest entry when it was made. Those that are put later have higher numbers, whatever was deleted meanwhile.
    last_entry INTEGER NOT NULL,
    selector   TEXT    NOT NULL CHECK (selector IN ('all', 'entry', 'intent', 'model', 'prefix', 'source', 'user')),
    value      TEXT    NOT NULL,
    tenant     TEXT             -- NULL for all
) STRICT;

-- What they mean. Says of a selector what `CacheSelector::means` says.
CREATE VIEW widely_cleared (clear_seq, entry_seq) AS
SELECT wide.seq, entry.seq FROM cache_wide_clears AS wide CROSS JOIN cache_entries AS entry
WHERE entry.seq <= wide.last_entry
      AND CASE wide.selector
          WHEN 'all' THEN 1
          WHEN 'entry' THEN entry.key = wide.value
          WHEN 'intent' THEN entry.intent = wide.value
          WHEN 'model' THEN entry.model = wide.value OR entry.provider || '/' || entry.model = wide.value
          WHEN 'prefix' THEN substr(entry.label, 1, length(wide.value)) = wide.value
          ELSE EXISTS (SELECT 1 FROM cache_marks AS mark
                       WHERE mark.kind = wide.selector AND mark.value = wide.value AND mark.key = entry.key)
          END
      -- Last, because it lies behind the answer.
      AND (wide.tenant IS NULL OR entry.tenant = wide.tenant
           OR (entry.tenant = '' AND entry.team <> '' AND 'team:' || entry.team = wide.tenant));

-- Entries that no clear means.
CREATE VIEW served_entries AS
SELECT entry.seq, entry.key, entry.label, entry.intent, entry.provider, entry.model, entry.tier, entry.team, entry.created_ms,
       entry.expires_ms, entry.last_hit_ms, entry.hits, entry.bytes, entry.cost_nanousd, entry.app_version, entry.tenant, entry.body
FROM cache_entries AS entry
WHERE NOT EXISTS (SELECT 1 FROM cache_tombstones AS tomb WHERE tomb.key = entry.key)
      AND NOT EXISTS (SELECT 1 FROM widely_cleared AS wide WHERE wide.entry_seq = entry.seq);

-- As before, also where a wide clear means the old answer.
DROP TRIGGER cache_entries_replace_cleared;
CREATE TRIGGER cache_entries_replace_cleared BEFORE INSERT ON cache_entries
WHEN EXISTS (SELECT 1 FROM cache_entries WHERE key = NEW.key)
     AND NOT EXISTS (SELECT 1 FROM served_entries WHERE key = NEW.key) BEGIN
    DELETE FROM cache_entries WHERE key = NEW.key;
END;
