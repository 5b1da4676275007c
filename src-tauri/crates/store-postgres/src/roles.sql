-- Weir's roles. Run this once, as an administrator of the server, in the database that Weir shall use; running it again
-- changes nothing. Give each role a password or another way to log in, for instance:
--     ALTER ROLE weir_gateway PASSWORD '...';
--
--   weir_migrator  changes the schema "weir" and nothing else; used by `weir-gateway migrate`
--   weir_gateway   reads and writes what calls need; no schema changes, no deletion of ledger or log
--   weir_viewer    reads sums and requests without prompts; changes nothing
--   weir_admin     reads as the viewer does, and changes caps, limits, keys and cache through functions that write the log
--
-- Nothing outside the schema "weir" is touched.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['weir_migrator', 'weir_gateway', 'weir_viewer', 'weir_admin'] LOOP
        IF to_regrole(role) IS NULL THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', role);
        END IF;
        EXECUTE format('ALTER ROLE %I SET search_path = weir', role);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', role, '1s');
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', role, '10s');
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
    END LOOP;
END $$;

ALTER ROLE weir_gateway SET statement_timeout = '30s';
ALTER ROLE weir_admin SET statement_timeout = '30s';
ALTER ROLE weir_viewer SET statement_timeout = '5s';
ALTER ROLE weir_viewer SET default_transaction_read_only = on;
-- A gateway takes up to ten connections and one to listen; raise this for more than about twenty gateways.
ALTER ROLE weir_gateway CONNECTION LIMIT 240;
ALTER ROLE weir_viewer CONNECTION LIMIT 40;
ALTER ROLE weir_admin CONNECTION LIMIT 10;
ALTER ROLE weir_migrator CONNECTION LIMIT 4;

CREATE SCHEMA IF NOT EXISTS weir AUTHORIZATION weir_migrator;
REVOKE ALL ON SCHEMA weir FROM PUBLIC;

-- Then: weir-gateway migrate --database postgres://weir_migrator@.../...   (makes the tables and grants the rights)
