-- Whose a key is, what it may do, until when, how often, and its secret before the last rotation.

ALTER TABLE virtual_keys ADD COLUMN owner TEXT NOT NULL DEFAULT '';
-- JSON; an empty object is no restriction.
ALTER TABLE virtual_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE virtual_keys ADD COLUMN expires_ms INTEGER;
-- JSON of the key's own limit.
ALTER TABLE virtual_keys ADD COLUMN own_limit TEXT;
-- Still accepted until then; all three stand or none.
ALTER TABLE virtual_keys ADD COLUMN previous_sha256 BLOB CHECK (previous_sha256 IS NULL OR length(previous_sha256) = 32);
ALTER TABLE virtual_keys ADD COLUMN previous_last_four TEXT;
ALTER TABLE virtual_keys ADD COLUMN previous_until_ms INTEGER;
