//! The optional Redis beside a Postgres: a cache of answers that gateways share, and the slots of limits. Nothing here is the
//! only copy of money or of an answer, and nothing waits for a Redis that is away: [`link`] has the time limits and the breaker.

mod answers;
mod entry;
mod limits;
mod link;
mod options;
mod sweep;

pub use limits::RedisLimits;

pub use options::{OptionsError, RedisOptions, Timeouts};

use answers::{Answers, Waiting};
use link::Link;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use weir_engine::{
    cache::shared::{SharedCache, clears::ClearBook},
    clock::Clock,
    store::Store,
};

/// A Redis that one gateway uses. Cloning shares it.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
    answers: Arc<Answers>,
    prefix: String,
}

/// Runs what Redis needs beside the calls: connecting, writing answers down, removing what was cleared.
pub struct Tending {
    redis: Redis,
    waiting: mpsc::Receiver<Waiting>,
}

impl Redis {
    /// A Redis for the gateways of the database with this salt, under whose name its keys stand, so that databases never see
    /// each other's answers. `book` begins with the clears that the database knows. Opens no connection yet.
    ///
    /// # Errors
    /// [`OptionsError`] for an address that is none.
    pub fn new(
        options: &RedisOptions,
        salt: &[u8; 32],
        book: ClearBook,
        clock: Arc<dyn Clock>,
    ) -> Result<(Redis, Tending), OptionsError> {
        let link = Arc::new(Link::new(options, clock)?);
        let prefix = prefix_of(salt);
        let (answers, waiting) = Answers::new(link.clone(), &prefix, book);
        let redis = Redis {
            link,
            answers: Arc::new(answers),
            prefix,
        };
        let tending = Tending {
            redis: redis.clone(),
            waiting,
        };
        Ok((redis, tending))
    }

    /// Its host and port.
    #[must_use]
    pub fn place(&self) -> &str {
        self.link.place()
    }

    /// The tier of answers.
    #[must_use]
    pub fn shared_cache(&self) -> Arc<dyn SharedCache> {
        self.answers.clone()
    }

    /// Slots of limits in Redis; the log of requests stays in `store`. For one run of one gateway.
    #[must_use]
    pub fn limits(&self, store: Arc<dyn Store>) -> RedisLimits {
        RedisLimits::new(self.link.clone(), &self.prefix, store)
    }
}

impl Tending {
    /// Until told to stop. Answers that still wait are dropped then: they are in the database.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let answers = &self.redis.answers;
        tokio::select! {
            () = self.redis.link.tend() => {}
            () = answers.write_down(self.waiting) => {}
            () = answers.keep_swept() => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

fn prefix_of(salt: &[u8; 32]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"weir in redis");
    hasher.update(salt);
    let digest = hasher.finalize();
    let mut prefix = "weir:".to_owned();
    for byte in &digest[..8] {
        prefix.push_str(&format!("{byte:02x}"));
    }
    prefix.push(':');
    prefix
}
