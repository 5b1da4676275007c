//! Group commit: what waits is written by one statement. Knows nothing of tables.
//!
//! A call puts its row into a queue and waits. A task takes everything that waits, writes it in one statement, which is a
//! transaction of its own, and answers each caller after the commit: many callers share one trip and one sync to disk.

use crate::error::{closed, copy};
use std::{future::Future, sync::Mutex, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use weir_engine::store::StoreError;

/// Most rows that wait before callers wait for a place in the queue.
const QUEUE: usize = 4096;
/// Most rows in one statement.
const BATCH: usize = 256;
/// How long a failed statement waits before each further try: long enough for a restart or a failover to pass, short enough
/// for a caller to wait.
const RETRY_AFTER: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_millis(1_000),
];

/// What writes rows. Writing the same row twice must be writing it once, because a lost connection leaves it open whether
/// the server has committed.
pub(crate) trait Sink<R>: Clone + Send + Sync + 'static {
    fn write(&self, rows: &[R]) -> impl Future<Output = Result<(), StoreError>> + Send;
}

type Answer = oneshot::Sender<Result<(), StoreError>>;

/// The callers' end of the queue.
pub(crate) struct Writer<R> {
    queue: Mutex<Option<mpsc::Sender<(R, Answer)>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<R: Send + Sync + 'static> Writer<R> {
    /// Starts the task in the current runtime.
    pub(crate) fn start(sink: impl Sink<R>) -> Writer<R> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let task = tokio::spawn(run(sink, waiting));
        Writer {
            queue: Mutex::new(Some(queue)),
            task: Mutex::new(Some(task)),
        }
    }

    /// Returns when the row is committed.
    pub(crate) async fn write(&self, row: R) -> Result<(), StoreError> {
        let queue = lock(&self.queue).clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        queue.send((row, answer)).await.map_err(|_| closed())?;
        drop(queue);
        answered.await.map_err(|_| closed())?
    }

    /// Rows that wait.
    pub(crate) fn backlog(&self) -> usize {
        lock(&self.queue)
            .as_ref()
            .map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Takes no more rows and returns when those that wait are written.
    pub(crate) async fn close(&self) {
        drop(lock(&self.queue).take());
        let task = lock(&self.task).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn run<R: Send + Sync + 'static>(sink: impl Sink<R>, mut waiting: mpsc::Receiver<(R, Answer)>) {
    let mut taken = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut taken, BATCH).await > 0 {
        let (rows, answers): (Vec<R>, Vec<Answer>) = taken.drain(..).unzip();
        for (answer, outcome) in answers.into_iter().zip(write_all(&sink, &rows).await) {
            // The caller may have gone; the row stays.
            let _ = answer.send(outcome);
        }
    }
}

/// Writes all together; when one of them is wrong, each alone, so that it does not fail its neighbours.
async fn write_all<R: Send + Sync>(sink: &impl Sink<R>, rows: &[R]) -> Vec<Result<(), StoreError>> {
    let together = write_again(sink, rows).await;
    match together {
        Err(error) if rows.len() == 1 || matches!(error, StoreError::Unavailable(_)) => {
            rows.iter().map(|_| Err(copy(&error))).collect()
        }
        Err(_) => {
            let mut outcomes = Vec::with_capacity(rows.len());
            for row in rows {
                outcomes.push(write_again(sink, std::slice::from_ref(row)).await);
            }
            outcomes
        }
        Ok(()) => rows.iter().map(|_| Ok(())).collect(),
    }
}

/// Again when the server was away or two changes met.
async fn write_again<R: Send + Sync>(sink: &impl Sink<R>, rows: &[R]) -> Result<(), StoreError> {
    for wait in RETRY_AFTER {
        match sink.write(rows).await {
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(wait).await,
            outcome => return outcome,
        }
    }
    sink.write(rows).await
}
