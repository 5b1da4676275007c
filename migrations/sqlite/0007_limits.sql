-- Slots of limits: lent to gateways, or used and resting. What is in neither is free.

-- The store's time: what gateways saw pass on their monotonic clocks. It never runs backwards, nor ahead of true time.
CREATE TABLE limit_time (
    only     INTEGER PRIMARY KEY NOT NULL CHECK (only = 1),
    store_ms INTEGER NOT NULL CHECK (store_ms >= 0)
) STRICT;
INSERT INTO limit_time (only, store_ms) VALUES (1, 0);

CREATE TABLE limit_holders (
    holder   TEXT    PRIMARY KEY NOT NULL,
    seq      INTEGER NOT NULL,
    heard_ms INTEGER NOT NULL -- the store's time
) STRICT, WITHOUT ROWID;

CREATE TABLE limit_slots (
    pool   TEXT    NOT NULL,
    caller TEXT    NOT NULL,
    holder TEXT    NOT NULL,
    lent   INTEGER NOT NULL CHECK (lent > 0),
    PRIMARY KEY (pool, caller, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_slots_by_holder ON limit_slots (holder);

CREATE TABLE limit_uses (
    pool    TEXT    NOT NULL,
    caller  TEXT    NOT NULL,
    used_ms INTEGER NOT NULL, -- the store's time
    amount  INTEGER NOT NULL CHECK (amount > 0),
    PRIMARY KEY (pool, caller, used_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_uses_by_time ON limit_uses (used_ms);

-- Recorded requests in a few bytes each, on which draft limits are tried; kept for a little more than a day.
CREATE TABLE limit_log (
    id       INTEGER PRIMARY KEY NOT NULL,
    until_ms INTEGER NOT NULL, -- the latest start in it
    body     BLOB    NOT NULL
) STRICT;
CREATE INDEX limit_log_by_time ON limit_log (until_ms);
