//! The one connection that writes, and the task that owns it. Knows nothing of tables.
//!
//! A call puts an [`Operation`] into a queue and waits. The task takes everything that waits, applies it in one
//! transaction and answers each caller after the commit: many callers share the cost of one commit.

mod batch;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod disk_full;
mod task;

use crate::error::closed;
use async_trait::async_trait;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};
use weir_engine::store::StoreError;

/// Most jobs that wait before callers wait for a place in the queue.
const QUEUE: usize = 4096;

/// A change to the database. It must be safe to apply again after a rollback.
#[async_trait]
pub(crate) trait Operation: Send + Sync + 'static {
    type Reply: Send + 'static;
    /// True when the commit must be on the disk itself before the caller is answered.
    const SYNCED: bool = false;

    /// Applies the change inside the running transaction. A `Conflict` may only be returned before anything is written:
    /// the transaction goes on with the other jobs.
    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Self::Reply, StoreError>;
}

/// An operation whose reply type is hidden, so that all fit into one queue.
#[async_trait]
trait Job: Send {
    fn synced(&self) -> bool;
    /// Applies it and keeps the outcome; the error says that the transaction must be rolled back.
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError>;
    /// Answers with the outcome, after the commit.
    fn answer(self: Box<Self>);
    /// Answers with this failure instead.
    fn fail(self: Box<Self>, error: StoreError);
}

struct Pending<O: Operation> {
    operation: O,
    outcome: Option<Result<O::Reply, StoreError>>,
    reply: oneshot::Sender<Result<O::Reply, StoreError>>,
}

#[async_trait]
impl<O: Operation> Job for Pending<O> {
    fn synced(&self) -> bool {
        O::SYNCED
    }
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        match self.operation.apply(connection).await {
            Ok(reply) => self.outcome = Some(Ok(reply)),
            Err(conflict @ StoreError::Conflict { .. }) => self.outcome = Some(Err(conflict)),
            Err(error) => return Err(error),
        }
        Ok(())
    }
    fn answer(self: Box<Self>) {
        // The caller may have gone; the change stays.
        let _ = self.reply.send(self.outcome.unwrap_or_else(|| Err(closed())));
    }
    fn fail(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The callers' end of the queue.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Gives the connection to a new task.
    pub(crate) fn start(connection: SqliteConnection) -> Writer {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(task::run(connection, waiting));
        Writer { queue }
    }

    pub(crate) fn backlog(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Returns when the change is committed.
    pub(crate) async fn write<O: Operation>(&self, operation: O) -> Result<O::Reply, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Pending {
            operation,
            outcome: None,
            reply,
        };
        self.queue
            .send(Message::Job(Box::new(job)))
            .await
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Message::Close(reply))
            .await
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}
