-- Alerts: what was raised, how each delivery went, and what is snoozed. Rules and channels are configuration items.

CREATE TABLE weir.alert_events (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule            text   COLLATE "C" NOT NULL, -- empty for a test of a channel
    alert_key       text   COLLATE "C" NOT NULL, -- what it is about, told apart exactly
    window_start_ms bigint NOT NULL,
    kind            text   NOT NULL,
    subject         text   NOT NULL, -- the same for people
    title           text   NOT NULL,
    message         text   NOT NULL,
    page            text   NOT NULL,
    raised_ms       bigint NOT NULL
);
-- Of all gateways that see the same thing, the one that inserts this row sends.
CREATE UNIQUE INDEX alert_events_once ON weir.alert_events (rule, alert_key, window_start_ms);
CREATE INDEX alert_events_by_time ON weir.alert_events (raised_ms);
CREATE INDEX alert_events_by_rule ON weir.alert_events (rule, id);

CREATE TABLE weir.alert_deliveries (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id         bigint NOT NULL REFERENCES weir.alert_events (id) ON DELETE CASCADE,
    channel          text   COLLATE "C" NOT NULL,
    state            text   NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up', 'skipped')),
    attempts         bigint NOT NULL CHECK (attempts >= 0),
    -- When it is due; moved on while a gateway is at it, so that another takes over where that one dies.
    next_attempt_ms  bigint NOT NULL,
    last_attempt_ms  bigint,
    note             text   NOT NULL, -- what the other side said last, or why it was skipped
    UNIQUE (event_id, channel)
);
CREATE INDEX alert_deliveries_waiting ON weir.alert_deliveries (next_attempt_ms, id) WHERE state = 'waiting';
CREATE INDEX alert_deliveries_by_channel ON weir.alert_deliveries (channel, id);

CREATE TABLE weir.alert_snoozes (
    noun     text   COLLATE "C" NOT NULL CHECK (noun IN ('rule', 'channel')),
    name     text   COLLATE "C" NOT NULL,
    until_ms bigint NOT NULL,
    PRIMARY KEY (noun, name)
);

-- Raises an alert (JSON object) with its deliveries (JSON array); false when its rule, key and window were raised before.
CREATE FUNCTION weir.raise_alert(alert text, deliveries text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
    new_id bigint;
    at_ms  bigint;
BEGIN
    INSERT INTO alert_events (rule, alert_key, window_start_ms, kind, subject, title, message, page, raised_ms)
    SELECT rule, alert_key, window_start_ms, kind, subject, title, message, page, raised_ms
    FROM json_to_record(alert::json) AS given (
        rule text, alert_key text, window_start_ms bigint, kind text, subject text, title text, message text, page text,
        raised_ms bigint)
    ON CONFLICT DO NOTHING RETURNING id, raised_ms INTO new_id, at_ms;
    IF new_id IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO alert_deliveries (event_id, channel, state, attempts, next_attempt_ms, last_attempt_ms, note)
    SELECT new_id, channel, state, attempts, at_ms, CASE WHEN attempts > 0 THEN at_ms END, note
    FROM json_to_recordset(deliveries::json) AS given (channel text, state text, attempts bigint, note text)
    ON CONFLICT DO NOTHING;
    RETURN true;
END $$;

-- Sets when a snooze ends.
CREATE FUNCTION weir.set_snooze(of_noun text, of_name text, ends_ms bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
    INSERT INTO alert_snoozes (noun, name, until_ms) VALUES (of_noun, of_name, ends_ms)
    ON CONFLICT (noun, name) DO UPDATE SET until_ms = excluded.until_ms
$$;
