-- The log of changes: who changed what, hash-chained; see engine::change. Keys get versions, so that two windows lose no update.

CREATE TABLE changes (
    -- Without gaps: the next is the newest and one, read in the transaction that writes it.
    seq            INTEGER PRIMARY KEY NOT NULL CHECK (seq > 0),
    at_ms          INTEGER NOT NULL,
    os_user        TEXT    NOT NULL,
    profile        TEXT    NOT NULL,
    role           TEXT    NOT NULL,
    door           TEXT    NOT NULL, -- window, script, gateway
    weir_version   TEXT    NOT NULL,
    command        TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    before         TEXT, -- JSON with secrets and people made unusable; none when it was created
    after          TEXT, -- the same; none when it was deleted
    reason         TEXT    NOT NULL,
    config_version INTEGER, -- the row of config_changes; none for what is no configuration
    undoes         INTEGER,
    sha256         TEXT    NOT NULL CHECK (length(sha256) = 64) -- over this row and the hash of the row before
) STRICT;
CREATE INDEX changes_undone ON changes (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX changes_by_config_version ON changes (config_version) WHERE config_version IS NOT NULL;

CREATE TRIGGER changes_are_never_updated BEFORE UPDATE ON changes
BEGIN SELECT RAISE(ABORT, 'the log of changes is insert-only'); END;
CREATE TRIGGER changes_are_never_deleted BEFORE DELETE ON changes
BEGIN SELECT RAISE(ABORT, 'the log of changes is insert-only'); END;

-- What an undo of a key's change puts back, in full; forgotten after 30 days. Configuration has config_changes for that.
CREATE TABLE change_undos (
    seq     INTEGER PRIMARY KEY NOT NULL,
    kind    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    before  TEXT, -- JSON
    version INTEGER NOT NULL, -- that the change made
    at_ms   INTEGER NOT NULL
) STRICT;

-- Makes the marks of people in the log mean nothing elsewhere.
CREATE TABLE change_salt (
    id   INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    salt BLOB    NOT NULL CHECK (length(salt) = 32)
) STRICT;
INSERT INTO change_salt (id, salt) VALUES (1, randomblob(32));

ALTER TABLE virtual_keys ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0);
