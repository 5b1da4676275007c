//! All limits of a gateway over all callers: a request passes only if every limit lets it, and counts only then.

use super::headers::{RateHeaders, seconds_up};
use super::window::{Admission, SlidingLog};
use std::collections::{BTreeMap, HashMap};
use weir_contract::model::limit::{Limit, LimitSubject};

/// Callers remembered under one limit. Callers name users themselves, so the number must have an end.
const MOST_CALLERS: usize = 50_000;
/// A full limit looks for idle callers at most this often, since looking costs a walk over all of them.
const SWEEP_EVERY_MS: i64 = 1_000;

/// Who asks. A limit whose subject is not given does not apply to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caller<'a> {
    pub key: Option<&'a str>,
    pub user: Option<&'a str>,
    pub ip: Option<&'a str>,
}

impl<'a> Caller<'a> {
    fn of(&self, subject: LimitSubject) -> Option<&'a str> {
        match subject {
            LimitSubject::Key => self.key,
            LimitSubject::User => self.user,
            LimitSubject::Ip => self.ip,
        }
    }
}

/// The answer for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitDecision {
    /// Counted under every limit that applies. No headers when none does.
    Admitted(Option<RateHeaders>),
    /// Counted nowhere. The headers are those of the limit to wait longest for.
    Refused {
        headers: RateHeaders,
        subject: LimitSubject,
        /// Exact; the headers carry it in whole seconds, rounded up.
        retry_after_ms: i64,
    },
}

/// The limiter of one process. Feed it [`crate::clock::SteadyTime`]: wall time that is set forward would empty
/// windows early, and wall time that is set back would hold them full until it has caught up.
#[derive(Debug, Clone, Default)]
pub struct Limiter {
    rules: BTreeMap<String, Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    limit: Limit,
    callers: HashMap<String, SlidingLog>,
    most_callers: usize,
    /// Shared by callers that came when there was no room: together they get one caller's share, so that a flood of
    /// invented names never buys more than the limit. While it is in use, newcomers join it.
    crowd: SlidingLog,
    swept_ms: i64,
    seen_ms: i64,
    refused: u64,
}

/// What one limit says to one request.
struct Verdict<'a> {
    rule: &'a Rule,
    admission: Admission,
}

impl Limiter {
    /// A limiter with these limits and nobody counted.
    #[must_use]
    pub fn new(limits: &[Limit]) -> Limiter {
        let mut limiter = Limiter::default();
        limiter.set_limits(limits);
        limiter
    }

    /// Replaces the limits. Usage under a limit of the same name and subject stays counted, so an edit is no refill;
    /// a longer window starts with what the shorter one still remembered. Switching a limit off forgets nothing.
    pub fn set_limits(&mut self, limits: &[Limit]) {
        let mut before = std::mem::take(&mut self.rules);
        for limit in limits {
            let rule = match before.remove(&limit.name) {
                Some(rule) if rule.limit.subject == limit.subject => Rule {
                    limit: limit.clone(),
                    ..rule
                },
                _ => Rule::new(limit.clone()),
            };
            self.rules.insert(limit.name.clone(), rule);
        }
    }

    /// Admits and counts a request, or refuses it.
    pub fn admit(&mut self, caller: Caller<'_>, now_ms: i64) -> LimitDecision {
        let mut is_refused = false;
        let mut answers = Vec::new();
        for (name, rule) in self.rules.iter_mut().filter(|(_, rule)| rule.limit.enabled) {
            if let Some(who) = caller.of(rule.limit.subject) {
                let admission = rule.check(who, now_ms);
                if matches!(admission, Admission::Refused { .. }) {
                    rule.refused += 1;
                    is_refused = true;
                }
                answers.push((name.clone(), admission));
            }
        }
        if !is_refused {
            for (name, admission) in &mut answers {
                if let Some(rule) = self.rules.get_mut(name)
                    && let Some(who) = caller.of(rule.limit.subject)
                {
                    let counted_reset_ms = rule.count(who, now_ms);
                    if let Admission::Admitted { reset_ms, .. } = admission {
                        *reset_ms = counted_reset_ms;
                    }
                }
            }
        }
        let verdicts = answers.into_iter().filter_map(|(name, admission)| {
            let rule = self.rules.get(&name)?;
            Some(Verdict { rule, admission })
        });
        decide(&verdicts.collect::<Vec<_>>())
    }

    /// Callers with a counted request in the window now, under the limit of this name.
    pub fn active_callers(&mut self, name: &str, now_ms: i64) -> u32 {
        let Some(rule) = self.rules.get_mut(name) else {
            return 0;
        };
        rule.drop_idle(now_ms);
        u32::try_from(rule.callers.len()).unwrap_or(u32::MAX)
    }

    /// The caller with the most requests in the window now, and how many.
    pub fn busiest(&mut self, name: &str, now_ms: i64) -> Option<(String, u32)> {
        let rule = self.rules.get_mut(name)?;
        let window_ms = rule.window_ms();
        rule.callers
            .iter_mut()
            .map(|(who, log)| (log.used(window_ms, now_ms), who))
            .filter(|(used, _)| *used > 0)
            // Of equals the first by name, so that the page does not flicker.
            .max_by(|left, right| left.0.cmp(&right.0).then_with(|| right.1.cmp(left.1)))
            .map(|(used, who)| (who.clone(), u32::try_from(used).unwrap_or(u32::MAX)))
    }

