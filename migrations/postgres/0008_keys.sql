-- Whose a key is, what it may do, until when, how often, and its secret before the last rotation. Keys are changed through
-- functions alone, which write what was done into a log.

ALTER TABLE weir.virtual_keys
    ADD COLUMN owner text NOT NULL DEFAULT '',
    -- JSON; an empty object is no restriction.
    ADD COLUMN scopes text NOT NULL DEFAULT '{}',
    ADD COLUMN expires_ms bigint,
    -- JSON of the key's own limit.
    ADD COLUMN own_limit text,
    -- Still accepted until then; all three stand or none.
    ADD COLUMN previous_sha256 bytea CHECK (length(previous_sha256) = 32),
    ADD COLUMN previous_last_four text,
    ADD COLUMN previous_until_ms bigint;

-- Keys as people may see them: secrets only by their fingerprints, the beginning of the hash of the hash that is kept. Who may
-- read this need not be allowed to read the table.
CREATE VIEW weir.keys_shown AS
SELECT id, name, owner, team, scopes, expires_ms, own_limit, last_four, created_ms, revoked_ms, last_used_ms,
       left(encode(sha256(secret_sha256), 'hex'), 8) AS fingerprint,
       left(encode(sha256(previous_sha256), 'hex'), 8) AS previous_fingerprint, previous_last_four, previous_until_ms
FROM weir.virtual_keys;

CREATE TABLE weir.key_changes (
    seq    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id text   COLLATE "C" NOT NULL,
    change text   NOT NULL CHECK (change IN ('added', 'updated', 'rotated', 'overlap_ended', 'revoked')),
    -- What was there before, without any hash; none when it was added.
    before text,
    -- The database role that made the change, which nobody can choose freely.
    role   text   NOT NULL DEFAULT session_user,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX key_changes_by_key ON weir.key_changes (key_id, seq);
CREATE TRIGGER key_changes_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON weir.key_changes
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_change();

-- Writes the log. Gateways hear of it on the channel `weir_keys` and look the key up anew.
CREATE FUNCTION weir.log_key_change(changed weir.virtual_keys, what text, was text) RETURNS void
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
BEGIN
    INSERT INTO key_changes (key_id, change, before) VALUES (changed.id, what, was);
    PERFORM pg_notify('weir_keys', changed.id);
END $$;

-- What a log may hold of a key.
CREATE FUNCTION weir.key_without_secrets(one weir.virtual_keys) RETURNS text
LANGUAGE sql STABLE SET search_path = weir, pg_temp AS $$
    SELECT (to_jsonb(one) - 'secret_sha256' - 'previous_sha256' - 'last_used_ms')::text
$$;

DROP FUNCTION weir.add_key(text, text, text, text, bigint, bigint, bigint, bytea);
-- False when the id is taken.
CREATE FUNCTION weir.add_key(
    key_id text, key_name text, key_owner text, key_team text, key_scopes text, key_expires_ms bigint, key_limit text,
    key_last_four text, key_created_ms bigint, key_revoked_ms bigint, key_last_used_ms bigint, key_secret_sha256 bytea)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    added virtual_keys;
BEGIN
    INSERT INTO virtual_keys (id, name, owner, team, scopes, expires_ms, own_limit, last_four, created_ms, revoked_ms,
                              last_used_ms, secret_sha256)
    VALUES (key_id, key_name, key_owner, key_team, key_scopes, key_expires_ms, key_limit, key_last_four, key_created_ms,
            key_revoked_ms, key_last_used_ms, key_secret_sha256)
    ON CONFLICT DO NOTHING RETURNING * INTO added;
    IF found THEN
        PERFORM log_key_change(added, 'added', NULL);
        RETURN true;
    END IF;
    RETURN false;
END $$;

-- Writes what an administrator may change of a key; false when there is no such key.
CREATE FUNCTION weir.update_key(
    key_id text, key_name text, key_owner text, key_team text, key_scopes text, key_expires_ms bigint, key_limit text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known virtual_keys;
BEGIN
    SELECT * INTO known FROM virtual_keys WHERE id = key_id FOR UPDATE;
    IF NOT found THEN
        RETURN false;
    END IF;
    UPDATE virtual_keys SET name = key_name, owner = key_owner, team = key_team, scopes = key_scopes,
        expires_ms = key_expires_ms, own_limit = key_limit
    WHERE id = key_id;
    PERFORM log_key_change(known, 'updated', key_without_secrets(known));
    RETURN true;
END $$;

-- Puts a new secret in place of the one there. `changed` is false when there is no such key or it is revoked; then, or rather
-- instead, `overlap_ends_ms` tells that the secret before the present one still works.
CREATE FUNCTION weir.rotate_key(
    key_id text, new_sha256 bytea, new_last_four text, old_until_ms bigint, now_ms bigint,
    OUT changed boolean, OUT overlap_ends_ms bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known virtual_keys;
BEGIN
    changed := false;
    SELECT * INTO known FROM virtual_keys WHERE id = key_id AND revoked_ms IS NULL FOR UPDATE;
    IF NOT found THEN
        RETURN;
    END IF;
    IF known.previous_sha256 IS NOT NULL AND known.previous_until_ms > now_ms THEN
        overlap_ends_ms := known.previous_until_ms;
        RETURN;
    END IF;
    UPDATE virtual_keys SET previous_sha256 = secret_sha256, previous_last_four = last_four, previous_until_ms = old_until_ms,
        secret_sha256 = new_sha256, last_four = new_last_four
    WHERE id = key_id;
    PERFORM log_key_change(known, 'rotated', key_without_secrets(known));
    changed := true;
END $$;

-- Stops the secret before the present one; false when there is no such key.
CREATE FUNCTION weir.end_overlap(key_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known virtual_keys;
BEGIN
    SELECT * INTO known FROM virtual_keys WHERE id = key_id FOR UPDATE;
    IF NOT found THEN
        RETURN false;
    END IF;
    UPDATE virtual_keys SET previous_sha256 = NULL, previous_last_four = NULL, previous_until_ms = NULL WHERE id = key_id;
    PERFORM log_key_change(known, 'overlap_ended', key_without_secrets(known));
    RETURN true;
END $$;

DROP FUNCTION weir.revoke_key(text, bigint);
-- Revokes; a key that is revoked already keeps its first time. False when there is no such key.
CREATE FUNCTION weir.revoke_key(key_id text, now_ms bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known virtual_keys;
BEGIN
    SELECT * INTO known FROM virtual_keys WHERE id = key_id FOR UPDATE;
    IF NOT found THEN
        RETURN false;
    END IF;
    IF known.revoked_ms IS NULL THEN
        UPDATE virtual_keys SET revoked_ms = now_ms WHERE id = key_id;
        PERFORM log_key_change(known, 'revoked', key_without_secrets(known));
    END IF;
    RETURN true;
END $$;
