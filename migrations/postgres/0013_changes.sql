-- The log of changes: who changed what, hash-chained; see engine::change. The functions that change things write it, in the
-- same transaction; `key_changes` gets no rows any more. Keys get versions, so that two windows lose no update.

CREATE TABLE weir.changes (
    -- Without gaps: the next is the newest and one, read under the log's lock.
    seq            bigint PRIMARY KEY CHECK (seq > 0),
    at_ms          bigint NOT NULL,
    os_user        text   NOT NULL,
    profile        text   NOT NULL,
    -- The database role that made the change, which nobody can choose freely.
    role           text   NOT NULL,
    door           text   NOT NULL, -- window, script, gateway
    weir_version   text   NOT NULL,
    command        text   NOT NULL,
    kind           text   NOT NULL,
    name           text   NOT NULL,
    before         text, -- JSON with secrets and people made unusable; none when it was created
    after          text, -- the same; none when it was deleted
    reason         text   NOT NULL,
    config_version bigint, -- the row of config_changes; none for what is no configuration
    undoes         bigint,
    sha256         text   NOT NULL CHECK (length(sha256) = 64) -- over this row and the hash of the row before
);
CREATE INDEX changes_undone ON weir.changes (undoes, seq) WHERE undoes IS NOT NULL;
CREATE INDEX changes_by_config_version ON weir.changes (config_version) WHERE config_version IS NOT NULL;
CREATE TRIGGER changes_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON weir.changes
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_change();

-- What an undo of a key's change puts back, in full; forgotten after 30 days. Configuration has config_changes for that.
CREATE TABLE weir.change_undos (
    seq     bigint PRIMARY KEY,
    kind    text   NOT NULL,
    name    text   NOT NULL,
    before  text, -- JSON
    version bigint NOT NULL, -- that the change made
    at_ms   bigint NOT NULL
);

