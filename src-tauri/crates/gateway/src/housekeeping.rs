//! What runs beside the calls: the heartbeat, new configuration, dead gateways' money, and what has grown old.

use crate::{config::Config, live::EngineLive};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use weir_admin::Live;
use weir_engine::{budget::fence::DEAD_AFTER_MS, engine::Engine, store::StoreError};

const TICK: Duration = Duration::from_secs(1);
const DAY_MS: i64 = 86_400_000;

/// Runs until told to stop. A failing store is retried at the next tick.
pub(crate) async fn run(
    engine: Arc<Engine>,
    live: Arc<EngineLive>,
    config: Arc<Config>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut tick: u64 = 0;
    loop {
        if let Err(problem) = keep_house(&engine, &live, &config, tick).await {
            tracing::warn!(%problem, "housekeeping will be repeated");
        }
        tick += 1;
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

async fn keep_house(
    engine: &Engine,
    live: &EngineLive,
    config: &Config,
    tick: u64,
) -> Result<(), StoreError> {
    let now_ms = engine.clock.now_ms();
    engine.record_again().await?;
    if engine.store.config_version().await? != engine.settings().version
        && let Err(problem) = live.reload().await
    {
        tracing::error!(%problem, "the new configuration is wrong; the one before goes on");
    }
    if tick.is_multiple_of(5) {
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
            .await?;
    }
    if tick.is_multiple_of(60) {
        let recording = &config.file.recording;
        let before = |days: u32| now_ms - i64::from(days) * DAY_MS;
        engine
            .store
            .expire_entries(now_ms, &engine.settings().app_version)
            .await?;
        engine
            .store
            .expire_requests(before(recording.body_days), before(recording.request_days))
            .await?;
        engine.store.expire_rollups(now_ms).await?;
    }
    if tick.is_multiple_of(3_600) {
        for (lease, ledger, balance) in engine.store.check_ledger().await? {
            tracing::error!(cap = lease.cap, %ledger, %balance, "the ledger's sum and the balance differ");
        }
    }
    Ok(())
}
