-- What each gateway runs, as it says itself. Empty addresses: it only keeps leases, or has stopped.
ALTER TABLE gateways ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE gateways ADD COLUMN version TEXT NOT NULL DEFAULT '';
ALTER TABLE gateways ADD COLUMN config_version INTEGER NOT NULL DEFAULT 0;
-- Why the newest configuration does not run there; empty when nothing is wrong.
ALTER TABLE gateways ADD COLUMN config_problem TEXT NOT NULL DEFAULT '';
