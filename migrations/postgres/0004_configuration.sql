-- Versioned configuration and virtual keys. Both are changed through functions alone, which write the log in the same
-- transaction: a role that may call them need not be allowed to write to the tables.

CREATE TABLE weir.config_items (
    kind    text   COLLATE "C" NOT NULL,
    name    text   COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    body    text   NOT NULL, -- JSON
    PRIMARY KEY (kind, name)
);

CREATE TABLE weir.config_changes (
    version bigint PRIMARY KEY,
    kind    text   NOT NULL,
    name    text   NOT NULL,
    before  text, -- none when it was created
    after   text, -- none when it was deleted
    who     text   NOT NULL,
    -- The database role that made the change, which nobody can choose freely.
    role    text   NOT NULL DEFAULT session_user,
    at_ms   bigint NOT NULL
);
CREATE TRIGGER config_changes_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON weir.config_changes
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_change();

-- Creates (`expected` 0), replaces or, without a body, deletes one item. Replies the new version; or, with `changed` false,
-- the version that is there instead of the expected one. Gateways hear of it on the channel `weir_config`.
CREATE FUNCTION weir.change_config(
    wanted_kind text, wanted_name text, new_body text, expected bigint, by_whom text, now_ms bigint,
    OUT changed boolean, OUT found_version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    found_body text;
BEGIN
    -- Changes come one after the other, so that a version that can be seen is never followed by a lower one.
    PERFORM pg_advisory_xact_lock(1464158546, 2);
    SELECT version, body INTO found_version, found_body FROM config_items WHERE kind = wanted_kind AND name = wanted_name;
    found_version := coalesce(found_version, 0);
    IF found_version <> expected OR (new_body IS NULL AND found_version = 0) THEN
        changed := false;
        RETURN;
    END IF;
    SELECT coalesce(max(version), 0) + 1 INTO found_version FROM config_changes;
    INSERT INTO config_changes (version, kind, name, before, after, who, at_ms)
    VALUES (found_version, wanted_kind, wanted_name, found_body, new_body, by_whom, now_ms);
    IF new_body IS NULL THEN
        DELETE FROM config_items WHERE kind = wanted_kind AND name = wanted_name;
    ELSE
        INSERT INTO config_items (kind, name, version, body) VALUES (wanted_kind, wanted_name, found_version, new_body)
        ON CONFLICT ON CONSTRAINT config_items_pkey DO UPDATE SET version = excluded.version, body = excluded.body;
    END IF;
    PERFORM pg_notify('weir_config', found_version::text);
    changed := true;
END $$;

CREATE TABLE weir.virtual_keys (
    id            text   COLLATE "C" PRIMARY KEY,
    name          text   NOT NULL,
    team          text   NOT NULL,
    last_four     text   NOT NULL,
    created_ms    bigint NOT NULL,
    revoked_ms    bigint,
    last_used_ms  bigint,
    secret_sha256 bytea  NOT NULL CHECK (length(secret_sha256) = 32)
);

-- False when the id is taken.
CREATE FUNCTION weir.add_key(
    key_id text, key_name text, key_team text, key_last_four text, key_created_ms bigint, key_revoked_ms bigint,
    key_last_used_ms bigint, key_secret_sha256 bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    INSERT INTO virtual_keys (id, name, team, last_four, created_ms, revoked_ms, last_used_ms, secret_sha256)
    VALUES (key_id, key_name, key_team, key_last_four, key_created_ms, key_revoked_ms, key_last_used_ms, key_secret_sha256)
    ON CONFLICT DO NOTHING;
    RETURN found;
END $$;

-- Revokes; a key that is revoked already keeps its first time.
CREATE FUNCTION weir.revoke_key(key_id text, now_ms bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
    UPDATE virtual_keys SET revoked_ms = coalesce(revoked_ms, now_ms) WHERE id = key_id
$$;
