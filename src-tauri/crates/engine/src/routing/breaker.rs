//! A breaker: stops calls to a provider's model that keeps failing, and lets one through now and then to see.

use std::collections::VecDeque;
use weir_contract::model::catalog::BreakerPosition;

/// When a breaker opens and for how long. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Opens after this many failures without a success between them.
    pub consecutive_failures: u32,
    /// Or when, of at least this many calls in the window …
    pub min_calls: u32,
    /// … this percentage failed.
    pub failure_percent: u32,
    pub window_ms: i64,
    /// How long it stays open the first time; each failed probe doubles it.
    pub open_ms: i64,
    pub longest_open_ms: i64,
    /// A probe that has not reported for this long is given up, and another one is let through.
    pub probe_timeout_ms: i64,
}

impl Default for BreakerConfig {
    fn default() -> BreakerConfig {
        BreakerConfig {
            consecutive_failures: 5,
            min_calls: 10,
            failure_percent: 50,
            window_ms: 10_000,
            open_ms: 2_000,
            longest_open_ms: 8_000,
            probe_timeout_ms: 30_000,
        }
    }
}

/// How a call that the breaker let through ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    Success,
    /// A fault of the provider: 5xx, overload, no connection.
    Failure,
    Timeout,
    /// The answer was cut off.
    Truncated,
    /// Says nothing about the provider: the client left, or its request was wrong.
    Neutral,
}

/// Leave to make one call. Hand it back with the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// Which closed, open or half-open spell it was given in; an outcome of an earlier spell is old news.
    spell: u64,
    /// True for the one call that tests a half-open breaker.
    pub is_probe: bool,
}

/// The answer to "may I call".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admittance {
    Allowed(Permit),
    /// Open, or a probe is under way. Ask again after `retry_after_ms`.
    Rejected {
        retry_after_ms: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until_ms: i64 },
    HalfOpen { probe_since_ms: i64 },
}

/// Calls and failures of one slot of the window.
#[derive(Debug, Clone, Copy)]
struct Slot {
    number: i64,
    calls: u32,
    failures: u32,
}

/// The window is counted in this many slots, so a breaker's size does not grow with traffic.
const SLOTS: i64 = 20;

/// The breaker of one provider and model. Time is handed in as UNIX milliseconds; a time before the latest one seen
/// counts as the latest.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    state: State,
    spell: u64,
    seen_ms: i64,
    consecutive: u32,
    slots: VecDeque<Slot>,
    next_open_ms: i64,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(config: BreakerConfig) -> Breaker {
        Breaker {
            config,
            state: State::Closed,
            spell: 0,
            seen_ms: i64::MIN,
            consecutive: 0,
            slots: VecDeque::new(),
            next_open_ms: config.open_ms,
        }
    }

    /// Asks to make a call. Every permit must come back through [`Breaker::record`]; a probe that never does only
    /// delays the next probe.
    pub fn admit(&mut self, now_ms: i64) -> Admittance {
        let now_ms = self.advance(now_ms);
        match self.state {
            State::Closed => Admittance::Allowed(Permit {
                spell: self.spell,
                is_probe: false,
            }),
            State::Open { until_ms } if now_ms < until_ms => Admittance::Rejected {
                retry_after_ms: until_ms - now_ms,
            },
            State::Open { .. } => self.probe(now_ms),
            State::HalfOpen { probe_since_ms } => {
                let given_up_ms = probe_since_ms.saturating_add(self.config.probe_timeout_ms);
                if now_ms >= given_up_ms {
                    return self.probe(now_ms);
                }
                Admittance::Rejected {
                    retry_after_ms: given_up_ms - now_ms,
                }
            }
        }
    }

    /// Takes in how a call ended. Outcomes of calls from before the breaker last changed are ignored.
    pub fn record(&mut self, permit: Permit, outcome: CallOutcome, now_ms: i64) {
        let now_ms = self.advance(now_ms);
        if permit.spell != self.spell {
            return;
        }
        match (self.state, outcome) {
            (State::Closed, CallOutcome::Neutral) | (State::Open { .. }, _) => {}
            (State::Closed, CallOutcome::Success) => {
                self.consecutive = 0;
                self.count(now_ms, false);
            }
            (State::Closed, _) => {
                self.consecutive = self.consecutive.saturating_add(1);
                self.count(now_ms, true);
                if self.is_failing() {
                    self.open(now_ms);
                }
            }
            (State::HalfOpen { .. }, CallOutcome::Success) => self.close(),
            // The probe showed nothing; the next caller is the next probe, at once.
            (State::HalfOpen { .. }, CallOutcome::Neutral) => self.turn(State::Open { until_ms: now_ms }),
            (State::HalfOpen { .. }, _) => self.open(now_ms),
        }
    }

    /// Where it stands, as the page shows it: open until its time is over, then half-open until a probe has come back.
    #[must_use]
    pub fn position(&self, now_ms: i64) -> BreakerPosition {
        match self.state {
            State::Closed => BreakerPosition::Closed,
            State::Open { until_ms } if now_ms.max(self.seen_ms) < until_ms => BreakerPosition::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerPosition::HalfOpen,
        }
    }

    /// The latest time it was asked or told something.
    #[must_use]
    pub fn last_used_ms(&self) -> i64 {
        self.seen_ms
    }

    fn advance(&mut self, now_ms: i64) -> i64 {
        self.seen_ms = self.seen_ms.max(now_ms);
        self.seen_ms
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.spell += 1;
    }

    fn probe(&mut self, now_ms: i64) -> Admittance {
        self.turn(State::HalfOpen {
            probe_since_ms: now_ms,
        });
        Admittance::Allowed(Permit {
            spell: self.spell,
            is_probe: true,
        })
    }

    fn open(&mut self, now_ms: i64) {
        let until_ms = now_ms.saturating_add(self.next_open_ms);
        self.next_open_ms = self
            .next_open_ms
            .saturating_mul(2)
            .min(self.config.longest_open_ms);
        self.turn(State::Open { until_ms });
    }

    fn close(&mut self) {
        self.next_open_ms = self.config.open_ms;
        self.consecutive = 0;
        self.slots.clear();
        self.turn(State::Closed);
    }

    fn count(&mut self, now_ms: i64, failed: bool) {
        let number = now_ms.div_euclid((self.config.window_ms / SLOTS).max(1));
        while self
            .slots
            .front()
            .is_some_and(|slot| slot.number.saturating_add(SLOTS) <= number)
        {
            self.slots.pop_front();
        }
        let is_new = self.slots.back().is_none_or(|slot| slot.number != number);
        if is_new {
            self.slots.push_back(Slot {
                number,
                calls: 0,
                failures: 0,
            });
        }
        if let Some(slot) = self.slots.back_mut() {
            slot.calls = slot.calls.saturating_add(1);
            slot.failures = slot.failures.saturating_add(u32::from(failed));
        }
    }

    fn is_failing(&self) -> bool {
        let calls: u64 = self.slots.iter().map(|slot| u64::from(slot.calls)).sum();
        let failures: u64 = self.slots.iter().map(|slot| u64::from(slot.failures)).sum();
        self.consecutive >= self.config.consecutive_failures
            || (calls >= u64::from(self.config.min_calls)
                && failures * 100 >= calls * u64::from(self.config.failure_percent))
    }
}
