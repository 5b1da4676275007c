//! A gateway that runs: its status, the door to its operations, and how it is stopped without losing anything.

use crate::{alerts::Problem, spool::SpoolFile, store::OpenStore};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};
use weir_admin::Admin;
use weir_contract::model::gateway::GatewayStatus;
use weir_engine::{cache::semantic::embedder::Embedder, engine::Engine, store::GatewayReport};

/// How long providers that are still answering are waited for after the last client is served: as long as a stream is
/// read on for its usage.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// A gateway that runs in this process.
pub struct RunningGateway {
    pub(crate) admin: Admin,
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: OpenStore,
    /// None where there is none.
    pub(crate) spool: Option<Arc<SpoolFile>>,
    pub(crate) base_status: GatewayStatus,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) server: Mutex<Option<JoinHandle<()>>>,
    pub(crate) housekeeping: JoinHandle<()>,
    pub(crate) alerts: JoinHandle<()>,
    /// None where traces are off.
    pub(crate) traces: Option<JoinHandle<()>>,
    /// None without Redis.
    pub(crate) redis_tended: Option<JoinHandle<()>>,
    /// Told after the last request is recorded.
    pub(crate) traces_stop: watch::Sender<bool>,
    pub(crate) alerts_problem: Problem,
    pub(crate) backup_problem: Problem,
    /// What the database was told of this gateway at its start.
    pub(crate) report: GatewayReport,
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
        let spooled = self.engine.spooled();
        if spooled > 0 {
            let what = match spooled {
                1 => "1 entry waits".to_owned(),
                more => format!("{more} entries wait"),
            };
            degraded.push(format!(
                "{what} on this machine's disk until the database takes them; nothing is lost."
            ));
        }
        if self.engine.limiter.is_away() {
            degraded.push(
                "Whoever counts limits does not answer (the database, or Redis where it is configured): each gateway gives only its own share of every limit."
                    .to_owned(),
            );
        }
        if let Some(problem) = self.engine.semantic.embedder().ok().and_then(|one| one.problem()) {
            degraded.push(format!(
                "Similar questions and collections cannot be searched: {problem}."
            ));
        }
        if let Some(problem) = self.engine.shared_cache().and_then(|shared| shared.problem()) {
            degraded.push(format!(
                "{problem}. Answers are looked for in memory and in the database; nothing waits for Redis, which is tried again."
            ));
        }
        let alerts_problem = self.alerts_problem.lock().unwrap_or_else(PoisonError::into_inner);
        degraded.extend(alerts_problem.clone());
        let backup_problem = self.backup_problem.lock().unwrap_or_else(PoisonError::into_inner);
        degraded.extend(backup_problem.clone());
        GatewayStatus {
            config_version: settings.version,
            default_provider: settings.default_provider.clone(),
            degraded,
            ..self.base_status.clone()
        }
    }

    /// Replaces what makes the semantic cache's vectors.
    pub fn use_embedder(&self, embedder: Arc<dyn Embedder>) {
        self.engine.semantic.use_embedder(Ok(embedder));
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
        self.traces_stop.send_replace(true);
        if let Some(traces) = self.traces {
            let _ = traces.await;
        }
        if let Some(redis) = self.redis_tended {
            let _ = redis.await;
        }
        let _ = self.housekeeping.await;
        let _ = self.alerts.await;
        if let Err(problem) = self.engine.record_again().await {
            tracing::error!(%problem, "some finished requests could not be recorded; they stay in the spool, or are charged at their reserved amounts at the next start");
        } else if let Some(spool) = &self.spool
            && let Err(problem) = spool.remove()
        {
            tracing::warn!(%problem, "the empty spool could not be removed");
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
        let stopped = GatewayReport {
            address: String::new(),
            ..self.report
        };
        if let Err(problem) = self.engine.store.report_gateway(&stopped).await {
            tracing::warn!(%problem, "this gateway is listed until it is found gone");
        }
        if let Err(problem) = self.store.close().await {
            tracing::error!(%problem, "the database did not close cleanly; nothing that was acknowledged is lost");
        }
    }
}
