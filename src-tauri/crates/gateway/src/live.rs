//! What the dashboard asks of a running engine.

use crate::{
    alerts::{Outcome, Sender},
    config::{
        Config, Database,
        compile::{Parts, compile},
    },
};
use secrecy::ExposeSecret;
use std::sync::Arc;
use tokio::sync::Notify;
use weir_admin::{LimitActivity, Live};
use weir_contract::{
    ApiError, ErrorCode, NanoUsd,
    command::providers::ProviderTest,
    model::{
        alert::{AlertChannel, AlertEvent, ChannelTest},
        cache::CacheSelector,
        catalog::{IntentState, KeySource, KeyStatus, ProviderState, TierState},
        limit::Limit,
        semantic::SemanticPair,
        tier::Tier,
    },
};
use weir_engine::{
    alert::disk_low::DiskSpace,
    engine::Engine,
    limit::subject::{pool_of, rest_of},
    pipeline::{FeedbackProblem, feedback},
    settings::RunningProvider,
};

/// The live half of the dashboard, over an engine in this process.
pub(crate) struct EngineLive {
    engine: Arc<Engine>,
    config: Arc<Config>,
    parts: Arc<Parts>,
    sender: Arc<Sender>,
    /// Wakes housekeeping, so that what was done here is reported at once.
    changed: Arc<Notify>,
    /// Reloads come one after the other, so that none puts back what a later one has read already.
    reloading: tokio::sync::Mutex<()>,
}

impl EngineLive {
    pub(crate) fn new(
        engine: Arc<Engine>,
        config: Arc<Config>,
        parts: Arc<Parts>,
        sender: Arc<Sender>,
        changed: Arc<Notify>,
    ) -> EngineLive {
        EngineLive {
            engine,
            config,
            parts,
            sender,
            changed,
            reloading: tokio::sync::Mutex::default(),
        }
    }

    fn state_of(&self, running: &RunningProvider, default: &str) -> ProviderState {
        let config = running.config.clone();
        let key_status = match &config.key {
            KeySource::None => KeyStatus::NotNeeded,
            source if self.parts.secrets.secret(source).is_some() => KeyStatus::Present,
            _ => KeyStatus::Missing,
        };
        let breakers = self.engine.breaker_positions(&config.name);
        ProviderState {
            is_default: config.name == default,
            from_file: running.version == 0,
            key_status,
            version: running.version,
            breakers,
            config,
        }
    }
}

#[async_trait::async_trait]
impl Live for EngineLive {
    fn providers(&self) -> Vec<ProviderState> {
        let settings = self.engine.settings();
        let states = settings
            .providers
            .values()
            .map(|running| self.state_of(running, &settings.default_provider));
        states.collect()
    }

    async fn test_provider(&self, name: &str) -> Result<ProviderTest, ApiError> {
        let settings = self.engine.settings();
        let provider = settings
            .providers
            .get(name)
            .ok_or_else(|| ApiError::not_found(format!("there is no provider named \"{name}\"")))?;
        let started_us = self.engine.clock.monotonic_us();
        let answer = provider.adapter.models().await;
        let latency_ms =
            i64::try_from((self.engine.clock.monotonic_us() - started_us) / 1_000).unwrap_or(i64::MAX);
        Ok(match answer {
            Ok(models) => {
                let message = format!("It answered and offers {} models.", models.len());
                ProviderTest {
                    ok: true,
                    message,
                    latency_ms,
                    models: models.into_iter().take(50).collect(),
                }
            }
            Err(problem) => ProviderTest {
                ok: false,
                message: problem.message,
                latency_ms,
                models: Vec::new(),
            },
        })
    }

    fn tiers(&self) -> Vec<TierState> {
        let settings = self.engine.settings();
        let names = |tier| settings.tier(tier).iter().map(ToString::to_string).collect();
        Tier::ALL
            .into_iter()
            .map(|tier| TierState {
                tier,
                models: names(tier),
            })
            .collect()
    }

    fn intents(&self) -> Vec<IntentState> {
        let settings = self.engine.settings();
        let state = |rule: &weir_engine::intent::IntentRule| IntentState {
            name: rule.name.clone(),
            description: rule.description.clone(),
            lowest_tier: rule.lowest_tier,
            highest_tier: rule.highest_tier,
            cache_key: rule.cache_key.clone().unwrap_or_default(),
            cache_ttl_seconds: rule.cache_ttl.seconds(),
        };
        settings.intents.rules().iter().map(state).collect()
    }

