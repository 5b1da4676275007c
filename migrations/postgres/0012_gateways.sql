-- What each gateway runs, as it says itself. Empty addresses: it only keeps leases, or has stopped.
ALTER TABLE weir.gateways
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN version text NOT NULL DEFAULT '',
    ADD COLUMN config_version bigint NOT NULL DEFAULT 0,
    -- Why the newest configuration does not run there; empty when nothing is wrong.
    ADD COLUMN config_problem text NOT NULL DEFAULT '';
