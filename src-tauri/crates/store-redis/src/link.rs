//! The one connection to Redis, behind a breaker. Connecting and trying again happen in [`Link::tend`], beside the calls: a call
//! finds a connection that works, or goes on at once.

use crate::options::{OptionsError, RedisOptions, Timeouts};
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, aio::MultiplexedConnection};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};
use weir_contract::model::catalog::BreakerPosition;
use weir_engine::{
    clock::Clock,
    routing::breaker::{Admittance, Breaker, BreakerConfig, CallOutcome, Permit},
};

/// It opens after three failures in a row, within tens of milliseconds under traffic, and is tried again soon.
const BREAKER: BreakerConfig = BreakerConfig {
    consecutive_failures: 3,
    min_calls: 20,
    failure_percent: 50,
    window_ms: 2_000,
    open_ms: 250,
    longest_open_ms: 2_000,
    probe_timeout_ms: 5_000,
};
/// How often an idle connection is asked whether it lives.
const BEAT: Duration = Duration::from_secs(1);
const LEAST_PAUSE: Duration = Duration::from_millis(50);
/// Answers by which Redis says that it cannot serve now; all others blame what was asked.
const AWAY_CODES: [&str; 7] = [
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "NOAUTH",
    "WRONGPASS",
    "MISCONF",
];

/// Redis was not asked, or did not answer well.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Away(pub(crate) String);

/// See the file's words.
pub(crate) struct Link {
    client: Client,
    place: String,
    pub(crate) timeouts: Timeouts,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Something is to be done about the connection.
    troubled: Notify,
}

struct State {
    breaker: Breaker,
    connection: Option<Connected>,
    connections: u64,
    /// What was said last; none before the first word.
    said: Option<Standing>,
    problem: String,
    /// What Redis refused to write last, while it still does.
    refused: Option<String>,
}

#[derive(Clone)]
struct Connected {
    number: u64,
    connection: MultiplexedConnection,
    /// Redis throws away any key when its memory is full, so it must hold no limits.
    forgets_anything: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Ready,
    Away,
}

impl Link {
    pub(crate) fn new(options: &RedisOptions, clock: Arc<dyn Clock>) -> Result<Link, OptionsError> {
        Ok(Link {
            client: options.client()?,
            place: options.place(),
            timeouts: options.timeouts,
            clock,
            state: Mutex::new(State {
                breaker: Breaker::new(BREAKER),
                connection: None,
                connections: 0,
                said: None,
                problem: "it was not reached yet".to_owned(),
                refused: None,
            }),
            troubled: Notify::new(),
        })
    }

    /// Host and port.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Why it is not used now; none while it is.
    #[must_use]
    pub(crate) fn problem(&self) -> Option<String> {
        let state = self.state();
        (!self.is_ready(&state)).then(|| format!("Redis at {}: {}", self.place, state.problem))
    }

    /// True when Redis may throw away keys that have no time to live.
    pub(crate) fn forgets_anything(&self) -> bool {
        let state = self.state();
        state
            .connection
            .as_ref()
            .is_some_and(|connected| connected.forgets_anything)
    }

    /// Asks, when there is a connection that works, and waits so long at most.
    pub(crate) async fn ask<T, F>(
        &self,
        within: Duration,
        question: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Away>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (connected, permit) = self.admit()?;
        match timeout(within, question(connected.connection)).await {
            Ok(Ok(answer)) => {
                self.record(permit, CallOutcome::Success);
                Ok(answer)
            }
            Ok(Err(error)) => Err(self.failed(connected.number, permit, &error)),
            Err(_) => {
                let away = Away(format!("no answer within {} ms", within.as_millis()));
                self.state().problem.clone_from(&away.0);
                self.record(permit, CallOutcome::Timeout);
                Err(away)
            }
        }
    }

    fn admit(&self) -> Result<(Connected, Permit), Away> {
        let mut state = self.state();
        if !self.is_ready(&state) {
            return Err(Away(state.problem.clone()));
        }
        let now_ms = self.now_ms();
        let Some(connected) = state.connection.clone() else {
            return Err(Away(state.problem.clone()));
        };
        match state.breaker.admit(now_ms) {
            Admittance::Allowed(permit) => Ok((connected, permit)),
            Admittance::Rejected { .. } => Err(Away(state.problem.clone())),
        }
    }

    fn failed(&self, number: u64, permit: Permit, error: &RedisError) -> Away {
        let away = Away(error.to_string());
        let is_refusal = error.code().is_some_and(|code| !AWAY_CODES.contains(&code));
        if is_refusal {
            self.refused(&away.0);
            self.record(permit, CallOutcome::Neutral);
            return away;
        }
        {
            let mut state = self.state();
            state.problem.clone_from(&away.0);
            if state
                .connection
                .as_ref()
                .is_some_and(|connected| connected.number == number)
            {
                state.connection = None;
            }
        }
        self.record(permit, CallOutcome::Failure);
        away
    }

