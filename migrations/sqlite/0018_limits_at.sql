-- Where a gateway counts limits, as it says itself; empty: in this database.
ALTER TABLE gateways ADD COLUMN limits_at TEXT NOT NULL DEFAULT '';
