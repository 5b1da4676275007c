//! The writer's life: take what waits, commit it, fold the rollups now and then, close.

use super::{Job, Message, Pending, batch};
use crate::{error::from_sqlx, rollups::Fold};
use sqlx::{Connection, SqliteConnection};
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use weir_engine::store::StoreError;

/// Most jobs in one transaction.
const BATCH: usize = 256;
/// The rollups follow the requests by at most this long.
const FOLD_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(BATCH);
    // The first fold catches up with what a killed process left.
    let mut fold_at = Some(Instant::now());
    loop {
        let taken = match fold_at {
            Some(at) => timeout_at(at, waiting.recv_many(&mut messages, BATCH)).await,
            None => Ok(waiting.recv_many(&mut messages, BATCH).await),
        };
        if taken == Ok(0) {
            // Every clone of the store is gone.
            return finish(connection, None).await;
        }
        let mut jobs = Vec::with_capacity(messages.len());
        let mut closing = None;
        for message in messages.drain(..) {
            match message {
                Message::Job(job) => jobs.push(job),
                Message::Close(reply) => closing = Some(reply),
            }
        }
        if !jobs.is_empty() {
            batch::apply(&mut connection, jobs).await;
            fold_at.get_or_insert_with(|| Instant::now() + FOLD_EVERY);
        }
        if closing.is_some() {
            waiting.close();
            while waiting.recv_many(&mut messages, BATCH).await > 0 {
                let late = messages.drain(..).filter_map(|message| match message {
                    Message::Job(job) => Some(job),
                    Message::Close(_) => None,
                });
                batch::apply(&mut connection, late.collect()).await;
            }
            return finish(connection, closing).await;
        }
        if fold_at.is_some_and(|at| at <= Instant::now()) {
            fold_at = match fold(&mut connection).await {
                Ok(()) => None,
                Err(error) => {
                    tracing::warn!(%error, "the rollups could not be brought up to date; it is tried again");
                    Some(Instant::now() + FOLD_EVERY)
                }
            };
        }
    }
}

async fn fold(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    loop {
        let (reply, mut answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Pending {
            operation: Fold,
            outcome: None,
            reply,
        });
        batch::apply(connection, vec![job]).await;
        let folded = answer.try_recv().unwrap_or(Ok(0))?;
        if folded < Fold::MOST {
            return Ok(());
        }
    }
}

async fn finish(mut connection: SqliteConnection, reply: Option<oneshot::Sender<Result<(), StoreError>>>) {
    let outcome = shut_down(&mut connection).await;
    let closed = connection.close().await.map_err(from_sqlx);
    let outcome = outcome.and(closed);
    if let Err(error) = &outcome {
        tracing::warn!(%error, "the database was not closed in full; the next start catches up");
    }
    if let Some(reply) = reply {
        let _ = reply.send(outcome);
    }
}

async fn shut_down(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    fold(connection).await?;
    batch::execute(connection, "PRAGMA synchronous = FULL").await?;
    batch::execute(connection, "PRAGMA optimize").await?;
    // Answers "busy" while another process reads; its own checkpoint does the work then.
    batch::execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)").await
}
