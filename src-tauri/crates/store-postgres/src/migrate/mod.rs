//! Brings the schema up to date: step by step, under a lock, each step whole or not at all, nothing but our own schema.

mod indexes;

use crate::{
    error::{from_sqlx, schema_is_missing},
    open::{Purpose, connect_options},
    roles,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection,
    migrate::{Migration, Migrator},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;
use weir_engine::store::StoreError;

static STEPS: Migrator = sqlx::migrate!("../../../migrations/postgres");

/// How long another migration is waited for.
const OTHERS: Duration = Duration::from_secs(60);
/// How often a step is tried again that met a lock of the traffic.
const TRIES: u32 = 20;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Makes the schema `weir`, or brings it up to date, and grants what each of Weir's roles that exists needs. Safe to
/// repeat, to interrupt, and to run several times at once. Returns the steps that were missing.
///
/// # Errors
/// `Incompatible` when the URL is wrong, a right is missing, or the schema is somebody else's; `Unavailable` when the
/// server cannot be reached or is too busy. Steps before the failing one are kept.
pub async fn migrate(url: &str) -> Result<Vec<String>, StoreError> {
    let mut connection = connect(url).await?;
    let outcome = migrate_locked(&mut connection).await;
    // Ends the session, and with it the lock.
    let closed = connection.close().await.map_err(from_sqlx);
    let applied = outcome?;
    closed.map(|()| applied)
}

/// The SQL that [`migrate`] would run, for somebody who wants to read it first.
///
/// # Errors
/// As [`migrate`].
pub async fn pending_sql(url: &str) -> Result<String, StoreError> {
    let mut connection = connect(url).await?;
    let applied = applied(&mut connection).await?;
    let mut sql = String::new();
    for step in pending(&applied)? {
        let checksum: String = step.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
        let note = format!(
            "INSERT INTO weir.schema_steps (version, name, checksum) VALUES ({}, '{}', '\\x{checksum}');\n",
            step.version, step.description
        );
        let text = step.sql.as_str();
        sql.push_str(&format!("-- Step {}\n", name(step)));
        for statement in indexes::statements(&mut connection, step).await? {
            sql.push_str(&format!("{statement};\n"));
        }
        sql.push_str(&format!("BEGIN;\n{text}{note}COMMIT;\n\n"));
    }
    connection.close().await.map_err(from_sqlx)?;
    if !sql.is_empty() {
        sql.insert_str(0, roles::SCHEMA_SQL);
    }
    sql.push_str(roles::GRANTS_SQL);
    Ok(sql)
}

/// Refuses a database whose schema is missing or older than this version needs.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<(), StoreError> {
    let applied = applied(connection).await?;
    let missing = pending(&applied)?;
    if let Some(step) = missing.first() {
        return Err(schema_is_missing(&format!("step {} is missing", name(step))));
    }
    if let Some(newer) = applied
        .keys()
        .next_back()
        .filter(|step| !STEPS.version_exists(**step))
    {
        // Steps only add, so that gateways can be updated one after the other.
        tracing::warn!(
            schema = newer,
            "the database was migrated by a newer Weir; this one goes on with what it knows"
        );
    }
    Ok(())
}

/// The steps that the database has, by number, with the checksum of what was run.
pub(crate) async fn applied(connection: &mut PgConnection) -> Result<BTreeMap<i64, Vec<u8>>, StoreError> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('weir.schema_steps') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    if !there {
        return Ok(BTreeMap::new());
    }
    let steps: Vec<(i64, Vec<u8>)> = sqlx::query_as("SELECT version, checksum FROM weir.schema_steps")
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(steps.into_iter().collect())
}

/// The number of the newest step that this version knows.
pub(crate) fn newest_known() -> i64 {
    STEPS.iter().map(|step| step.version).max().unwrap_or(0)
}

fn pending(applied: &BTreeMap<i64, Vec<u8>>) -> Result<Vec<&'static Migration>, StoreError> {
    let mut missing = Vec::new();
    for step in STEPS.iter() {
        match applied.get(&step.version) {
            None => missing.push(step),
            Some(checksum) if *checksum == *step.checksum => {}
            Some(_) => {
                return Err(StoreError::Incompatible(format!(
                    "the database was made by an unreleased Weir (schema step {} differs); nothing was changed: name another database",
                    step.version
                )));
            }
        }
    }
    Ok(missing)
}

fn name(step: &Migration) -> String {
    format!("{:04} {}", step.version, step.description)
}

async fn connect(url: &str) -> Result<PgConnection, StoreError> {
    let options = connect_options(url, Purpose::Migrations)
        .map_err(|problem| StoreError::Incompatible(problem.to_string()))?;
    options.connect().await.map_err(from_sqlx)
}

async fn migrate_locked(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    lock(connection).await?;
    claim_schema(connection).await?;
    let applied = applied(connection).await?;
    let mut names = Vec::new();
    for step in pending(&applied)? {
        apply_patiently(connection, step).await?;
        names.push(name(step));
    }
    connection.execute(roles::GRANTS_SQL).await.map_err(from_sqlx)?;
    Ok(names)
}

/// Asks again and again instead of waiting, because a waiting statement would fall to the timeout for locks.
async fn lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    let give_up = Instant::now() + OTHERS;
    loop {
        let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(1464158546, 0)")
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        if locked {
            return Ok(());
        }
        if Instant::now() >= give_up {
            return Err(StoreError::Unavailable(
                "another migration of this database is under way; repeat when it is done".to_owned(),
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Makes the schema, or makes sure that the one there is ours.
async fn claim_schema(connection: &mut PgConnection) -> Result<(), StoreError> {
    let (there, ours, tables): (bool, bool, i64) = sqlx::query_as(
        "SELECT to_regnamespace('weir') IS NOT NULL, to_regclass('weir.schema_steps') IS NOT NULL,
                (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('weir'))",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    if there && !ours && tables > 0 {
        return Err(StoreError::Incompatible(
            "the database has a schema \"weir\" that is not Weir's; nothing was changed: name another database".to_owned(),
        ));
    }
    if ours {
        return Ok(());
    }
    let sql = if there {
        roles::STEPS_TABLE_SQL.to_owned()
    } else {
        roles::SCHEMA_SQL.to_owned()
    };
    connection
        .execute(AssertSqlSafe(sql))
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

async fn apply_patiently(connection: &mut PgConnection, step: &Migration) -> Result<(), StoreError> {
    let mut tries = 1;
    loop {
        match apply(connection, step).await {
            Err(StoreError::Unavailable(problem)) if tries < TRIES && connection.ping().await.is_ok() => {
                tracing::info!(step = step.version, %problem, "the step is tried again");
                tries += 1;
                tokio::time::sleep(TRY_AGAIN_AFTER).await;
            }
            outcome => return outcome,
        }
    }
}

/// The indexes that take long, and then the step and the note that it was done, together.
async fn apply(connection: &mut PgConnection, step: &Migration) -> Result<(), StoreError> {
    indexes::build_ahead(connection, step).await?;
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    transaction.execute(step.sql.clone()).await.map_err(from_sqlx)?;
    sqlx::query("INSERT INTO weir.schema_steps (version, name, checksum) VALUES ($1, $2, $3)")
        .bind(step.version)
        .bind(step.description.as_ref())
        .bind(step.checksum.as_ref())
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    transaction.commit().await.map_err(from_sqlx)
}
