//! All limits of a gateway over all callers: [`super::books`] with the store behind them.

use super::{
    account::DEAD_AFTER_MS,
    books::{Books, Held, LimitRefusal, Look, Sent, Verdict},
    headers::RateHeaders,
    subject::{Caller, Weight},
};
use crate::{
    budget::fence::Moment,
    clock::Clock,
    store::{LimitFill, LimitReply, LimitStore, StoreError},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use weir_contract::model::limit::{Limit, LimitMeasure};

/// A store that takes longer is away: callers are not kept waiting for it.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// A request asks the store so often at most; more than twice only where others took what it was to get.
const MOST_LOOKS: u32 = 6;

/// See the module's words.
pub struct Limiter {
    books: Mutex<Books>,
    store: Arc<dyn LimitStore>,
    clock: Arc<dyn Clock>,
    /// One exchange at a time; it serves all that wait for it.
    exchanging: tokio::sync::Mutex<()>,
}

/// A request that every limit let through. It ends when it is dropped, or better by [`LimitHold::end`].
pub struct LimitHold {
    limiter: Arc<Limiter>,
    held: Vec<Held>,
    is_bought: bool,
    /// The tightest limit of each measure.
    pub headers: Vec<RateHeaders>,
    /// What limits in shadow mode say against it, in sentences.
    pub shadows: Vec<String>,
}

impl Limiter {
    /// A limiter of a run that no other has the name of.
    #[must_use]
    pub fn new(
        holder: &str,
        store: Arc<dyn LimitStore>,
        clock: Arc<dyn Clock>,
        limits: &[Limit],
    ) -> Arc<Limiter> {
        Arc::new(Limiter {
            books: Mutex::new(Books::new(holder, limits)),
            store,
            clock,
            exchanging: tokio::sync::Mutex::default(),
        })
    }

    /// Replaces the limits; what was counted stays counted.
    pub fn set_limits(&self, limits: &[Limit]) {
        self.books().set_limits(limits);
    }

    /// True while the store is away, and this gateway gives its own share of each limit.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.books().is_away()
    }

    /// How full a limit is over all gateways.
    ///
    /// # Errors
    /// The store's.
    pub async fn fill(&self, pool: &str, rest_ms: i64) -> Result<LimitFill, StoreError> {
        self.store.limit_fill(pool, rest_ms).await
    }

    /// Refusals of the limit of this name, and what it would have refused in shadow mode.
    #[must_use]
    pub fn refusals(&self, name: &str) -> (u64, u64) {
        self.books().refusals(name)
    }

    /// Admits and counts a request, or says why not. Waits for the store only when the slots in hand are too few.
    ///
    /// # Errors
    /// The refusal of the limit to wait longest for.
    pub async fn admit(
        self: &Arc<Self>,
        caller: &Caller<'_>,
        weight: &Weight,
    ) -> Result<LimitHold, Box<LimitRefusal>> {
        let arrived_us = self.clock.monotonic_us();
        let mut look = Look::First;
        for turn in 1..=MOST_LOOKS {
            if turn == MOST_LOOKS {
                look = Look::Last;
            }
            if let Some(decided) = self.look(caller, weight, arrived_us, look) {
                return decided;
            }
            look = Look::Again;
            let _one_at_a_time = self.exchanging.lock().await;
            // The exchange that this request waited for may have brought what it needs.
            if let Some(decided) = self.look(caller, weight, arrived_us, Look::Again) {
                return decided;
            }
            if turn > 1 {
                // What was noted has been served, to somebody else.
                let _ = self.look(caller, weight, arrived_us, Look::First);
            }
            let sent = self.books().exchange_for_waiting(self.moment());
            // A store that is away makes the next look decide by this gateway's share.
            let _ = self.exchange(sent).await;
        }
        // The last look always decides; without this the compiler could not know.
        self.look(caller, weight, arrived_us, Look::Last)
            .unwrap_or_else(|| Ok(self.hold_nothing()))
    }

    fn look(
        self: &Arc<Self>,
        caller: &Caller<'_>,
        weight: &Weight,
        arrived_us: u64,
        look: Look,
    ) -> Option<Result<LimitHold, Box<LimitRefusal>>> {
        let now = self.moment();
        match self.books().admit(caller, weight, arrived_us, now, look) {
            Verdict::Admitted {
                held,
                headers,
                shadows,
            } => {
                let limiter = self.clone();
                Some(Ok(LimitHold {
                    limiter,
                    held,
                    is_bought: false,
                    headers,
                    shadows,
                }))
            }
            Verdict::Refused(refusal) => Some(Err(refusal)),
            Verdict::Ask => None,
        }
    }

    fn hold_nothing(self: &Arc<Self>) -> LimitHold {
        LimitHold {
            limiter: self.clone(),
            held: Vec::new(),
            is_bought: false,
            headers: Vec::new(),
            shadows: Vec::new(),
        }
    }

    /// Tells the store what was used and gives back what is idle. To be called every second.
    ///
    /// # Errors
    /// The store's; everything is told again then.
    pub async fn report(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.exchanging.lock().await;
        loop {
            let Some(sent) = self.books().exchange_for_all(self.moment()) else {
                return Ok(());
            };
            let is_full = sent.is_full;
            self.exchange(sent).await?;
            if !is_full {
                return Ok(());
            }
        }
    }

    /// Takes back what dead gateways were lent. To be called every few seconds.
    ///
    /// # Errors
    /// The store's.
    pub async fn reclaim(&self) -> Result<u64, StoreError> {
        let known_ms = {
            let books = self.books();
            if !books.may_reclaim(self.moment()) {
                return Ok(0);
            }
            books.known_ms(self.moment())
        };
        self.store.reclaim_limits(known_ms, DEAD_AFTER_MS).await
    }

    /// Gives everything back, at the end of the run.
    ///
    /// # Errors
    /// The store's; others take it back when this gateway is found gone.
    pub async fn close(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.exchanging.lock().await;
        let sent = self.books().last_exchange(self.moment());
        self.exchange(sent).await
    }

    async fn exchange(&self, sent: Sent) -> Result<(), StoreError> {
        let outcome = tokio::time::timeout(PATIENCE, self.store.exchange_limits(sent.exchange.clone())).await;
        let outcome: Result<LimitReply, StoreError> = outcome.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(
                "it did not answer in time about limits".to_owned(),
            ))
        });
        match outcome {
            Ok(reply) => {
                let now = self.moment();
                let was_away = {
                    let mut books = self.books();
                    let was_away = books.is_away();
                    books.answered(&sent, &reply, now);
                    was_away
                };
                if was_away {
                    tracing::info!("the store counts limits again");
                }
                Ok(())
            }
            Err(problem) => {
                let mut books = self.books();
                if !books.is_away() {
                    tracing::warn!(%problem, "the store does not count limits; this gateway gives its own share of each");
                }
                books.unanswered(&sent);
                Err(problem)
            }
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            wall_ms: self.clock.now_ms(),
            monotonic_us: self.clock.monotonic_us(),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimitHold {
    /// From now on a provider may work for it: dropped, it counts by its estimates.
    pub fn bought(&mut self) {
        self.is_bought = true;
    }

    /// Ends with what was really used. None means that nobody knows, so that the estimates count.
    pub fn end(mut self, tokens: Option<i64>, nanousd: Option<i64>) {
        self.finish(tokens, nanousd);
    }

    fn finish(&mut self, tokens: Option<i64>, nanousd: Option<i64>) {
        if self.held.is_empty() {
            return;
        }
        let mut books = self.limiter.books();
        for held in self.held.drain(..) {
            let actual = match held.measure {
                LimitMeasure::Tokens => tokens,
                LimitMeasure::Dollars => nanousd,
                LimitMeasure::Requests | LimitMeasure::Concurrent => None,
            };
            books.finish(&held, actual.unwrap_or(held.amount()));
        }
    }
}

impl Drop for LimitHold {
    /// A call that ends without a word may have used what it was to use, once a provider was asked.
    fn drop(&mut self) {
        let used = (!self.is_bought).then_some(0);
        self.finish(used, used);
    }
}
