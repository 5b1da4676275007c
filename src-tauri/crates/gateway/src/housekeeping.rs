//! What runs beside the calls: the heartbeat, new configuration, dead gateways' money, and what has grown old.

use crate::{alerts::Problem, config::Config, live::EngineLive, spool::SpoolFile, watch::Watch};
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};
use weir_admin::{Live, backups, ledger::compare_sums};
use weir_engine::{
    budget::fence::DEAD_AFTER_MS,
    engine::Engine,
    store::{GatewayReport, StoreError},
};

const TICK: Duration = Duration::from_secs(1);
/// How often in a tick it is looked whether another gateway is short of money that lies free here.
const LOOKS_PER_TICK: u32 = 10;
const DAY_MS: i64 = 86_400_000;
/// How long changes of keys can be undone: what was before names people, so it is not kept for ever.
const UNDO_DAYS: u32 = 30;
/// Half a minute after the start, and then every hour.
const BACKUP_TICK: u64 = 30;
/// How long the semantic cache's decisions are kept, and with them what was learned.
const DECISION_DAYS: u32 = 30;

/// Batches of cleared answers that are removed a minute: those of a clear of a hundred thousand.
const MOST_PURGES: u32 = 500;

/// A configuration that was refused is tried again this often: what it lacked may have come since.
const REFUSED_RETRY_TICKS: u64 = 60;

/// How often it is looked for what dead gateways left on this machine.
const SPOOL_TICKS: u64 = 10;

/// Runs until told to stop. A failing store is retried at the next tick. What others change is followed as soon as they say
/// so, and at the next tick in any case.
pub(crate) async fn run(mut house: House, changed: Arc<Notify>, mut stopping: watch::Receiver<bool>) {
    let mut is_failing = false;
    loop {
        // One line when it begins to fail and one when it is over, not one each second.
        match house.keep().await {
            Err(problem) if !is_failing => {
                tracing::warn!(%problem, "housekeeping fails and is repeated every second");
                if matches!(problem, StoreError::Unavailable(_)) {
                    house.engine.store_failed(&problem.to_string());
                }
                is_failing = true;
            }
            Ok(()) if is_failing => {
                tracing::info!("housekeeping works again");
                house.engine.store_works();
                is_failing = false;
            }
            Ok(()) | Err(_) => {}
        }
        house.tick += 1;
        let next_tick = tokio::time::sleep(TICK);
        tokio::pin!(next_tick);
        loop {
            let woken = tokio::select! {
                () = &mut next_tick => Woken::ByTime,
                () = changed.notified() => Woken::ByNews,
                () = tokio::time::sleep(TICK / LOOKS_PER_TICK) => Woken::ToLook,
                _ = stopping.wait_for(|stop| *stop) => Woken::ToStop,
            };
            match woken {
                Woken::ByTime => break,
                Woken::ByNews => {
                    // Whatever it is: keys are looked up anew at little cost, and a revoked one must stop.
                    house.engine.keyring.forget();
                    // A failure shows at the next tick.
                    drop(house.follow_others().await);
                }
                Woken::ToLook => house.look_for_recalls().await,
                Woken::ToStop => return,
            }
        }
    }
}

/// Whether backups are made, and what is wrong with them.
pub(crate) struct Backups {
    pub(crate) are_made: bool,
    pub(crate) problem: Problem,
}

/// Why it does something now.
enum Woken {
    ByTime,
    ByNews,
    ToLook,
    ToStop,
}

/// A configuration that could not be used.
struct Refused {
    version: i64,
    problem: String,
}

/// What housekeeping needs to know.
pub(crate) struct House {
    backups: Backups,
    engine: Arc<Engine>,
    live: Arc<EngineLive>,
    config: Arc<Config>,
    tick: u64,
    /// The configuration that could not be used, so that it is complained of once.
    refused_version: Option<Refused>,
    /// What the database was told last about this gateway.
    reported: GatewayReport,
    is_reported: bool,
    /// Several gateways share the database, so that one must not bury another that only lost it for a while.
    is_shared: bool,
    watch: Watch,
}

