-- Alerts: what was raised, how each delivery went, and what is snoozed. Rules and channels are configuration items.

CREATE TABLE alert_events (
    id              INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    rule            TEXT    NOT NULL, -- empty for a test of a channel
    alert_key       TEXT    NOT NULL, -- what it is about, told apart exactly
    window_start_ms INTEGER NOT NULL,
    kind            TEXT    NOT NULL,
    subject         TEXT    NOT NULL, -- the same for people
    title           TEXT    NOT NULL,
    message         TEXT    NOT NULL,
    page            TEXT    NOT NULL,
    raised_ms       INTEGER NOT NULL
) STRICT;
-- Of all gateways that see the same thing, the one that inserts this row sends.
CREATE UNIQUE INDEX alert_events_once ON alert_events (rule, alert_key, window_start_ms);
CREATE INDEX alert_events_by_time ON alert_events (raised_ms);

CREATE TABLE alert_deliveries (
    id               INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    event_id         INTEGER NOT NULL REFERENCES alert_events (id) ON DELETE CASCADE,
    channel          TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up', 'skipped')),
    attempts         INTEGER NOT NULL CHECK (attempts >= 0),
    -- When it is due; moved on while a gateway is at it, so that another takes over where that one dies.
    next_attempt_ms  INTEGER NOT NULL,
    last_attempt_ms  INTEGER,
    note             TEXT    NOT NULL, -- what the other side said last, or why it was skipped
    UNIQUE (event_id, channel)
) STRICT;
CREATE INDEX alert_deliveries_waiting ON alert_deliveries (next_attempt_ms) WHERE state = 'waiting';
CREATE INDEX alert_deliveries_by_channel ON alert_deliveries (channel, id);

CREATE TABLE alert_snoozes (
    noun     TEXT    NOT NULL CHECK (noun IN ('rule', 'channel')),
    name     TEXT    NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (noun, name)
) STRICT, WITHOUT ROWID;
