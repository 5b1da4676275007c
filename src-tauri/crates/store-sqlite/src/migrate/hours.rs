//! Step 11 for large files: counts the hours of users, teams and events in one pass through the requests.
//!
//! The step's own statement groups every request three times, which took a minute for ten million. So it is run where the
//! rollups have counted nothing and finds nothing to group; the rows it would have made are made here. They are the same ones,
//! and become visible in the same transaction.

use super::apply_until;
use crate::{
    error::{from_rusqlite, from_sqlx},
    rollups::{Figures, add, counters_of},
};
use rusqlite::{OpenFlags, Row};
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};
use std::{collections::HashMap, path::Path};
use tokio::sync::mpsc;
use weir_engine::store::{Counters, Dimension, StoreError};

/// The step that this replaces a part of.
pub(super) const STEP: i64 = 11;

const HOUR_MS: i64 = 3_600_000;
const DIMENSIONS: [Dimension; 3] = [Dimension::User, Dimension::Team, Dimension::Event];
/// Hours that wait to be written while the next one is counted.
const HOURS_AHEAD: usize = 2;
/// Rows in one statement, twenty values each; SQLite takes 32,766 values.
const ROWS_AT_ONCE: usize = 500;

/// The schema of requests as it was at this step, whatever it is now: so it is not checked when compiled.
const REQUESTS: &str = "SELECT started_ms, user_name, team, event, cache, status, cost_basis, cost_nanousd, saved_nanousd,
        price_unknown, simulated, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens
    FROM requests INDEXED BY requests_by_time WHERE seq <= ? ORDER BY started_ms";

/// Sums of one hour, by value, in the order of [`DIMENSIONS`].
struct Hour {
    at_ms: i64,
    values: [HashMap<String, Counters>; 3],
}

/// Applies the step. The connection is in the transaction of all steps; the file at `path` is in write-ahead mode, so what
/// was committed before can be read beside it.
pub(super) async fn apply(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let counted_until = sqlx::query_scalar!("SELECT last_seq FROM rollup_cursor")
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    move_cursor(connection, 0).await?;
    apply_until(connection, Some(STEP)).await?;
    move_cursor(connection, counted_until).await?;
    // Sorting all entries of an index at the end takes a fraction of finding the place of each.
    let index: String =
        sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE name = 'rollup_hours_by_value'")
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
    execute(connection, "DROP INDEX rollup_hours_by_value".to_owned()).await?;

    let (sender, mut hours) = mpsc::channel(HOURS_AHEAD);
    let path = path.to_owned();
    let counting = tokio::task::spawn_blocking(move || count(&path, counted_until, &sender));
    while let Some(hour) = hours.recv().await {
        write(connection, &hour).await?;
    }
    counting.await.map_err(|problem| {
        StoreError::Unavailable(format!("counting requests by hour was broken off: {problem}"))
    })??;
    execute(connection, index).await
}

async fn execute(connection: &mut SqliteConnection, sql: String) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

async fn move_cursor(connection: &mut SqliteConnection, seq: i64) -> Result<(), StoreError> {
    sqlx::query!("UPDATE rollup_cursor SET last_seq = ?", seq)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

/// Sends one hour after the other. Reads with rusqlite in one loop, since sqlx hands every single row from thread to thread.
fn count(path: &Path, until_seq: i64, hours: &mpsc::Sender<Hour>) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags).map_err(from_rusqlite)?;
    let mut statement = connection.prepare(REQUESTS).map_err(from_rusqlite)?;
    let mut requests = statement.query([until_seq]).map_err(from_rusqlite)?;
    let mut current: Option<Hour> = None;
    while let Some(request) = requests.next().map_err(from_rusqlite)? {
        let started_ms: i64 = request.get(0).map_err(from_rusqlite)?;
        let at_ms = started_ms / HOUR_MS * HOUR_MS;
        if let Some(ended) = current.take_if(|hour| hour.at_ms != at_ms)
            && hours.blocking_send(ended).is_err()
        {
            // Nobody takes the rest: writing failed, and says so itself.
            return Ok(());
        }
        let hour = current.get_or_insert_with(|| Hour {
            at_ms,
            values: Default::default(),
        });
        hour.add(request).map_err(from_rusqlite)?;
    }
    if let Some(last) = current {
        let _ = hours.blocking_send(last);
    }
    Ok(())
}

impl Hour {
    fn add(&mut self, request: &Row<'_>) -> rusqlite::Result<()> {
        let text = |column| -> rusqlite::Result<&str> { Ok(request.get_ref(column)?.as_str()?) };
        let counters = counters_of(&Figures {
            cache: text(4)?,
            status: text(5)?,
            cost_basis: text(6)?,
            // There were no such calls yet.
            is_own: false,
            cost_nanousd: request.get(7)?,
            saved_nanousd: request.get(8)?,
            price_unknown: request.get(9)?,
            simulated: request.get(10)?,
            input_tokens: request.get(11)?,
            cache_read_tokens: request.get(12)?,
            cache_write_tokens: request.get(13)?,
            output_tokens: request.get(14)?,
            reasoning_tokens: request.get(15)?,
        });
        for (values, value) in self.values.iter_mut().zip([text(1)?, text(2)?, text(3)?]) {
            match values.get_mut(value) {
                Some(sum) => add(sum, &counters),
                None => {
                    values.insert(value.to_owned(), counters);
                }
            }
        }
        Ok(())
    }
}

async fn write(connection: &mut SqliteConnection, hour: &Hour) -> Result<(), StoreError> {
    for (dimension, values) in DIMENSIONS.into_iter().zip(&hour.values) {
        // In the order of the table, whose pages are then filled one after the other.
        let mut rows: Vec<(&String, &Counters)> = values.iter().collect();
        rows.sort_unstable_by_key(|(value, _)| *value);
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO rollup_counters (
                     grain, dimension, at_ms, value,
                     requests, hits, misses, bypassed, errors, refused, cost_nanousd, saved_nanousd, unsettled_nanousd,
                     price_unknown, simulated, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
                     reasoning_tokens) ",
            );
            insert.push_values(rows, |mut row, (value, sum)| {
                row.push_bind("hour")
                    .push_bind(dimension.as_str())
                    .push_bind(hour.at_ms)
                    .push_bind(value.as_str())
                    .push_bind(sum.requests)
                    .push_bind(sum.hits)
                    .push_bind(sum.misses)
                    .push_bind(sum.bypassed)
                    .push_bind(sum.errors)
                    .push_bind(sum.refused)
                    .push_bind(sum.cost_nanousd)
                    .push_bind(sum.saved_nanousd)
                    .push_bind(sum.unsettled_nanousd)
                    .push_bind(sum.price_unknown)
                    .push_bind(sum.simulated)
                    .push_bind(sum.input_tokens)
                    .push_bind(sum.cache_read_tokens)
                    .push_bind(sum.cache_write_tokens)
                    .push_bind(sum.output_tokens)
                    .push_bind(sum.reasoning_tokens);
            });
            insert
                .build()
                .execute(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        }
    }
    Ok(())
}
