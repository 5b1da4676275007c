-- Money: reservations, leases, the insert-only ledger and the balances derived from it.

CREATE TABLE gateways (
    id           TEXT    PRIMARY KEY NOT NULL,
    first_ms     INTEGER NOT NULL,
    last_beat_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Money held for calls that are under way. A row leaves when it is settled, or charged because its gateway died.
CREATE TABLE reservations (
    id             TEXT    PRIMARY KEY NOT NULL,
    gateway_id     TEXT    NOT NULL,
    amount_nanousd INTEGER NOT NULL CHECK (amount_nanousd >= 0),
    leases         TEXT    NOT NULL, -- JSON array of lease keys
    opened_ms      INTEGER NOT NULL,
    request        TEXT    NOT NULL  -- JSON of the request as known when it was opened
) STRICT;
CREATE INDEX reservations_by_gateway ON reservations (gateway_id);

CREATE TABLE leases (
    cap              TEXT    NOT NULL,
    period_start_ms  INTEGER NOT NULL,
    lease_id         TEXT    NOT NULL,
    gateway_id       TEXT    NOT NULL,
    granted_nanousd  INTEGER NOT NULL CHECK (granted_nanousd >= 0),
    returned_nanousd INTEGER NOT NULL DEFAULT 0 CHECK (returned_nanousd BETWEEN 0 AND granted_nanousd),
    spent_nanousd    INTEGER NOT NULL DEFAULT 0 CHECK (spent_nanousd >= 0),
    reserved_nanousd INTEGER NOT NULL DEFAULT 0 CHECK (reserved_nanousd >= 0),
    PRIMARY KEY (cap, period_start_ms, lease_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_gateway ON leases (gateway_id);

CREATE TABLE ledger (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- `grant` and `return` move a lease's money, `charge` spends it.
    kind            TEXT    NOT NULL CHECK (kind IN ('grant', 'return', 'charge')),
    cap             TEXT    NOT NULL,
    period_start_ms INTEGER NOT NULL,
    lease_id        TEXT    NOT NULL,
    -- Empty unless it is a charge.
    reservation_id  TEXT    NOT NULL DEFAULT '',
    amount_nanousd  INTEGER NOT NULL CHECK (amount_nanousd >= 0),
    -- 0 when the amount is an estimate.
    settled         INTEGER NOT NULL DEFAULT 1 CHECK (settled IN (0, 1)),
    at_ms           INTEGER NOT NULL
) STRICT;
-- A reservation is charged once to a cap, whatever else goes wrong.
CREATE UNIQUE INDEX ledger_one_charge ON ledger (reservation_id, cap, period_start_ms) WHERE kind = 'charge';

CREATE TRIGGER ledger_is_never_updated BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END;
CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END;

CREATE TABLE cap_balances (
    cap               TEXT    NOT NULL,
    period_start_ms   INTEGER NOT NULL,
    spent_nanousd     INTEGER NOT NULL DEFAULT 0 CHECK (spent_nanousd >= 0),
    unsettled_nanousd INTEGER NOT NULL DEFAULT 0 CHECK (unsettled_nanousd >= 0),
    reserved_nanousd  INTEGER NOT NULL DEFAULT 0 CHECK (reserved_nanousd >= 0),
    committed_nanousd INTEGER NOT NULL DEFAULT 0 CHECK (committed_nanousd >= 0),
    PRIMARY KEY (cap, period_start_ms)
) STRICT, WITHOUT ROWID;
