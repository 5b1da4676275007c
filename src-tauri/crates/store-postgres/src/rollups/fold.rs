//! Brings the rollups up to date: counts every recorded request once, whichever gateway recorded it.

use crate::{
    error::from_sqlx,
    limits::{Folded, log_requests},
    presence::Presence,
};
use sqlx::{Connection, PgConnection, PgPool};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, task::JoinHandle};
use weir_engine::store::StoreError;

/// Most requests in one transaction, so that it is short.
const MOST: i64 = 2000;
/// The rollups follow the requests by at most this long.
const FOLD_EVERY: Duration = Duration::from_millis(500);

/// Folds until nothing waits.
pub(super) async fn fold(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await.map_err(from_sqlx)?;
    while fold_some(&mut connection).await? >= MOST {}
    Ok(())
}

/// Counts requests that wait and takes them from the queue in the same transaction: a crash counts none twice and forgets
/// none. Gateways fold one after the other, because all of them add to the same rows. Replies how many there were.
async fn fold_some(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    sqlx::query!("SELECT pg_advisory_xact_lock(1464158546, 5)")
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let folded = sqlx::query_file_as!(Folded, "src/rollups/fold.sql", MOST)
        .fetch_all(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    log_requests(&mut transaction, &folded).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(folded.len() as i64)
}

/// The task that folds after records.
pub(crate) struct FoldTask {
    recorded: Arc<Notify>,
    stopping: Arc<AtomicBool>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// False where somebody only looks: gateways fold.
    folds: bool,
}

impl FoldTask {
    /// Starts it in the current runtime; the first fold catches up with what killed gateways left.
    pub(crate) fn start(pool: PgPool, presence: Presence) -> FoldTask {
        let recorded = Arc::new(Notify::new());
        let stopping = Arc::new(AtomicBool::new(false));
        recorded.notify_one();
        let task = tokio::spawn(run(pool, presence, recorded.clone(), stopping.clone()));
        FoldTask {
            recorded,
            stopping,
            task: Mutex::new(Some(task)),
            folds: true,
        }
    }

    /// One that never folds.
    pub(crate) fn none() -> FoldTask {
        FoldTask {
            recorded: Arc::new(Notify::new()),
            stopping: Arc::new(AtomicBool::new(true)),
            task: Mutex::new(None),
            folds: false,
        }
    }

    /// To be told after each commit of records.
    pub(crate) fn recorded(&self) -> Arc<Notify> {
        self.recorded.clone()
    }

    /// Stops the task and folds what is left, unless that would have to wait for another: whatever waits is in the queue, and
    /// the next fold takes it, whoever does it.
    pub(crate) async fn finish(&self, pool: &PgPool) -> Result<(), StoreError> {
        self.stopping.store(true, Ordering::Release);
        self.recorded.notify_one();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
        if !self.folds {
            return Ok(());
        }
        match fold(pool).await {
            Err(StoreError::Unavailable(problem)) => {
                tracing::debug!(problem, "the last rollups are left to others");
                Ok(())
            }
            done => done,
        }
    }
}

async fn run(pool: PgPool, presence: Presence, recorded: Arc<Notify>, stopping: Arc<AtomicBool>) {
    let mut is_failing = false;
    loop {
        recorded.notified().await;
        if stopping.load(Ordering::Acquire) || pool.is_closed() {
            return;
        }
        match presence.during(fold(&pool)).await {
            Ok(()) => is_failing = false,
            Err(error) => {
                // Once, and not twice a second, while the server is away.
                if !is_failing {
                    tracing::warn!(%error, "the rollups could not be brought up to date");
                }
                is_failing = true;
                // A role that may not fold need not try again.
                if matches!(error, StoreError::Unavailable(_)) {
                    recorded.notify_one();
                }
            }
        }
        tokio::time::sleep(FOLD_EVERY).await;
    }
}
