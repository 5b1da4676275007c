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
use std::any::{Any, TypeId};
use tokio::sync::{mpsc, oneshot};
use weir_engine::store::StoreError;

/// Most jobs that wait before callers wait for a place in the queue.
const QUEUE: usize = 4096;

/// A change to the database. It must be safe to apply again after a rollback.
#[async_trait]
pub(crate) trait Operation: Sized + Send + Sync + 'static {
    type Reply: Send + 'static;
    /// True when the commit must be on the disk itself before the caller is answered.
    const SYNCED: bool = false;
    /// True when all of this kind in a transaction are applied in one step. Each statement is a trip to SQLite's thread and
    /// back, which costs more than the statement.
    const TOGETHER: bool = false;

    /// Applies the change inside the running transaction. A `Conflict` may only be returned before anything is written:
    /// the transaction goes on with the other jobs.
    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Self::Reply, StoreError>;

    /// Applies all of them, which were asked for at the same time, and replies in their order.
    async fn apply_together(
        operations: &[&Self],
        connection: &mut SqliteConnection,
    ) -> Result<Vec<Self::Reply>, StoreError> {
        let mut replies = Vec::with_capacity(operations.len());
        for operation in operations {
            replies.push(operation.apply(connection).await?);
        }
        Ok(replies)
    }
}

/// An operation whose reply type is hidden, so that all fit into one queue.
#[async_trait]
trait Job: Any + Send {
    fn synced(&self) -> bool;
    /// Jobs of the same group are run together; none when it runs alone.
    fn group(&self) -> Option<TypeId>;
    fn as_any(&mut self) -> &mut dyn Any;
    /// Applies it, and the others of its group with it, and keeps the outcomes; the error says that the transaction must be
    /// rolled back.
    async fn run(
        &mut self,
        others: &mut [Box<dyn Job>],
        connection: &mut SqliteConnection,
    ) -> Result<(), StoreError>;
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
    fn group(&self) -> Option<TypeId> {
        O::TOGETHER.then(TypeId::of::<O>)
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
    async fn run(
        &mut self,
        others: &mut [Box<dyn Job>],
        connection: &mut SqliteConnection,
    ) -> Result<(), StoreError> {
        if others.is_empty() {
            match self.operation.apply(connection).await {
                Ok(reply) => self.outcome = Some(Ok(reply)),
                Err(conflict @ StoreError::Conflict { .. }) => self.outcome = Some(Err(conflict)),
                Err(error) => return Err(error),
            }
            return Ok(());
        }
        let mut pending = vec![self];
        pending.extend(
            others
                .iter_mut()
                .filter_map(|job| job.as_mut().as_any().downcast_mut::<Pending<O>>()),
        );
        let operations: Vec<&O> = pending.iter().map(|pending| &pending.operation).collect();
        let replies = O::apply_together(&operations, connection).await?;
        for (pending, reply) in pending.into_iter().zip(replies) {
            pending.outcome = Some(Ok(reply));
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
    ///
    /// It has a thread of its own: on the program's threads each of its many short waits for SQLite would wake one that
    /// has something better to do.
    ///
    /// # Errors
    /// The system's, when it has no thread left.
    pub(crate) fn start(connection: SqliteConnection) -> std::io::Result<Writer> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        std::thread::Builder::new()
            .name("weir-writer".to_owned())
            .spawn(move || runtime.block_on(task::run(connection, waiting)))?;
        Ok(Writer { queue })
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
