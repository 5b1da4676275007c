//! The alert loop: looks at what is watched, and sends what is due. It runs beside the calls and never holds one up.
//!
//! Every gateway on a database runs it. The store decides who raises and who sends, so each alert goes out once.

pub mod desktop;
mod email;
mod post;
mod send;
mod slack;
mod webhook;

pub(crate) use send::{Outcome, Sender};

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet};
use weir_admin::Admin;
use weir_contract::{ApiError, model::alert::DeliveryState};
use weir_engine::{
    alert::{DAY_MS, retry::next_attempt_ms},
    engine::Random,
    store::{DeliveryOutcome, DueDelivery},
};

const TICK: Duration = Duration::from_secs(1);
/// How often everything that is watched is looked at.
const ROUND_TICKS: u64 = 10;
const EXPIRE_TICKS: u64 = 3_600;
/// Alerts are kept as long as the figures behind them.
const KEPT_MS: i64 = 400 * DAY_MS;
/// Deliveries under way at once: one dead channel leaves room for the others.
const MOST_AT_ONCE: usize = 8;
/// Longer than any attempt takes. A delivery whose gateway died is taken on by another after this time.
const BUSY_MS: i64 = 60_000;
/// How long a stop waits for deliveries under way.
const LAST_DELIVERIES: Duration = Duration::from_secs(3);

/// Why alerts do not work at the moment, as the window shows it; none when they do.
pub(crate) type Problem = Arc<Mutex<Option<String>>>;

/// What the loop works with.
pub(crate) struct AlertLoop {
    pub(crate) admin: Admin,
    pub(crate) sender: Arc<Sender>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) problem: Problem,
}

impl AlertLoop {
    /// Runs until told to stop. While the store is away nothing is looked at and nothing is sent; the status says so.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let this = Arc::new(self);
        let mut under_way = JoinSet::new();
        let mut tick = 0_u64;
        loop {
            let mut outcome = Ok(());
            if tick.is_multiple_of(ROUND_TICKS) {
                outcome = weir_admin::alerts::round(&this.admin).await.map(|_| ());
            }
            let sent = this.send_due(&mut under_way).await;
            this.tell(tick, outcome.and(sent));
            if tick.is_multiple_of(EXPIRE_TICKS) {
                this.expire().await;
            }
            tick += 1;
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = stopping.wait_for(|stop| *stop) => break,
            }
        }
        // What is cut off here stays waiting, and whoever runs next sends it under the same id.
        let _ = tokio::time::timeout(LAST_DELIVERIES, async {
            while under_way.join_next().await.is_some() {}
        })
        .await;
    }

    /// Takes on what is due, as much as there is room for.
    async fn send_due(self: &Arc<Self>, under_way: &mut JoinSet<()>) -> Result<(), ApiError> {
        while under_way.try_join_next().is_some() {}
        while under_way.len() < MOST_AT_ONCE {
            let now_ms = self.admin.clock.now_ms();
            let claimed = self.admin.store.claim_delivery(now_ms, now_ms + BUSY_MS).await;
            let Some(due) = claimed.map_err(weir_admin::from_store)? else {
                return Ok(());
            };
            let this = self.clone();
            under_way.spawn(async move { this.deliver(due).await });
        }
        Ok(())
    }

    async fn deliver(&self, due: DueDelivery) {
        let outcome = match weir_admin::channels::standing(&self.admin, &due.delivery.channel).await {
            // The channels cannot be read at the moment; the delivery is taken on again when its time is up.
            Err(_) => return,
            Ok(None) => Outcome::GivenUp("there is no such channel any more".to_owned()),
            Ok(Some((channel, _))) if !channel.enabled => {
                Outcome::Skipped("the channel was switched off".to_owned())
            }
            Ok(Some((_, true))) => Outcome::Skipped("the channel was snoozed".to_owned()),
            Ok(Some((channel, false))) => self.sender.send(&channel, &due.event, due.delivery.id).await,
        };
        let written = self.outcome(&due, outcome);
        if let Err(problem) = self.admin.store.finish_delivery(written).await {
            tracing::warn!(%problem, channel = due.delivery.channel, "what came of an alert's delivery could not be written; it may be sent again");
        }
    }

    fn outcome(&self, due: &DueDelivery, outcome: Outcome) -> DeliveryOutcome {
        let now_ms = self.admin.clock.now_ms();
        let attempts = due.delivery.attempts;
        let (state, next, note) = match outcome {
            Outcome::Taken(note) => (DeliveryState::Delivered, now_ms, note),
            Outcome::Skipped(note) => (DeliveryState::Skipped, now_ms, note),
            Outcome::GivenUp(note) => (DeliveryState::GivenUp, now_ms, note),
            Outcome::TryAgain { note, wish_ms } => {
                match next_attempt_ms(attempts, now_ms, self.random.next_u64(), wish_ms) {
                    Some(next_ms) => (DeliveryState::Waiting, next_ms, note),
                    None => (
                        DeliveryState::GivenUp,
                        now_ms,
                        format!("given up after {attempts} attempts; the last one: {note}"),
                    ),
                }
            }
        };
        if state == DeliveryState::GivenUp {
            tracing::warn!(
                channel = due.delivery.channel,
                attempts,
                note,
                "an alert could not be delivered"
            );
        }
        DeliveryOutcome {
            id: due.delivery.id,
            attempts,
            state,
            next_attempt_ms: next,
            note,
        }
    }

    /// Logs once when it begins to fail and once when it is over. Ticks without a round cannot say that rounds work again.
    fn tell(&self, tick: u64, outcome: Result<(), ApiError>) {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Err(error) => {
                if problem.is_none() {
                    tracing::warn!(%error, "alerts wait");
                }
                *problem = Some(format!("Alerts wait, and calls are answered as before: {error}."));
            }
            Ok(()) if problem.is_some() && tick.is_multiple_of(ROUND_TICKS) => {
                tracing::info!("alerts work again");
                *problem = None;
            }
            Ok(()) => {}
        }
    }

    async fn expire(&self) {
        let before_ms = self.admin.clock.now_ms() - KEPT_MS;
        if let Err(problem) = self.admin.store.expire_alerts(before_ms).await {
            tracing::warn!(%problem, "old alerts could not be removed; it is tried again in an hour");
        }
    }
}
