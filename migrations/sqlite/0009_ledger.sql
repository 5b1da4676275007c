-- Corrections of unsettled charges, the hourly check's results, providers' bills, and what was learned of token use.

-- A new kind of row, the only one whose amount may be below zero. SQLite cannot change a check, so the table is made anew.
CREATE TABLE ledger_with_corrections (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- `grant` and `return` move a lease's money, `charge` spends it, `correction` replaces what an unsettled charge said.
    kind            TEXT    NOT NULL CHECK (kind IN ('grant', 'return', 'charge', 'correction')),
    cap             TEXT    NOT NULL,
    period_start_ms INTEGER NOT NULL,
    lease_id        TEXT    NOT NULL,
    -- Empty unless it is a charge or a correction.
    reservation_id  TEXT    NOT NULL DEFAULT '',
    -- Of a correction: the true amount less what was charged and corrected before; 0 when the estimate was right.
    amount_nanousd  INTEGER NOT NULL CHECK (amount_nanousd >= 0 OR kind = 'correction'),
    -- 0 when the amount is an estimate.
    settled         INTEGER NOT NULL DEFAULT 1 CHECK (settled IN (0, 1)),
    at_ms           INTEGER NOT NULL
) STRICT;
INSERT INTO ledger_with_corrections (seq, kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms)
SELECT seq, kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms FROM ledger;
DROP TABLE ledger;
ALTER TABLE ledger_with_corrections RENAME TO ledger;
CREATE UNIQUE INDEX ledger_one_charge ON ledger (reservation_id, cap, period_start_ms) WHERE kind = 'charge';
CREATE INDEX ledger_corrections ON ledger (reservation_id, cap, period_start_ms) WHERE kind = 'correction';
CREATE TRIGGER ledger_is_never_updated BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END;
CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END;

CREATE INDEX requests_unsettled ON requests (started_ms) WHERE cost_basis = 'unsettled';

-- Who said what a request truly cost, and why.
CREATE TABLE request_corrections (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    request_id     TEXT    NOT NULL,
    before_nanousd INTEGER NOT NULL CHECK (before_nanousd >= 0),
    after_nanousd  INTEGER NOT NULL CHECK (after_nanousd >= 0),
    reason         TEXT    NOT NULL,
    who            TEXT    NOT NULL,
    at_ms          INTEGER NOT NULL
) STRICT;
CREATE INDEX request_corrections_by_request ON request_corrections (request_id);
CREATE TRIGGER request_corrections_are_never_updated BEFORE UPDATE ON request_corrections
BEGIN SELECT RAISE(ABORT, 'the log of corrections is insert-only'); END;
CREATE TRIGGER request_corrections_are_never_deleted BEFORE DELETE ON request_corrections
BEGIN SELECT RAISE(ABORT, 'the log of corrections is insert-only'); END;

-- Results of comparing the ledger's sums with the balances; kept 30 days.
CREATE TABLE ledger_checks (
    at_ms      INTEGER PRIMARY KEY NOT NULL,
    mismatches TEXT    NOT NULL -- JSON array; empty is healthy
) STRICT;

-- Providers' bills as they were imported, summed by model.
CREATE TABLE bills (
    id            TEXT    PRIMARY KEY NOT NULL,
    provider      TEXT    NOT NULL,
    format        TEXT    NOT NULL CHECK (format IN ('openai', 'anthropic', 'totals')),
    from_ms       INTEGER NOT NULL,
    to_ms         INTEGER NOT NULL CHECK (to_ms > from_ms),
    total_nanousd INTEGER NOT NULL,
    who           TEXT    NOT NULL,
    imported_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE bill_models (
    bill_id        TEXT    NOT NULL REFERENCES bills (id) ON DELETE CASCADE,
    model          TEXT    NOT NULL,
    amount_nanousd INTEGER NOT NULL,
    -- Lines of the file that were added up.
    lines          INTEGER NOT NULL CHECK (lines > 0),
    PRIMARY KEY (bill_id, model)
) STRICT, WITHOUT ROWID;

-- How often calls used which part of what they could; see engine::budget::learned_ratio.
CREATE TABLE ratio_counts (
    provider   TEXT    NOT NULL,
    model      TEXT    NOT NULL,
    size_class INTEGER NOT NULL,
    side       TEXT    NOT NULL CHECK (side IN ('input', 'output')),
    generation INTEGER NOT NULL,
    bucket     INTEGER NOT NULL,
    n          INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (provider, model, size_class, side, generation, bucket)
) STRICT, WITHOUT ROWID;
