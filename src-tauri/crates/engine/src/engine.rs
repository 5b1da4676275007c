//! The engine: everything that serving a call shares. The request's way is in [`crate::pipeline`].

mod estimates;

use crate::{
    budget::{
        ahead::Outlooks,
        learned_ratio::LearnedRatios,
        need::CarefulEstimate,
        purse::{Held, Purse},
    },
    cache::{flight::Flights, memory::MemoryCache},
    clock::{Clock, SteadyTime},
    keyring::Keyring,
    limit::limiter::Limiter,
    metrics::process::ProcessCounters,
    pipeline::FlightEnd,
    routing::{
        breaker::{Admittance, BreakerConfig, CallOutcome, Permit},
        breaker_map::BreakerMap,
        retry::{Fault, RetryDecision, RetryPolicy},
        retry_budget::RetryBudget,
    },
    settings::{ModelRef, Settings},
    store::{RequestRecord, Store, StoreError},
};
use arc_swap::ArcSwap;
use std::collections::{HashMap, VecDeque};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use weir_contract::{
    NanoUsd,
    model::{cache::CacheSelector, catalog::BreakerPosition},
};

/// Most finished requests that wait for a store that fails.
const MOST_UNRECORDED: usize = 10_000;

/// Randomness for jitter and ids, handed in.
pub trait Random: Send + Sync {
    /// A uniformly random number.
    fn next_u64(&self) -> u64;
}

/// Caching and routing, ready to serve.
pub struct Engine {
    pub gateway_id: String,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub keyring: Keyring,
    pub memory: MemoryCache,
    pub purse: Purse,
    pub limiter: Arc<Limiter>,
    pub counters: ProcessCounters,
    /// What caps that look ahead foresee.
    pub(crate) outlooks: Outlooks,
    /// Tasks that must end before the process does.
    pub tasks: TaskTracker,
    pub(crate) flights: Flights<FlightEnd>,
    /// Rises with every cache clear.
    pub(crate) clear_epoch: AtomicU64,
    settings: ArcSwap<Settings>,
    ratios: Mutex<LearnedRatios>,
    /// For intervals: a wall clock that is set forward would open windows and breakers early.
    steady: SteadyTime,
    breakers: Mutex<BreakerMap>,
    retry_policy: RetryPolicy,
    retry_budget: Mutex<RetryBudget>,
    random: Arc<dyn Random>,
    store_broken: AtomicBool,
    /// Finished requests that the store would not take, oldest first.
    unrecorded: Mutex<VecDeque<RequestRecord>>,
    /// What ended reservations were charged, until that is in the store.
    ending: Mutex<HashMap<String, (Held, NanoUsd)>>,
    changes: watch::Sender<u64>,
    careful: OnceLock<Arc<dyn CarefulEstimate>>,
}

/// The reservations that a record settles.
pub(crate) fn reservations_of(record: &RequestRecord) -> Vec<String> {
    let settlements = record.settlements.iter();
    settlements
        .map(|settlement| settlement.reservation_id.clone())
        .collect()
}

impl Engine {
    /// An engine over these parts. `memory_bytes` bounds the cache in memory.
    #[must_use]
    pub fn new(
        gateway_id: String,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: Settings,
        memory_bytes: u64,
    ) -> Arc<Engine> {
        Arc::new(Engine {
            limiter: Limiter::new(&gateway_id, store.clone(), clock.clone(), &settings.limits),
            steady: SteadyTime::anchored(clock.as_ref()),
            keyring: Keyring::new(store.clone(), clock.clone()),
            purse: Purse::new(&gateway_id, store.clone(), clock.clone()),
            gateway_id,
            store,
            clock,
            memory: MemoryCache::new(memory_bytes),
            counters: ProcessCounters::default(),
            outlooks: Outlooks::default(),
            tasks: TaskTracker::new(),
            flights: Flights::default(),
            clear_epoch: AtomicU64::new(0),
            settings: ArcSwap::from_pointee(settings),
            ratios: Mutex::default(),
            breakers: Mutex::new(BreakerMap::new(BreakerConfig::default())),
            retry_policy: RetryPolicy::default(),
            retry_budget: Mutex::default(),
            random,
            store_broken: AtomicBool::new(false),
            unrecorded: Mutex::default(),
            ending: Mutex::default(),
            changes: watch::channel(0).0,
            careful: OnceLock::new(),
        })
    }

    /// What runs now. A call keeps the settings it started with.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Replaces the running settings; what was counted stays counted.
    pub fn apply(&self, settings: Settings) {
        self.limiter.set_limits(&settings.limits);
        if settings.cache_cleared > self.settings().cache_cleared {
            self.forget_cached(&CacheSelector::All);
        }
        self.settings.store(Arc::new(settings));
        self.keyring.forget();
        self.changed();
    }

    /// Empties memory of what was cleared in the database.
    pub fn forget_cached(&self, selector: &CacheSelector) {
        self.clear_epoch.fetch_add(1, Ordering::AcqRel);
        self.memory.forget(selector);
        self.changed();
    }

