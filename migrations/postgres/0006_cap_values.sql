-- The values of a cap that counts each of them on its own are found by period, not by going through all periods there were.
CREATE INDEX IF NOT EXISTS leases_by_period ON weir.leases (period_start_ms, cap);
