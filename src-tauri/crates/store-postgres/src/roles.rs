//! Who may do what in the database, as SQL that an administrator reads before running it.

/// The four roles, the schema, and what is set for each; run once by an administrator of the server.
pub const ROLES_SQL: &str = include_str!("roles.sql");

/// What each role may do, for the tables there are; run after every migration. Roles that do not exist are passed over.
pub(crate) const GRANTS_SQL: &str = include_str!("grants.sql");

/// The schema, and the table that says which steps it has had.
pub(crate) const SCHEMA_SQL: &str = concat!(
    "CREATE SCHEMA IF NOT EXISTS weir;\n",
    "CREATE TABLE weir.schema_steps (version bigint PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,\n",
    "    applied_at timestamptz NOT NULL DEFAULT now());\n\n"
);

/// The same where an administrator has made the schema.
pub(crate) const STEPS_TABLE_SQL: &str = concat!(
    "CREATE TABLE weir.schema_steps (version bigint PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,\n",
    "    applied_at timestamptz NOT NULL DEFAULT now())"
);