    /// Told after everything that a dashboard may show: a number that rises.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// True while the last write to the store failed.
    #[must_use]
    pub fn store_is_broken(&self) -> bool {
        self.store_broken.load(Ordering::Relaxed)
    }

    /// Writes down what the store would not take before, so that no reservation stays open behind a finished request.
    ///
    /// # Errors
    /// The store's, if it still fails; what is left is kept.
    pub async fn record_again(&self) -> Result<(), StoreError> {
        loop {
            let Some(record) = lock(&self.unrecorded).front().cloned() else {
                return Ok(());
            };
            let id = record.row.id.clone();
            let ended = reservations_of(&record);
            match self.store.record(record).await {
                Err(problem @ StoreError::Unavailable(_)) => return Err(problem),
                Err(problem) => tracing::error!(request = id, %problem, "a request cannot be recorded"),
                Ok(()) => {
                    self.store_works();
                    self.free(&ended);
                }
            }
            // Only this one: it may have been written and another put in its place meanwhile.
            lock(&self.unrecorded).retain(|waiting| waiting.row.id != id);
            self.changed();
        }
    }

    /// Ends a reservation with the record that holds its settlement. Until that is in the store, the whole of it stays held: if
    /// this gateway died before, the whole of it would be charged, and must not have been promised to another call.
    pub(crate) fn free_when_recorded(&self, reservation_id: &str, held: Held, charged: NanoUsd) {
        lock(&self.ending).insert(reservation_id.to_owned(), (held, charged));
    }

    /// Sets free what these reservations held beyond their charges, now that they are settled in the store.
    pub(crate) fn free(&self, reservation_ids: &[String]) {
        for id in reservation_ids {
            let ended = lock(&self.ending).remove(id);
            if let Some((held, charged)) = ended {
                self.purse.settle(held, charged);
            }
        }
    }

    /// Keeps a finished request for [`Engine::record_again`]. Above 10,000 the oldest is dropped: its reservation is then
    /// charged in full when this gateway ends.
    pub(crate) fn record_later(&self, record: RequestRecord) {
        let mut unrecorded = lock(&self.unrecorded);
        if unrecorded.len() >= MOST_UNRECORDED {
            unrecorded.pop_front();
        }
        unrecorded.push_back(record);
    }

    /// Where the breakers of a provider's called models stand.
    #[must_use]
    pub fn breaker_positions(&self, provider: &str) -> Vec<(String, BreakerPosition)> {
        lock(&self.breakers).positions(provider, self.steady_ms())
    }

    /// True for a provider whose money is not real.
    #[must_use]
    pub fn is_simulated(&self, provider: &str) -> bool {
        self.settings
            .load()
            .providers
            .get(provider)
            .is_some_and(crate::settings::RunningProvider::is_simulated)
    }

    pub(crate) fn breaker_admits(&self, model: &ModelRef) -> Option<Permit> {
        match lock(&self.breakers).admit(&model.provider, &model.model, self.steady_ms()) {
            Admittance::Allowed(permit) => Some(permit),
            Admittance::Rejected { .. } => None,
        }
    }
    pub(crate) fn breaker_record(&self, model: &ModelRef, permit: Permit, outcome: CallOutcome) {
        lock(&self.breakers).record(&model.provider, &model.model, permit, outcome, self.steady_ms());
    }
    pub(crate) fn retry_budget_seen(&self) {
        lock(&self.retry_budget).request();
    }
    pub(crate) fn retry_decision(
        &self,
        fault: Fault,
        retries: u32,
        retry_after_ms: Option<u64>,
    ) -> RetryDecision {
        let random = self.random.next_u64();
        let mut budget = lock(&self.retry_budget);
        self.retry_policy.decide(
            fault,
            retries,
            retry_after_ms,
            random,
            &mut budget,
            self.steady_ms(),
        )
    }
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }
    /// A version 7 UUID: sorts by time, so requests page by id.
    pub(crate) fn new_request_id(&self) -> String {
        let random = (u128::from(self.random.next_u64()) << 64) | u128::from(self.random.next_u64());
        let millis = u64::try_from(self.now_ms()).unwrap_or(0);
        let mut bytes = [0_u8; 10];
        bytes.copy_from_slice(&random.to_be_bytes()[..10]);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes)
            .into_uuid()
            .to_string()
    }
    pub(crate) fn store_failed(&self, what: &str) {
        self.counters.store_failures.fetch_add(1, Ordering::Relaxed);
        if !self.store_broken.swap(true, Ordering::Relaxed) {
            tracing::error!(
                problem = what,
                "the store fails; cached answers are still served, nothing new is bought"
            );
            self.changed();
        }
    }
    pub(crate) fn store_works(&self) {
        if self.store_broken.swap(false, Ordering::Relaxed) {
            tracing::info!("the store works again");
        }
    }
    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
    fn steady_ms(&self) -> i64 {
        self.steady.now_ms(self.clock.as_ref())
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
