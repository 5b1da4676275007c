//! Applies a batch of jobs in one transaction; when one fails, each in its own.

use super::Job;
use crate::error::from_sqlx;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

/// Applies the jobs and answers each. One that fails does not fail its neighbours.
pub(super) async fn apply(connection: &mut SqliteConnection, mut jobs: Vec<Box<dyn Job>>) {
    match commit_together(connection, &mut jobs).await {
        Ok(()) => jobs.into_iter().for_each(|job| job.answer()),
        Err(_) if jobs.len() > 1 => apply_singly(connection, jobs).await,
        Err(error) => fail_all(jobs, &error),
    }
}

async fn apply_singly(connection: &mut SqliteConnection, jobs: Vec<Box<dyn Job>>) {
    let mut jobs = jobs.into_iter();
    while let Some(job) = jobs.next() {
        let mut alone = vec![job];
        match commit_together(connection, &mut alone).await {
            Ok(()) => alone.into_iter().for_each(|job| job.answer()),
            Err(error) => {
                let hopeless = matches!(error, StoreError::Unavailable(_));
                fail_all(alone, &error);
                if hopeless {
                    // A full disk or a foreign lock meets the others as well; they should not wait for it one by one.
                    return fail_all(jobs.collect(), &error);
                }
            }
        }
    }
}

fn fail_all(jobs: Vec<Box<dyn Job>>, error: &StoreError) {
    for job in jobs {
        job.fail(copy(error));
    }
}

async fn commit_together(
    connection: &mut SqliteConnection,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    let synced = jobs.iter().any(|job| job.synced());
    if synced {
        execute(connection, "PRAGMA synchronous = FULL").await?;
    }
    let outcome = transaction(connection, jobs).await;
    if outcome.is_err() {
        // Fails when SQLite has rolled back by itself already, which is as good.
        let _ = execute(connection, "ROLLBACK").await;
    }
    if synced {
        execute(connection, "PRAGMA synchronous = NORMAL").await?;
    }
    outcome
}

async fn transaction(connection: &mut SqliteConnection, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    execute(connection, "BEGIN IMMEDIATE").await?;
    // They were all asked for at the same time, so any order is right; each group keeps its own.
    jobs.sort_by_key(|job| job.group());
    for group in jobs.chunk_by_mut(|one, next| one.group().is_some() && one.group() == next.group()) {
        if let Some((first, others)) = group.split_first_mut() {
            first.run(others, connection).await?;
        }
    }
    execute(connection, "COMMIT").await
}

pub(super) async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), StoreError> {
    sqlx::query(statement)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        StoreError::Inconsistent {
            table,
            column,
            row,
            problem,
        } => StoreError::Inconsistent {
            table,
            column,
            row: row.clone(),
            problem: problem.clone(),
        },
        StoreError::Conflict { expected, found } => StoreError::Conflict {
            expected: *expected,
            found: *found,
        },
        StoreError::Incompatible(text) => StoreError::Incompatible(text.clone()),
    }
}