    fn default_provider(&self) -> String {
        self.engine.settings().default_provider.clone()
    }

    async fn limit_activity(&self, limit: &Limit) -> Result<LimitActivity, ApiError> {
        // What this gateway has not told the store yet is told now, so that the figures are of this moment.
        let limiter = &self.engine.limiter;
        let _ = limiter.report().await;
        let fill = limiter.fill(&pool_of(limit), rest_of(limit)).await;
        let fill = fill.map_err(|problem| ApiError::new(ErrorCode::Unavailable, problem.to_string()))?;
        let (refused, would_refuse) = limiter.refusals(&limit.name);
        Ok(LimitActivity {
            active_callers: fill.callers,
            busiest: fill.busiest,
            refused,
            would_refuse,
        })
    }

    fn memory_cache(&self) -> (i64, i64) {
        self.engine.memory.size()
    }

    async fn forget_cached(&self, selector: &CacheSelector) {
        self.engine.forget_cleared_here(selector).await;
        self.changed.notify_one();
    }

    fn semantic(&self) -> (Result<String, String>, i64, i64) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (entries, bytes) = self.engine.semantic.size();
        let embedder = self
            .engine
            .semantic
            .embedder()
            .map(|embedder| embedder.id().to_owned());
        (embedder, count(entries), count(bytes))
    }

    fn embedder_problem(&self) -> Option<String> {
        self.engine.semantic.embedder().ok()?.problem()
    }

    async fn semantic_feedback(
        &self,
        request_id: &str,
        same: bool,
        who: &str,
    ) -> Result<SemanticPair, ApiError> {
        let judged = feedback(&self.engine, request_id, same, None, who).await;
        judged
            .map(|decision| decision.pair)
            .map_err(|problem| match problem {
                FeedbackProblem::Unknown(_) | FeedbackProblem::NoHit(_) => {
                    ApiError::not_found(problem.to_string())
                }
                FeedbackProblem::Store(_) => ApiError::new(ErrorCode::Unavailable, problem.to_string()),
            })
    }

    async fn reload(&self) -> Result<(), ApiError> {
        let _one_at_a_time = self.reloading.lock().await;
        let unavailable = |problem: weir_engine::store::StoreError| {
            ApiError::new(ErrorCode::Unavailable, problem.to_string())
        };
        let version = self.engine.store.config_version().await.map_err(unavailable)?;
        let items = self.engine.store.config_items().await.map_err(unavailable)?;
        let settings = compile(&self.config, &items, version, &self.parts)
            .map_err(|problem| ApiError::invalid(problem.to_string()))?;
        self.engine.apply(settings);
        Ok(())
    }

    fn held(&self, cap: &str, period_start_ms: i64) -> Option<NanoUsd> {
        Some(self.engine.purse.held(cap, period_start_ms))
    }

    fn disk(&self) -> Option<DiskSpace> {
        // A database server's disk is its own affair.
        let Ok(Database::Sqlite(path)) = self.config.database() else {
            return None;
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => std::path::Path::new("."),
        };
        Some(DiskSpace {
            free_bytes: fs4::available_space(folder).ok()?,
            total_bytes: fs4::total_space(folder).ok()?,
        })
    }

    fn secret_ending(&self, source: &KeySource) -> Option<String> {
        let secret = self.parts.secrets.secret(source)?;
        let letters: Vec<char> = secret.expose_secret().trim().chars().collect();
        // Of a short secret four characters would be too much of it.
        let shown = if letters.len() >= 24 { 4 } else { 0 };
        Some(letters[letters.len() - shown..].iter().collect())
    }

    async fn test_channel(
        &self,
        channel: &AlertChannel,
        event: &AlertEvent,
    ) -> Result<ChannelTest, ApiError> {
        let (ok, message) = match self.sender.send(channel, event, 0).await {
            Outcome::Taken(note) => (true, note),
            Outcome::TryAgain { note, .. } | Outcome::GivenUp(note) | Outcome::Skipped(note) => (false, note),
        };
        Ok(ChannelTest { ok, message })
    }
}
