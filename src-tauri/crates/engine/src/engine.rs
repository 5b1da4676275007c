//! The engine: everything that serving a call shares. The request's way is in [`crate::pipeline`].

mod cleared;
mod estimates;
mod faults;
mod recording;

pub(crate) use cleared::{ClearsKnown, Marks};
pub(crate) use recording::reservations_of;

use crate::{
    budget::{
        ahead::Outlooks,
        learned_ratio::LearnedRatios,
        need::CarefulEstimate,
        purse::{Held, Purse},
    },
    cache::{flight::Flights, memory::MemoryCache, semantic::running::SemanticCache, shared::SharedCache},
    clock::{Clock, SteadyTime},
    keyring::Keyring,
    limit::limiter::Limiter,
    metrics::process::ProcessCounters,
    pipeline::FlightEnd,
    routing::{
        breaker::BreakerConfig, breaker_map::BreakerMap, retry::RetryPolicy, retry_budget::RetryBudget,
    },
    search::SearchIndex,
    settings::Settings,
    spool::Spool,
    store::{LimitStore, RequestRecord, Store},
};
use arc_swap::ArcSwap;
use std::collections::{HashMap, VecDeque};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use weir_contract::{
    NanoUsd,
    model::{
        cache::CacheSelector,
        request::{RequestRow, TraceStep},
    },
};

/// Memory that the semantic cache may take: a million questions with their vectors.
const MOST_INDEX_BYTES: usize = 5 << 28;

/// Memory that the vectors of searched collections may take: those of some 600,000 items.
const MOST_SEARCH_BYTES: usize = 1 << 29;

/// Randomness for jitter and ids, handed in.
pub trait Random: Send + Sync {
    /// A uniformly random number.
    fn next_u64(&self) -> u64;
}

/// Hears of finished requests. It must not make calls wait.
pub trait RequestObserver: Send + Sync {
    /// Called once for each, before it is recorded.
    fn finished(&self, row: &RequestRow, trace: &[TraceStep]);
}

/// Caching and routing, ready to serve.
pub struct Engine {
    pub gateway_id: String,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub keyring: Keyring,
    pub memory: MemoryCache,
    pub semantic: SemanticCache,
    /// Vectors of collections that are searched here.
    pub search: SearchIndex,
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
    shared_cache: OnceLock<Arc<dyn SharedCache>>,
    /// Rises with every entry that some engine drops.
    drop_epoch: AtomicU64,
    /// The newest clear that was followed; none before the first look.
    followed_clears: tokio::sync::Mutex<Option<i64>>,
    /// The same for those who only want to know.
    cleared_up_to: AtomicI64,
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
    observer: OnceLock<Arc<dyn RequestObserver>>,
    /// Where what the store would not take is written down.
    pub(crate) spool: OnceLock<Arc<dyn Spool>>,
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
        let limits = store.clone();
        Engine::with_limits(gateway_id, store, limits, clock, random, settings, memory_bytes)
    }

    /// The same with the slots of limits elsewhere than in the store.
    #[must_use]
    pub fn with_limits(
        gateway_id: String,
        store: Arc<dyn Store>,
        limits: Arc<dyn LimitStore>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: Settings,
        memory_bytes: u64,
    ) -> Arc<Engine> {
        Arc::new(Engine {
            limiter: Limiter::new(&gateway_id, limits, clock.clone(), &settings.limits),
            steady: SteadyTime::anchored(clock.as_ref()),
            keyring: Keyring::new(store.clone(), clock.clone()),
            purse: Purse::new(&gateway_id, store.clone(), clock.clone()),
            gateway_id,
            store,
            clock,
            memory: MemoryCache::new(memory_bytes),
            semantic: SemanticCache::new(MOST_INDEX_BYTES),
            search: SearchIndex::new(MOST_SEARCH_BYTES),
            counters: ProcessCounters::default(),
            outlooks: Outlooks::default(),
            tasks: TaskTracker::new(),
            flights: Flights::default(),
            clear_epoch: AtomicU64::new(0),
            shared_cache: OnceLock::new(),
            drop_epoch: AtomicU64::new(0),
            followed_clears: tokio::sync::Mutex::default(),
            cleared_up_to: AtomicI64::new(0),
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
            observer: OnceLock::new(),
            spool: OnceLock::new(),
        })
    }

    /// Looks for answers in this tier, between memory and the database, from now on; only the first is used.
    pub fn use_shared_cache(&self, shared: Arc<dyn SharedCache>) {
        let _ = self.shared_cache.set(shared);
    }

    /// The tier between memory and the database, where there is one.
    pub fn shared_cache(&self) -> Option<&Arc<dyn SharedCache>> {
        self.shared_cache.get()
    }

    /// Tells this one of every finished request, from now on; only the first observer is told.
    pub fn observe_requests(&self, observer: Arc<dyn RequestObserver>) {
        let _ = self.observer.set(observer);
    }

    /// Counts a finished request, and tells whoever observes.
    pub(crate) fn finished(&self, record: &RequestRecord) {
        self.counters.count(&record.row);
        if let Some(observer) = self.observer.get() {
            observer.finished(&record.row, &record.trace);
        }
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
        match selector {
            CacheSelector::Entry(key) => self.semantic.forget_key(key),
            // What is left in the store is read again with the next question.
            _ => self.semantic.forget_all(),
        }
        self.changed();
    }

    /// Another number after anything was forgotten: what was read before must not come to memory then.
    pub(crate) fn forget_epoch(&self) -> u64 {
        // Both only rise, so their sum is the same only where both are.
        self.clear_epoch.load(Ordering::Acquire) + self.drop_epoch.load(Ordering::Acquire)
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

    /// True for a provider whose money is not real.
    #[must_use]
    pub fn is_simulated(&self, provider: &str) -> bool {
        self.settings
            .load()
            .providers
            .get(provider)
            .is_some_and(crate::settings::RunningProvider::is_simulated)
    }

    /// A uniformly random share.
    pub(crate) fn draw(&self) -> f64 {
        // The upper half is all that a float of this size can hold.
        f64::from(u32::try_from(self.random.next_u64() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }
    /// Tells whoever watches that a dashboard may show something else now.
    pub fn changed(&self) {
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
    /// The store did not do what was asked of it; the status says so until something works again.
    pub fn store_failed(&self, what: &str) {
        self.counters.store_failures.fetch_add(1, Ordering::Relaxed);
        if !self.store_broken.swap(true, Ordering::Relaxed) {
            tracing::error!(
                problem = what,
                "the store fails; cached answers are still served, nothing new is bought"
            );
            self.changed();
        }
    }
    /// The store did what was asked of it.
    pub fn store_works(&self) {
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