    /// Says once what Redis refuses, such as writing when its memory is full.
    fn refused(&self, problem: &str) {
        let mut state = self.state();
        let code = problem.split_whitespace().next().unwrap_or_default();
        if state.refused.as_deref() != Some(code) {
            state.refused = Some(code.to_owned());
            tracing::warn!(place = self.place, problem, "Redis answers, but refuses");
        }
    }

    /// A write was taken.
    pub(crate) fn took(&self) {
        if self.state().refused.take().is_some() {
            tracing::info!(place = self.place, "Redis takes what it refused before");
        }
    }

    fn record(&self, permit: Permit, outcome: CallOutcome) {
        let mut state = self.state();
        let now_ms = self.now_ms();
        state.breaker.record(permit, outcome, now_ms);
        if state.breaker.position(now_ms) != BreakerPosition::Closed {
            // What this connection still answers would come too late for anybody.
            state.connection = None;
        }
        self.say(&mut state);
    }

    /// One line whenever it stands otherwise than before.
    fn say(&self, state: &mut State) {
        let standing = if self.is_ready(state) {
            Standing::Ready
        } else {
            Standing::Away
        };
        if state.said == Some(standing) {
            return;
        }
        state.said = Some(standing);
        match standing {
            Standing::Ready => tracing::info!(place = self.place, "Redis is used"),
            Standing::Away => tracing::warn!(
                place = self.place,
                problem = state.problem,
                "Redis is away; answers are looked for in memory and in the database, nothing waits for it"
            ),
        }
        self.troubled.notify_one();
    }

    fn is_ready(&self, state: &State) -> bool {
        state.connection.is_some() && state.breaker.position(self.now_ms()) == BreakerPosition::Closed
    }

    /// Keeps a connection. Never ends.
    pub(crate) async fn tend(&self) {
        loop {
            let pause = if self.problem().is_none() {
                // The breaker sees how it ends.
                let read = self.timeouts.read;
                let ask = |mut connection| async move { ping(&mut connection).await };
                drop(self.ask(read, ask).await);
                BEAT
            } else {
                self.connect().await
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.troubled.notified() => {}
            }
        }
    }

    /// Tries to connect when the breaker lets it, and says when to look again.
    async fn connect(&self) -> Duration {
        let permit = match self.admit_connecting() {
            Ok(permit) => permit,
            Err(wait) => return wait,
        };
        let opened = timeout(self.timeouts.connect, self.open()).await;
        let opened = opened.unwrap_or_else(|_| {
            let waited = self.timeouts.connect.as_millis();
            Err(Away(format!("no connection within {waited} ms")))
        });
        let outcome = match opened {
            Ok((connection, forgets_anything)) => {
                let mut state = self.state();
                state.connections += 1;
                state.connection = Some(Connected {
                    number: state.connections,
                    connection,
                    forgets_anything,
                });
                CallOutcome::Success
            }
            Err(away) => {
                self.state().problem = away.0;
                CallOutcome::Failure
            }
        };
        self.record(permit, outcome);
        LEAST_PAUSE
    }

    fn admit_connecting(&self) -> Result<Permit, Duration> {
        let now_ms = self.now_ms();
        match self.state().breaker.admit(now_ms) {
            Admittance::Allowed(permit) => Ok(permit),
            Admittance::Rejected { retry_after_ms } => {
                let wait = Duration::from_millis(u64::try_from(retry_after_ms).unwrap_or(0));
                Err(wait.max(LEAST_PAUSE))
            }
        }
    }

    async fn open(&self) -> Result<(MultiplexedConnection, bool), Away> {
        let told = |error: RedisError| Away(error.to_string());
        let longest = self.timeouts.read.max(self.timeouts.write);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeouts.connect))
            .set_response_timeout(Some(self.timeouts.connect.max(longest)));
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(told)?;
        // As fast as calls need it, or it is no use.
        let asked = timeout(self.timeouts.read, ping(&mut connection)).await;
        asked
            .map_err(|_| Away(format!("no answer within {} ms", self.timeouts.read.as_millis())))?
            .map_err(told)?;
        // Who may not ask for it is not told; then nothing is known against it.
        let memory: RedisResult<String> = redis::cmd("INFO")
            .arg("memory")
            .query_async(&mut connection)
            .await;
        let forgets_anything = memory.is_ok_and(|memory| memory.contains("maxmemory_policy:allkeys"));
        Ok((connection, forgets_anything))
    }

    /// UNIX milliseconds.
    pub(crate) fn wall_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.clock.monotonic_us() / 1_000).unwrap_or(i64::MAX)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ping(connection: &mut MultiplexedConnection) -> RedisResult<String> {
    redis::cmd("PING").query_async(connection).await
}