    /// Requests this limit has refused since it was made.
    #[must_use]
    pub fn refused(&self, name: &str) -> u64 {
        self.rules.get(name).map_or(0, |rule| rule.refused)
    }
}

impl Rule {
    fn new(limit: Limit) -> Rule {
        Rule {
            limit,
            callers: HashMap::new(),
            most_callers: MOST_CALLERS,
            crowd: SlidingLog::new(),
            swept_ms: i64::MIN,
            seen_ms: i64::MIN,
            refused: 0,
        }
    }

    fn window_ms(&self) -> i64 {
        i64::from(self.limit.window_seconds) * 1_000
    }

    fn check(&mut self, who: &str, now_ms: i64) -> Admission {
        let (max, window_ms) = (self.limit.max_requests, self.window_ms());
        // A caller's log is dropped and made anew, so the latest time is kept here, where it is never forgotten.
        let at_ms = self.advance(now_ms);
        let admission = self.log_of(who, at_ms).check(max, window_ms, 1, at_ms);
        behind(admission, at_ms.saturating_sub(now_ms))
    }

    /// Counts an admitted request and tells the milliseconds until a place is free again.
    fn count(&mut self, who: &str, now_ms: i64) -> i64 {
        let window_ms = self.window_ms();
        let at_ms = self.advance(now_ms);
        let log = self.log_of(who, at_ms);
        log.count(window_ms, 1, at_ms);
        log.reset_ms(window_ms, now_ms)
    }

    fn advance(&mut self, now_ms: i64) -> i64 {
        self.seen_ms = self.seen_ms.max(now_ms);
        self.seen_ms
    }

    fn log_of(&mut self, who: &str, at_ms: i64) -> &mut SlidingLog {
        if !self.callers.contains_key(who) {
            let is_full = self.callers.len() >= self.most_callers;
            if is_full && at_ms.saturating_sub(self.swept_ms) >= SWEEP_EVERY_MS {
                self.swept_ms = at_ms;
                self.drop_idle(at_ms);
            }
            let has_room = self.callers.len() < self.most_callers;
            if !has_room || self.crowd.used(self.window_ms(), at_ms) > 0 {
                return &mut self.crowd;
            }
        }
        self.callers.entry(who.to_owned()).or_default()
    }

    fn drop_idle(&mut self, now_ms: i64) {
        let window_ms = self.window_ms();
        let at_ms = self.advance(now_ms);
        self.callers.retain(|_, log| log.used(window_ms, at_ms) > 0);
    }

    fn headers(&self, remaining: u32, reset_ms: i64, retry_after_ms: Option<i64>) -> RateHeaders {
        RateHeaders {
            policy: self.limit.name.clone(),
            limit: self.limit.max_requests,
            remaining,
            reset_seconds: seconds_up(reset_ms),
            window_seconds: u64::from(self.limit.window_seconds),
            retry_after_seconds: retry_after_ms.map(|wait_ms| seconds_up(wait_ms).max(1)),
        }
    }
}

/// A wait as seen on a clock that runs `lag_ms` behind the latest time seen.
fn behind(admission: Admission, lag_ms: i64) -> Admission {
    match admission {
        Admission::Refused {
            retry_after_ms,
            reset_ms,
        } => Admission::Refused {
            retry_after_ms: retry_after_ms.saturating_add(lag_ms),
            reset_ms: reset_ms.saturating_add(lag_ms),
        },
        Admission::Admitted { .. } => admission,
    }
}

/// Of the refusals the one to wait longest for, else of the admissions the one with the least left.
fn decide(verdicts: &[Verdict<'_>]) -> LimitDecision {
    let refusal = verdicts
        .iter()
        .filter_map(|verdict| match verdict.admission {
            Admission::Refused {
                retry_after_ms,
                reset_ms,
            } => Some((retry_after_ms, reset_ms, verdict.rule)),
            Admission::Admitted { .. } => None,
        })
        .max_by_key(|(retry_after_ms, ..)| *retry_after_ms);
    if let Some((retry_after_ms, reset_ms, rule)) = refusal {
        return LimitDecision::Refused {
            headers: rule.headers(0, reset_ms, Some(retry_after_ms)),
            subject: rule.limit.subject,
            retry_after_ms,
        };
    }
    let tightest = verdicts
        .iter()
        .filter_map(|verdict| match verdict.admission {
            Admission::Admitted { remaining, reset_ms } => Some((remaining, reset_ms, verdict.rule)),
            Admission::Refused { .. } => None,
        })
        .min_by_key(|(remaining, reset_ms, _)| (*remaining, std::cmp::Reverse(*reset_ms)));
    LimitDecision::Admitted(
        tightest.map(|(remaining, reset_ms, rule)| rule.headers(remaining, reset_ms, None)),
    )
}

#[cfg(test)]
impl Limiter {
    pub(super) fn allow_callers(&mut self, most: usize) {
        for rule in self.rules.values_mut() {
            rule.most_callers = most;
        }
    }
    pub(super) fn remembered_callers(&self) -> usize {
        self.rules
            .values()
            .map(|rule| rule.callers.len())
            .max()
            .unwrap_or(0)
    }
}
