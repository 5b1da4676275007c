//! What runs beside the calls: the heartbeat, new configuration, dead gateways' money, and what has grown old.

use crate::{config::Config, live::EngineLive};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use weir_admin::{Live, ledger::compare_sums};
use weir_engine::{budget::fence::DEAD_AFTER_MS, engine::Engine, store::StoreError};

const TICK: Duration = Duration::from_secs(1);
/// How often in a tick it is looked whether another gateway is short of money that lies free here.
const LOOKS_PER_TICK: u32 = 10;
const DAY_MS: i64 = 86_400_000;

/// A configuration that was refused is tried again this often: what it lacked may have come since.
const REFUSED_RETRY_TICKS: u64 = 60;

/// Runs until told to stop. A failing store is retried at the next tick.
pub(crate) async fn run(
    engine: Arc<Engine>,
    live: Arc<EngineLive>,
    config: Arc<Config>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut house = House {
        engine,
        live,
        config,
        tick: 0,
        refused_version: None,
    };
    let mut is_failing = false;
    loop {
        // One line when it begins to fail and one when it is over, not one each second.
        match house.keep().await {
            Err(problem) if !is_failing => {
                tracing::warn!(%problem, "housekeeping fails and is repeated every second");
                is_failing = true;
            }
            Ok(()) if is_failing => {
                tracing::info!("housekeeping works again");
                is_failing = false;
            }
            Ok(()) | Err(_) => {}
        }
        house.tick += 1;
        for _ in 0..LOOKS_PER_TICK {
            tokio::select! {
                () = tokio::time::sleep(TICK / LOOKS_PER_TICK) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            // Another gateway's call waits for it. One that fails is made up for by the next.
            if let Err(problem) = house.engine.purse.answer_recalls().await {
                tracing::debug!(%problem, "what other gateways asked back could not be read");
            }
        }
    }
}

struct House {
    engine: Arc<Engine>,
    live: Arc<EngineLive>,
    config: Arc<Config>,
    tick: u64,
    /// The configuration that could not be used, so that it is complained of once.
    refused_version: Option<i64>,
}

impl House {
    async fn keep(&mut self) -> Result<(), StoreError> {
        let now_ms = self.engine.clock.now_ms();
        // First, and whatever becomes of the rest: it is by this that a gateway notices that the store is there again.
        let limits = self.engine.limiter.report().await;
        self.engine.record_again().await?;
        self.follow_configuration().await?;
        if self.tick.is_multiple_of(5) {
            self.settle_the_dead(now_ms).await?;
            self.engine.limiter.reclaim().await?;
        }
        if self.tick.is_multiple_of(60) {
            self.drop_the_old(now_ms).await?;
            self.engine.share_ratios().await?;
        }
        if self.tick.is_multiple_of(3_600) {
            self.check_the_ledger(now_ms).await?;
        }
        limits
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

    /// Takes over a configuration that somebody else wrote.
    async fn follow_configuration(&mut self) -> Result<(), StoreError> {
        let version = self.engine.store.config_version().await?;
        if version == self.engine.settings().version {
            self.refused_version = None;
            return Ok(());
        }
        let is_known = self.refused_version == Some(version);
        if is_known && !self.tick.is_multiple_of(REFUSED_RETRY_TICKS) {
            return Ok(());
        }
        if let Err(problem) = self.live.reload().await {
            if !is_known {
                tracing::error!(%problem, version, "the new configuration is wrong; the one before goes on");
            }
            self.refused_version = Some(version);
        }
        Ok(())
    }

    /// Tells the others that this gateway lives, and charges what dead ones left open.
    async fn settle_the_dead(&self, now_ms: i64) -> Result<(), StoreError> {
        let engine = &self.engine;
        engine.purse.beat().await?;
        let charged = engine
            .store
            .recover_dead_gateways(now_ms - DEAD_AFTER_MS, now_ms)
            .await?;
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
        store
            .expire_requests(before(recording.body_days), before(recording.request_days))
            .await?;
        store.expire_rollups(now_ms).await?;
        store.expire_limit_log(now_ms - DAY_MS - DAY_MS / 24).await?;
        Ok(())
    }
}
