//! A gateway that runs: its status, the door to its operations, and how it is stopped without losing anything.

use crate::alerts::Problem;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};
use weir_admin::Admin;
use weir_contract::model::gateway::GatewayStatus;
use weir_engine::engine::Engine;
use weir_store_sqlite::SqliteStore;

/// How long providers that are still answering are waited for after the last client is served: as long as a stream is
/// read on for its usage.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// A gateway that runs in this process.
pub struct RunningGateway {
    pub(crate) admin: Admin,
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: SqliteStore,
    pub(crate) base_status: GatewayStatus,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) server: Mutex<Option<JoinHandle<()>>>,
    pub(crate) housekeeping: JoinHandle<()>,
    pub(crate) alerts: JoinHandle<()>,
    pub(crate) alerts_problem: Problem,
}

impl RunningGateway {
    /// The door to every dashboard operation.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// What runs now.
    #[must_use]
    pub fn status(&self) -> GatewayStatus {
        let settings = self.engine.settings();
        let mut degraded = Vec::new();
        if self.engine.store_is_broken() {
            degraded.push(
                "The database cannot be written: cached answers are still served, nothing new is bought."
                    .to_owned(),
            );
        }
        if self.engine.limiter.is_away() {
            degraded.push(
                "The database does not answer about limits: each gateway gives only its own share of every limit."
                    .to_owned(),
            );
        }
        let alerts_problem = self.alerts_problem.lock().unwrap_or_else(PoisonError::into_inner);
        degraded.extend(alerts_problem.clone());
        GatewayStatus {
            config_version: settings.version,
            default_provider: settings.default_provider.clone(),
            degraded,
            ..self.base_status.clone()
        }
    }

    /// A number that rises with everything that a dashboard may show.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.engine.changes()
    }

    /// Stops: takes no new calls, lets the ones under way end, writes everything down.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            let _ = server.await;
        }
        self.engine.tasks.close();
        if tokio::time::timeout(LAST_ANSWERS, self.engine.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                calls = self.engine.tasks.len(),
                "calls still under way were left; they are charged at their reserved amounts at the next start"
            );
        }
        let _ = self.housekeeping.await;
        let _ = self.alerts.await;
        if let Err(problem) = self.engine.record_again().await {
            tracing::error!(%problem, "some finished requests could not be recorded; they are charged at their reserved amounts at the next start");
        }
        if let Err(problem) = self.engine.limiter.close().await {
            tracing::warn!(%problem, "what limits had lent could not be given back; it rests until this gateway is found gone");
        }
        if let Err(problem) = self.engine.share_ratios().await {
            tracing::warn!(%problem, "what was learned of token use in the last minute is lost; estimates stay careful");
        }
        let caps = self.engine.settings().caps.clone();
        if let Err(problem) = self
            .engine
            .purse
            .give_back(&caps, self.engine.clock.now_ms(), true)
            .await
        {
            tracing::warn!(%problem, "unspent money could not be returned; it returns when this gateway is found gone");
        }
        if let Err(problem) = self.store.close().await {
            tracing::error!(%problem, "the database did not close cleanly; nothing that was acknowledged is lost");
        }
    }
}
