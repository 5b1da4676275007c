//! Builds the indexes that a step adds to tables in use before the step runs, beside the traffic: inside the step, writers
//! would wait until they are whole.

use crate::error::from_sqlx;
use sqlx::{AssertSqlSafe, Executor, PgConnection, migrate::Migration};
use weir_engine::store::StoreError;

/// How a step writes an index of a table that an earlier step has made. The step finds it made, or makes it where the table
/// is small; those of a partitioned table's parts it takes over.
const OF_A_TABLE_IN_USE: &str = "CREATE INDEX IF NOT EXISTS ";
/// Smaller tables are indexed by the step itself, in no time.
const BESIDE_FROM_BYTES: i64 = 8 * 1024 * 1024;

/// An index as a step says it: `CREATE INDEX IF NOT EXISTS name ON weir.table rest;`.
#[derive(Debug, PartialEq, Eq)]
struct Index<'a> {
    name: &'a str,
    table: &'a str,
    /// Columns and condition.
    rest: &'a str,
}

/// One index of one table, both as they are written in SQL, without the schema.
struct Target {
    index: String,
    table: String,
    rest: String,
}

impl Target {
    fn sql(&self) -> String {
        let Target { index, table, rest } = self;
        format!("CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON weir.{table} {rest}")
    }
}

/// Builds what the step would build while writers wait. Safe to interrupt: what is half built is dropped by the next try.
///
/// # Errors
/// The database's.
pub(super) async fn build_ahead(connection: &mut PgConnection, step: &Migration) -> Result<(), StoreError> {
    for target in targets(connection, step).await? {
        // Waiting for a table or for transactions that are under way keeps nobody else waiting here.
        run(connection, "SET lock_timeout = '60s'").await?;
        let built = build(connection, &target).await;
        run(connection, "SET lock_timeout = '2s'").await?;
        built?;
    }
    Ok(())
}

/// The statements that [`build_ahead`] would run.
///
/// # Errors
/// The database's.
pub(super) async fn statements(
    connection: &mut PgConnection,
    step: &Migration,
) -> Result<Vec<String>, StoreError> {
    let targets = targets(connection, step).await?;
    Ok(targets.iter().map(Target::sql).collect())
}

async fn build(connection: &mut PgConnection, target: &Target) -> Result<(), StoreError> {
    let is_half_built: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('weir.' || $1) AND NOT indisvalid)",
    )
    .bind(&target.index)
    .fetch_one(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    if is_half_built {
        run(
            connection,
            &format!("DROP INDEX CONCURRENTLY weir.{}", target.index),
        )
        .await?;
    }
    run(connection, &target.sql()).await
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), StoreError> {
    connection
        .execute(AssertSqlSafe(sql))
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

/// What is to be built on large tables; on each large part of a partitioned one.
async fn targets(connection: &mut PgConnection, step: &Migration) -> Result<Vec<Target>, StoreError> {
    let mut targets = Vec::new();
    for index in indexes(step.sql.as_str()) {
        let tables: Vec<(String, bool)> = sqlx::query_as(
            "SELECT quote_ident(part.relname), part.oid <> whole.oid
             FROM pg_class AS whole
             JOIN pg_class AS part ON part.oid = whole.oid
                  OR part.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = whole.oid)
             WHERE whole.oid = to_regclass('weir.' || $1) AND part.relkind = 'r' AND pg_relation_size(part.oid) >= $2
             ORDER BY part.relname",
        )
        .bind(index.table)
        .bind(BESIDE_FROM_BYTES)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        targets.extend(tables.into_iter().map(|(table, is_part)| Target {
            index: if is_part {
                format!("{table}_{}", index.name)
            } else {
                index.name.to_owned()
            },
            table,
            rest: index.rest.to_owned(),
        }));
    }
    Ok(targets)
}

fn indexes(sql: &str) -> Vec<Index<'_>> {
    let said = sql.split(OF_A_TABLE_IN_USE).skip(1);
    said.filter_map(|text| {
        let (statement, _) = text.split_once(';')?;
        let (name, of) = statement.split_once(" ON weir.")?;
        let (table, rest) = of.split_once(' ')?;
        Some(Index { name, table, rest })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Index, indexes};
    use crate::migrate::STEPS;
    use std::collections::BTreeSet;

    #[test]
    fn indexes_are_read_as_a_step_says_them() {
        let sql = "SELECT 1; CREATE INDEX of_new ON weir.new (a);
            CREATE INDEX IF NOT EXISTS one ON weir.ledger (a, b) WHERE kind = 'c'; SELECT 2;";
        let one = Index {
            name: "one",
            table: "ledger",
            rest: "(a, b) WHERE kind = 'c'",
        };
        assert_eq!(indexes(sql), [one]);
    }

    /// A row of it is an act of a person, so that it is never large.
    const SMALL: &str = "cache_clears";

    /// A step that builds an index of an older table in any other way would keep writers waiting.
    #[test]
    fn steps_build_indexes_of_older_tables_beside_the_traffic() {
        let mut seen = 0;
        let mut older = BTreeSet::new();
        for step in STEPS.iter() {
            let sql = step.sql.as_str();
            let ahead: Vec<_> = indexes(sql).into_iter().map(|index| index.table).collect();
            seen += ahead.len();
            for text in sql.split("INDEX ").skip(1) {
                let Some((head, of)) = text.split_once(" ON weir.") else {
                    continue;
                };
                let is_index = head.split_whitespace().count() <= 4 && !head.contains(';');
                let table = of.split([' ', '(']).next().unwrap_or_default();
                if is_index && table != SMALL && older.contains(table) {
                    assert!(
                        ahead.contains(&table),
                        "{}: write CREATE INDEX IF NOT EXISTS … ON weir.{table}",
                        step.description
                    );
                }
            }
            let made = sql.split("CREATE TABLE weir.").skip(1);
            older.extend(made.filter_map(|text| text.split([' ', '(']).next()));
        }
        assert!(seen >= 4, "{seen}");
    }
}
