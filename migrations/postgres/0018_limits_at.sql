-- Where a gateway counts limits, as it says itself; empty: in this database.
ALTER TABLE weir.gateways ADD COLUMN limits_at text NOT NULL DEFAULT '';