impl House {
    pub(crate) fn new(
        engine: Arc<Engine>,
        live: Arc<EngineLive>,
        config: Arc<Config>,
        reported: GatewayReport,
        backups: Backups,
        is_shared: bool,
    ) -> House {
        House {
            backups,
            engine,
            live,
            config,
            tick: 0,
            refused_version: None,
            reported,
            is_reported: true,
            is_shared,
            watch: Watch::default(),
        }
    }

    async fn keep(&mut self) -> Result<(), StoreError> {
        let now_ms = self.engine.clock.now_ms();
        // First, and whatever becomes of the rest: it is by this that a gateway notices that the store is there again.
        let limits = self.engine.limiter.report().await;
        self.engine.record_again().await?;
        self.follow_others().await?;
        self.engine.semantic.follow(self.engine.store.as_ref()).await?;
        if self.tick.is_multiple_of(5) {
            self.settle_the_dead(now_ms).await?;
            // Whoever was taken for dead is not known any more until it has beaten again.
            self.is_reported = false;
            self.report().await?;
            self.engine.limiter.reclaim().await?;
        }
        if self.tick.is_multiple_of(SPOOL_TICKS) {
            self.take_over_spools().await?;
        }
        if self.tick.is_multiple_of(60) {
            self.drop_the_old(now_ms).await?;
            self.engine.share_ratios().await?;
        }
        if self.tick % 3_600 == BACKUP_TICK && self.backups.are_made {
            self.back_up(now_ms);
        }
        if self.tick.is_multiple_of(3_600) {
            self.check_the_ledger(now_ms).await?;
        }
        limits
    }

    /// Records what gateways of this machine that are gone could not.
    async fn take_over_spools(&self) -> Result<(), StoreError> {
        let Some(folder) = self.config.spool.clone().filter(|_| self.is_shared) else {
            return Ok(());
        };
        let found = tokio::task::spawn_blocking(move || SpoolFile::left_behind(&folder)).await;
        // A folder that is not there holds nothing; one that cannot be read was complained of at the start.
        for spool in found.ok().and_then(Result::ok).unwrap_or_default() {
            let entries = self.engine.replay_of_the_dead(&spool).await?;
            if entries > 0 {
                tracing::info!(
                    entries,
                    "what a gateway that died had not recorded is in the database"
                );
            }
            if let Err(problem) = spool.remove() {
                tracing::warn!(%problem, "a spool could not be removed; it is read again and changes nothing");
            }
        }
        Ok(())
    }

    /// In a task of its own: a large database takes minutes, and this gateway must give signs of life meanwhile.
    fn back_up(&self, now_ms: i64) {
        let (store, problem) = (self.engine.store.clone(), self.backups.problem.clone());
        self.engine.tasks.spawn(async move {
            let said = match backups::round(store.as_ref(), now_ms).await {
                Ok(_) => None,
                Err(error) => {
                    tracing::error!(%error, "the daily backup failed; it is tried again in an hour");
                    Some(format!("The daily backup failed: {error}. Everything else works; it is tried again in an hour."))
                }
            };
            *problem.lock().unwrap_or_else(PoisonError::into_inner) = said;
        });
    }

    /// Holds every sum over the ledger against its balance. The result is kept, and the overview shows what differs.
    async fn check_the_ledger(&self, now_ms: i64) -> Result<(), StoreError> {
        let check = compare_sums(self.engine.store.as_ref(), now_ms).await?;
        for one in &check.mismatches {
            tracing::error!(
                cap = one.cap,
                period_start_ms = one.period_start_ms,
                sum = one.sum.as_str(),
                ledger = %one.ledger_nanousd,
                balance = %one.balance_nanousd,
                "the ledger's sum and the balance differ"
            );
        }
        Ok(())
    }

