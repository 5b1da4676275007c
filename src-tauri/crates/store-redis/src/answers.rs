//! The tier of answers that gateways share.

use crate::{
    entry::{BODY, HEAD, Head},
    link::Link,
};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};
use weir_engine::{
    cache::shared::{
        EntryMarks, SharedCache,
        clears::{ClearBook, ClearMark, NumberedClear},
    },
    store::CacheEntry,
};

/// Answers that wait to be written; more are left to the database alone.
const MOST_WAITING: usize = 256;
/// Longer bodies are left to the database: moving them would hold up the others on the connection.
const LONGEST_BODY_BYTES: usize = 512 * 1024;

/// An answer that is to be written.
pub(crate) struct Waiting {
    head: Head,
    body: Vec<u8>,
}

/// See the file's words.
pub(crate) struct Answers {
    pub(crate) link: Arc<Link>,
    pub(crate) prefix: String,
    book: Mutex<ClearBook>,
    /// There is something new in the book.
    pub(crate) cleared: Notify,
    queue: mpsc::Sender<Waiting>,
}

impl Answers {
    pub(crate) fn new(link: Arc<Link>, prefix: &str, book: ClearBook) -> (Answers, mpsc::Receiver<Waiting>) {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        let answers = Answers {
            link,
            prefix: format!("{prefix}answer:"),
            book: Mutex::new(book),
            cleared: Notify::new(),
            queue,
        };
        (answers, waiting)
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, ClearBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name_of(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Writes down what waits. Ends never.
    pub(crate) async fn write_down(&self, mut waiting: mpsc::Receiver<Waiting>) {
        while let Some(one) = waiting.recv().await {
            let name = self.name_of(&one.head.row.key);
            let lives_ms = one.head.row.expires_ms.saturating_sub(self.link.wall_ms());
            let head = &one.head;
            let is_cleared = !self
                .book()
                .may_serve(head.made_at, &head.row, head.marks.as_ref());
            if lives_ms <= 0 || is_cleared {
                continue;
            }
            let mut pipe = redis::pipe();
            pipe.atomic();
            pipe.hset(&name, HEAD, one.head.encode()).ignore();
            pipe.hset(&name, BODY, one.body).ignore();
            pipe.pexpire(&name, lives_ms).ignore();
            let write = self.link.timeouts.write;
            let written = self.link.ask(write, |mut connection| async move {
                pipe.query_async::<()>(&mut connection).await
            });
            match written.await {
                Ok(()) => self.link.took(),
                Err(away) => tracing::debug!(%away, "an answer is not in Redis; the database has it"),
            }
        }
    }
}

#[async_trait]
impl SharedCache for Answers {
    async fn get_entry(&self, key: &str, now_ms: i64) -> Option<CacheEntry> {
        // Nothing is served then, so nothing is asked.
        self.book().newest()?;
        let name = self.name_of(key);
        let read = self.link.timeouts.read;
        let found = self.link.ask(read, |mut connection| async move {
            let mut get = redis::cmd("HMGET");
            get.arg(name).arg(HEAD).arg(BODY);
            get.query_async::<(Option<Vec<u8>>, Option<Vec<u8>>)>(&mut connection)
                .await
        });
        let (Some(head), Some(body)) = found.await.ok()? else {
            return None;
        };
        let head = Head::decode(&head)?;
        // After Redis has answered: what was cleared meanwhile is in the book, or memory drops it by its epoch.
        let may_be_served = self
            .book()
            .may_serve(head.made_at, &head.row, head.marks.as_ref());
        if !may_be_served || head.row.expires_ms <= now_ms {
            return None;
        }
        head.entry(key, body)
    }

    fn newest_clear(&self) -> Option<ClearMark> {
        self.book().newest()
    }

    fn put_entry(&self, entry: CacheEntry, marks: Option<EntryMarks>, made_at: ClearMark) {
        if entry.body.len() > LONGEST_BODY_BYTES || self.link.problem().is_some() {
            return;
        }
        let head = Head::of(&entry, marks, made_at);
        // A full queue means that Redis is slower than the traffic; the database has the answer.
        let _ = self.queue.try_send(Waiting {
            head,
            body: entry.body,
        });
    }

    fn begin_following(&self) -> (i64, u64) {
        let book = self.book();
        (book.seq(), book.begin())
    }

    fn follow(&self, begun: u64, clears: Vec<NumberedClear>) {
        let is_news = !clears.is_empty();
        self.book().follow(begun, clears);
        if is_news {
            self.cleared.notify_one();
        }
    }

    fn await_clears(&self) {
        self.book().made_one();
    }

    fn problem(&self) -> Option<String> {
        self.link.problem()
    }
}