-- Makes the marks of people in the log mean nothing elsewhere.
CREATE TABLE weir.change_salt (
    id   bigint PRIMARY KEY CHECK (id = 1),
    salt bytea  NOT NULL CHECK (length(salt) = 32)
);
INSERT INTO weir.change_salt (id, salt)
VALUES (1, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- A part of what is hashed, with its length before it.
CREATE FUNCTION weir.hash_part(piece bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = weir, pg_temp AS $$
    SELECT int8send(length(piece)::bigint) || piece
$$;
CREATE FUNCTION weir.hash_part(piece text) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = weir, pg_temp AS $$
    SELECT hash_part(convert_to(piece, 'UTF8'))
$$;
-- One that may be missing, told from an empty one.
CREATE FUNCTION weir.hash_part_or_none(piece bytea, nothing bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = weir, pg_temp AS $$
    SELECT hash_part(CASE WHEN piece IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea END) || hash_part(coalesce(piece, nothing))
$$;

-- The same as engine::change::chain::hash.
CREATE FUNCTION weir.hash_change(one weir.changes, previous text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = weir, pg_temp AS $$
    SELECT encode(sha256(
        hash_part('weir change 1'::text) || hash_part(previous) || hash_part(int8send(one.seq)) || hash_part(int8send(one.at_ms))
        || hash_part(one.os_user) || hash_part(one.profile) || hash_part(one.role) || hash_part(one.door)
        || hash_part(one.weir_version) || hash_part(one.command) || hash_part(one.kind) || hash_part(one.name)
        || hash_part(one.reason)
        || hash_part_or_none(convert_to(one.before, 'UTF8'), ''::bytea)
        || hash_part_or_none(convert_to(one.after, 'UTF8'), ''::bytea)
        || hash_part_or_none(int8send(one.config_version), int8send(0))
        || hash_part_or_none(int8send(one.undoes), int8send(0))), 'hex')
$$;

-- Writes a row of the log; its number. What is `said` (JSON) is the caller's, who alone knows how to make secrets and people
-- unusable; number, role and hash are made here. The lock is always the last that a transaction takes.
CREATE FUNCTION weir.append_change(said jsonb, made_version bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = weir, pg_temp AS $$
DECLARE
    last_seq  bigint;
    last_hash text;
    made      changes;
BEGIN
    PERFORM pg_advisory_xact_lock(1464158546, 8);
    SELECT log.seq, log.sha256 INTO last_seq, last_hash FROM changes AS log ORDER BY log.seq DESC LIMIT 1;
    made.seq := coalesce(last_seq, 0) + 1;
    made.at_ms := (said ->> 'at_ms')::bigint;
    made.os_user := said ->> 'user';
    made.profile := said ->> 'profile';
    made.role := session_user;
    made.door := said ->> 'door';
    made.weir_version := said ->> 'version';
    made.command := said ->> 'command';
    made.kind := said ->> 'kind';
    made.name := said ->> 'name';
    made.before := said ->> 'before';
    made.after := said ->> 'after';
    made.reason := said ->> 'reason';
    made.config_version := made_version;
    made.undoes := (said ->> 'undoes')::bigint;
    made.sha256 := hash_change(made, coalesce(last_hash, ''));
    INSERT INTO changes VALUES (made.*);
    RETURN made.seq;
END $$;

-- Writes a row for something that is no write of its own; its number.
CREATE FUNCTION weir.note_change(said text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
    SELECT append_change(said::jsonb, NULL)
$$;

DROP FUNCTION weir.change_config(text, text, text, bigint, text, bigint);
-- Creates (`expected` 0), replaces or, without a body, deletes one item. Replies the new version; or, with `changed` false,
-- the version that is there instead of the expected one. Gateways hear of it on the channel `weir_config`.
CREATE FUNCTION weir.change_config(
    wanted_kind text, wanted_name text, new_body text, expected bigint, by_whom text, now_ms bigint, said text,
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
    PERFORM append_change(said::jsonb, found_version);
    PERFORM pg_notify('weir_config', found_version::text);
    changed := true;
END $$;

ALTER TABLE weir.virtual_keys
    -- Rises when an administrator writes the key.
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    -- Rises with every change, so that the log says what was there before.
    ADD COLUMN revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0);

CREATE OR REPLACE VIEW weir.keys_shown AS
SELECT id, name, owner, team, scopes, expires_ms, own_limit, last_four, created_ms, revoked_ms, last_used_ms,
       left(encode(sha256(secret_sha256), 'hex'), 8) AS fingerprint,
       left(encode(sha256(previous_sha256), 'hex'), 8) AS previous_fingerprint, previous_last_four, previous_until_ms,
       version, revision
FROM weir.virtual_keys;

DROP FUNCTION weir.add_key(text, text, text, text, text, bigint, text, text, bigint, bigint, bigint, bytea);
-- False when the id is taken. Gateways hear of changed keys on the channel `weir_keys` and look them up anew.
CREATE FUNCTION weir.add_key(
    key_id text, key_name text, key_owner text, key_team text, key_scopes text, key_expires_ms bigint, key_limit text,
    key_last_four text, key_created_ms bigint, key_revoked_ms bigint, key_last_used_ms bigint, key_secret_sha256 bytea, said text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    INSERT INTO virtual_keys (id, name, owner, team, scopes, expires_ms, own_limit, last_four, created_ms, revoked_ms,
                              last_used_ms, secret_sha256)
    VALUES (key_id, key_name, key_owner, key_team, key_scopes, key_expires_ms, key_limit, key_last_four, key_created_ms,
            key_revoked_ms, key_last_used_ms, key_secret_sha256)
    ON CONFLICT DO NOTHING;
    IF NOT found THEN
        RETURN false;
    END IF;
    PERFORM append_change(said::jsonb, NULL);
    PERFORM pg_notify('weir_keys', key_id);
    RETURN true;
END $$;

-- The four that change a key say `done`; or `gone` when there is no such key, and `stale` when it has not the revision that the
-- caller read: then it reads anew.

DROP FUNCTION weir.update_key(text, text, text, text, text, bigint, text);
-- Writes what an administrator may change of a key.
CREATE FUNCTION weir.update_key(
    key_id text, key_name text, key_owner text, key_team text, key_scopes text, key_expires_ms bigint, key_limit text,
    read_revision bigint, said text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known    virtual_keys;
    said_seq bigint;
BEGIN
    SELECT * INTO known FROM virtual_keys WHERE id = key_id FOR UPDATE;
    IF NOT found THEN
        RETURN 'gone';
    END IF;
    IF known.revision <> read_revision THEN
        RETURN 'stale';
    END IF;
    UPDATE virtual_keys SET name = key_name, owner = key_owner, team = key_team, scopes = key_scopes,
        expires_ms = key_expires_ms, own_limit = key_limit, version = version + 1, revision = revision + 1
    WHERE id = key_id;
    said_seq := append_change(said::jsonb, NULL);
    INSERT INTO change_undos (seq, kind, name, before, version, at_ms)
    VALUES (said_seq, 'virtual_key', key_id,
            jsonb_build_object('name', known.name, 'owner', known.owner, 'team', known.team, 'scopes', known.scopes::jsonb,
                'expires_ms', known.expires_ms, 'limit', known.own_limit::jsonb)::text,
            known.version + 1, (said::jsonb ->> 'at_ms')::bigint);
    PERFORM pg_notify('weir_keys', key_id);
    RETURN 'done';
END $$;

DROP FUNCTION weir.rotate_key(text, bytea, text, bigint, bigint);
-- Puts a new secret in place of the one there. A revoked key is `gone`, too. With `overlapping`, the secret before the present
-- one still works until `overlap_ends_ms`.
CREATE FUNCTION weir.rotate_key(
    key_id text, new_sha256 bytea, new_last_four text, old_until_ms bigint, now_ms bigint, read_revision bigint, said text,
    OUT outcome text, OUT overlap_ends_ms bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known virtual_keys;
BEGIN
    SELECT * INTO known FROM virtual_keys WHERE id = key_id AND revoked_ms IS NULL FOR UPDATE;
    IF NOT found THEN
        outcome := 'gone';
        RETURN;
    END IF;
    IF known.previous_sha256 IS NOT NULL AND known.previous_until_ms > now_ms THEN
        outcome := 'overlapping';
        overlap_ends_ms := known.previous_until_ms;
        RETURN;
    END IF;
    IF known.revision <> read_revision THEN
        outcome := 'stale';
        RETURN;
    END IF;
    UPDATE virtual_keys SET previous_sha256 = secret_sha256, previous_last_four = last_four, previous_until_ms = old_until_ms,
        secret_sha256 = new_sha256, last_four = new_last_four, revision = revision + 1
    WHERE id = key_id;
    PERFORM append_change(said::jsonb, NULL);
    PERFORM pg_notify('weir_keys', key_id);
    outcome := 'done';
END $$;

DROP FUNCTION weir.end_overlap(text);
-- Stops the secret before the present one.
CREATE FUNCTION weir.end_overlap(key_id text, read_revision bigint, said text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known virtual_keys;
BEGIN
    SELECT * INTO known FROM virtual_keys WHERE id = key_id FOR UPDATE;
    IF NOT found THEN
        RETURN 'gone';
    END IF;
    IF known.revision <> read_revision THEN
        RETURN 'stale';
    END IF;
    UPDATE virtual_keys SET previous_sha256 = NULL, previous_last_four = NULL, previous_until_ms = NULL, revision = revision + 1
    WHERE id = key_id;
    PERFORM append_change(said::jsonb, NULL);
    PERFORM pg_notify('weir_keys', key_id);
    RETURN 'done';
END $$;

DROP FUNCTION weir.revoke_key(text, bigint);
-- Revokes; a key that is revoked already keeps its first time.
CREATE FUNCTION weir.revoke_key(key_id text, now_ms bigint, read_revision bigint, said text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    known virtual_keys;
BEGIN
    SELECT * INTO known FROM virtual_keys WHERE id = key_id FOR UPDATE;
    IF NOT found THEN
        RETURN 'gone';
    END IF;
    IF known.revision <> read_revision THEN
        RETURN 'stale';
    END IF;
    UPDATE virtual_keys SET revoked_ms = coalesce(revoked_ms, now_ms), revision = revision + 1 WHERE id = key_id;
    PERFORM append_change(said::jsonb, NULL);
    PERFORM pg_notify('weir_keys', key_id);
    RETURN 'done';
END $$;

DROP FUNCTION weir.log_key_change(weir.virtual_keys, text, text);
DROP FUNCTION weir.key_without_secrets(weir.virtual_keys);

-- As before, with a row in the log: what went is added to its `before`. Without anything said there is none: what Weir itself
-- found unusable is no change that anybody made.
DROP FUNCTION weir.clear_cache(text, text);
CREATE FUNCTION weir.clear_cache(
    wanted_selector text, wanted text, said text, OUT entries bigint, OUT bytes bigint, OUT saved_nanousd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    next_seq bigint;
    whole    jsonb;
BEGIN
    -- One after the other, so that a number that can be seen is never followed by a lower one.
    PERFORM pg_advisory_xact_lock(1464158546, 3);
    WITH gone AS (
        DELETE FROM cache_entries AS entry WHERE CASE wanted_selector
            WHEN 'all' THEN true
            WHEN 'entry' THEN entry.key = wanted
            WHEN 'intent' THEN entry.intent = wanted
            WHEN 'model' THEN entry.model = wanted OR entry.provider || '/' || entry.model = wanted
            WHEN 'prefix' THEN starts_with(entry.label, wanted)
        END
        RETURNING entry.bytes, entry.hits * entry.cost_nanousd AS saved
    )
    SELECT count(*), coalesce(sum(gone.bytes), 0), coalesce(sum(gone.saved), 0)
    INTO clear_cache.entries, clear_cache.bytes, clear_cache.saved_nanousd FROM gone;
    SELECT coalesce(max(seq), 0) + 1 INTO next_seq FROM cache_clears;
    INSERT INTO cache_clears (seq, selector, value, entries) VALUES (next_seq, wanted_selector, wanted, clear_cache.entries);
    IF said IS NOT NULL THEN
        whole := said::jsonb;
        whole := jsonb_set(whole, '{before}', to_jsonb(((whole ->> 'before')::jsonb
            || jsonb_build_object('entries', clear_cache.entries, 'bytes', clear_cache.bytes))::text));
        PERFORM append_change(whole, NULL);
    END IF;
    PERFORM pg_notify('weir_cache', next_seq::text);
END $$;

-- Sets when a snooze ends. False when it does not end now when the caller read that it does.
DROP FUNCTION weir.set_snooze(text, text, bigint);
CREATE FUNCTION weir.set_snooze(of_noun text, of_name text, ends_ms bigint, read_ms bigint, said text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    found_ms bigint;
BEGIN
    -- The log's own, so that of two who set the same snooze the second sees the first.
    PERFORM pg_advisory_xact_lock(1464158546, 8);
    SELECT until_ms INTO found_ms FROM alert_snoozes WHERE noun = of_noun AND name = of_name;
    IF found_ms IS DISTINCT FROM read_ms THEN
        RETURN false;
    END IF;
    INSERT INTO alert_snoozes (noun, name, until_ms) VALUES (of_noun, of_name, ends_ms)
    ON CONFLICT (noun, name) DO UPDATE SET until_ms = excluded.until_ms;
    PERFORM append_change(said::jsonb, NULL);
    RETURN true;
END $$;

DROP FUNCTION weir.add_bill(text, text, text, bigint, bigint, bigint, text, bigint, text);
-- Keeps a bill with all its models (JSON array), or nothing of it.
CREATE FUNCTION weir.add_bill(
    bill_id text, bill_provider text, bill_format text, bill_from_ms bigint, bill_to_ms bigint, bill_total bigint,
    by_whom text, now_ms bigint, models text, said text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    INSERT INTO bills (id, provider, format, from_ms, to_ms, total_nanousd, who, imported_ms)
    VALUES (bill_id, bill_provider, bill_format, bill_from_ms, bill_to_ms, bill_total, by_whom, now_ms);
    INSERT INTO bill_models (bill_id, model, amount_nanousd, lines)
    SELECT add_bill.bill_id, one.model, one.amount_nanousd, one.lines
    FROM json_to_recordset(models::json) AS one (model text, amount_nanousd bigint, lines bigint);
    PERFORM append_change(said::jsonb, NULL);
END $$;

-- What corrects is the function of step 9; only the one below may be called by others, since it writes the log, too.
ALTER FUNCTION weir.correct_request(text, bigint, bigint, bigint, text, text, bigint) RENAME TO apply_correction;
ALTER FUNCTION weir.apply_correction(text, bigint, bigint, bigint, text, text, bigint) SECURITY INVOKER;
-- Replaces the estimated cost of a request by the true one, as `apply_correction` does, and writes the log if it did.
CREATE FUNCTION weir.correct_request(
    wanted text, wanted_started_ms bigint, expected bigint, true_nanousd bigint, why text, by_whom text, now_ms bigint, said text,
    OUT outcome text, OUT amount bigint, OUT moved text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
BEGIN
    SELECT done.outcome, done.amount, done.moved INTO outcome, amount, moved
    FROM apply_correction(wanted, wanted_started_ms, expected, true_nanousd, why, by_whom, now_ms) AS done;
    IF outcome = 'corrected' THEN
        PERFORM append_change(said::jsonb, NULL);
    END IF;
END $$;