    /// Gives back what another gateway is short of: its call waits for it.
    async fn look_for_recalls(&self) {
        // One that fails is made up for by the next.
        if let Err(problem) = self.engine.purse.answer_recalls().await {
            tracing::debug!(%problem, "what other gateways asked back could not be read");
        }
    }

    /// Takes over what other gateways and windows changed.
    async fn follow_others(&mut self) -> Result<(), StoreError> {
        self.follow_configuration().await?;
        self.engine.follow_clears().await?;
        self.engine.search.follow(self.engine.store.as_ref()).await?;
        self.report().await
    }

    /// Says which configuration runs here and which clear was followed, where that is not known yet.
    async fn report(&mut self) -> Result<(), StoreError> {
        let version = self.engine.settings().version;
        let problem = self
            .refused_version
            .as_ref()
            .map_or("", |refused| refused.problem.as_str());
        let cache_seq = self.engine.cleared_up_to();
        let is_news = self.reported.config_version != version
            || self.reported.config_problem != problem
            || self.reported.cache_seq != cache_seq;
        if self.is_reported && !is_news {
            return Ok(());
        }
        self.reported.config_version = version;
        self.reported.config_problem = problem.to_owned();
        self.reported.cache_seq = cache_seq;
        // One that fails is said again at the next tick.
        self.is_reported = false;
        self.engine.store.report_gateway(&self.reported).await?;
        self.is_reported = true;
        Ok(())
    }

    /// Takes over a configuration that somebody else wrote.
    async fn follow_configuration(&mut self) -> Result<(), StoreError> {
        let version = self.engine.store.config_version().await?;
        if version == self.engine.settings().version {
            self.refused_version = None;
            return Ok(());
        }
        let is_known = self
            .refused_version
            .as_ref()
            .is_some_and(|refused| refused.version == version);
        if is_known && !self.tick.is_multiple_of(REFUSED_RETRY_TICKS) {
            return Ok(());
        }
        if let Err(problem) = self.live.reload().await {
            if !is_known {
                tracing::error!(%problem, version, "the new configuration is wrong; the one before goes on");
            }
            self.refused_version = Some(Refused {
                version,
                problem: problem.to_string(),
            });
        } else {
            self.refused_version = None;
        }
        Ok(())
    }

    /// Tells the others that this gateway lives, and charges what dead ones left open.
    async fn settle_the_dead(&mut self, now_ms: i64) -> Result<(), StoreError> {
        let engine = &self.engine;
        engine.purse.beat().await?;
        let may_bury = self.watch.beaten(engine.clock.monotonic_us() / 1_000);
        let charged = if may_bury || !self.is_shared {
            let dead_before_ms = now_ms - DEAD_AFTER_MS;
            engine.store.recover_dead_gateways(dead_before_ms, now_ms).await?
        } else {
            0
        };
        if charged > 0 {
            tracing::warn!(
                charged,
                "calls of a gateway that died were charged at their reserved amounts, unsettled"
            );
        }
        engine
            .purse
            .give_back(&engine.settings().caps, now_ms, false)
            .await
    }

    /// Removes what is past its time to live or retention.
    async fn drop_the_old(&self, now_ms: i64) -> Result<(), StoreError> {
        let store = &self.engine.store;
        let recording = &self.config.file.recording;
        let before = |days: u32| now_ms - i64::from(days) * DAY_MS;
        store
            .expire_entries(now_ms, &self.engine.settings().app_version)
            .await?;
        for _ in 0..MOST_PURGES {
            if store.purge_cleared(now_ms).await? == 0 {
                break;
            }
        }
        store
            .expire_requests(before(recording.body_days), before(recording.request_days))
            .await?;
        store.expire_rollups(now_ms).await?;
        store.expire_undo_sources(before(UNDO_DAYS)).await?;
        store.expire_decisions(before(DECISION_DAYS)).await?;
        store.expire_results(now_ms).await?;
        store.expire_limit_log(now_ms - DAY_MS - DAY_MS / 24).await?;
        Ok(())
    }
}
