//! Whether, and after how long, a failed call is tried again.

use super::retry_budget::RetryBudget;

/// How a call failed, as far as trying again is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Likely to pass: 408, 409, 425, 429, 5xx, a timeout, a connection refused or cut before the first byte.
    Transient,
    /// As likely to pass, but the provider may have worked and billed: no answer in time, or one that broke off or cannot be read.
    MayBeBilled,
    /// The same call would fail again here (wrong key, unknown model), but another provider may serve it.
    ThisProvider,
    /// The request itself is wrong; no provider would serve it.
    Request,
}

/// What to do after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Wait this long, then call the same model again.
    Wait { wait_ms: u64 },
    /// Go on to the next model or tier now.
    NextTier(NextTierReason),
    /// Answer the client with the fault.
    GiveUp,
}

/// Why the same model is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextTierReason {
    /// The fault will not pass.
    NotTransient,
    /// As often as the policy allows.
    RetriesUsed,
    /// The provider asked for a longer pause than a caller should wait.
    RetryAfterTooLong,
    /// Too many requests are being retried at the moment; more would only add load.
    BudgetEmpty,
}

/// Limits on trying again. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    pub max_retries: u32,
    /// The same for faults that may have been billed. Each repetition of those costs again.
    pub max_billed_retries: u32,
    /// The first pause is drawn from zero to this; each further one from zero to twice as much.
    pub base_ms: u64,
    /// The longest pause that is drawn.
    pub cap_ms: u64,
    /// The longest Retry-After that is waited for.
    pub max_retry_after_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            max_retries: 3,
            max_billed_retries: 1,
            base_ms: 250,
            cap_ms: 4_000,
            max_retry_after_ms: 20_000,
        }
    }
}

impl RetryPolicy {
    /// Decides after a fault, before the first byte has gone to the client. `retries_made` counts retries of this
    /// model so far, `retry_after_ms` is what the provider asked for, `random` is any random number (full jitter).
    /// A decision to wait takes a token from the budget.
    pub fn decide(
        &self,
        fault: Fault,
        retries_made: u32,
        retry_after_ms: Option<u64>,
        random: u64,
        budget: &mut RetryBudget,
        now_ms: i64,
    ) -> RetryDecision {
        let next = RetryDecision::NextTier;
        let most_retries = match fault {
            Fault::Request => return RetryDecision::GiveUp,
            Fault::ThisProvider => return next(NextTierReason::NotTransient),
            Fault::Transient => self.max_retries,
            Fault::MayBeBilled => self.max_billed_retries,
        };
        if retries_made >= most_retries {
            return next(NextTierReason::RetriesUsed);
        }
        let asked_ms = retry_after_ms.unwrap_or(0);
        if asked_ms > self.max_retry_after_ms {
            return next(NextTierReason::RetryAfterTooLong);
        }
        if !budget.withdraw(now_ms) {
            return next(NextTierReason::BudgetEmpty);
        }
        // With a Retry-After, jitter comes on top: callers that were told the same second should not all return in it.
        let spread_ms = if asked_ms > 0 {
            self.base_ms
        } else {
            self.ceiling_ms(retries_made)
        };
        let drawn_ms = random % spread_ms.saturating_add(1);
        RetryDecision::Wait {
            wait_ms: asked_ms.saturating_add(drawn_ms),
        }
    }

    fn ceiling_ms(&self, retries_made: u32) -> u64 {
        let factor = 1_u64.checked_shl(retries_made).unwrap_or(u64::MAX);
        self.base_ms.saturating_mul(factor).min(self.cap_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, NextTierReason, RetryDecision, RetryPolicy};
    use crate::routing::retry_budget::RetryBudget;
    use proptest::prelude::*;

    fn decide(fault: Fault, retries_made: u32, retry_after_ms: Option<u64>) -> RetryDecision {
        RetryPolicy::default().decide(fault, retries_made, retry_after_ms, 7, &mut RetryBudget::new(), 0)
    }

    #[test]
    fn only_transient_faults_are_tried_again_here() {
        assert_eq!(decide(Fault::Request, 0, None), RetryDecision::GiveUp);
        assert_eq!(
            decide(Fault::ThisProvider, 0, None),
            RetryDecision::NextTier(NextTierReason::NotTransient)
        );
        assert_eq!(
            decide(Fault::Transient, 2, None),
            RetryDecision::Wait { wait_ms: 7 }
        );
        assert_eq!(
            decide(Fault::Transient, 3, None),
            RetryDecision::NextTier(NextTierReason::RetriesUsed)
        );
        assert_eq!(
            decide(Fault::MayBeBilled, 0, None),
            RetryDecision::Wait { wait_ms: 7 }
        );
        assert_eq!(
            decide(Fault::MayBeBilled, 1, None),
            RetryDecision::NextTier(NextTierReason::RetriesUsed)
        );
    }

    #[test]
    fn retry_after_is_honoured_up_to_twenty_seconds() {
        assert_eq!(
            decide(Fault::Transient, 0, Some(20_000)),
            RetryDecision::Wait { wait_ms: 20_007 }
        );
        assert_eq!(
            decide(Fault::Transient, 0, Some(20_001)),
            RetryDecision::NextTier(NextTierReason::RetryAfterTooLong)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn pauses_stay_within_their_bounds(retries_made in 0..200_u32, after in prop::option::of(0..=20_000_u64), random: u64) {
            let policy = RetryPolicy { max_retries: u32::MAX, ..RetryPolicy::default() };
            let answer = policy.decide(Fault::Transient, retries_made, after, random, &mut RetryBudget::new(), 0);
            let RetryDecision::Wait { wait_ms } = answer else { panic!("{answer:?}") };
            match after.filter(|after| *after > 0) {
                Some(after) => prop_assert!((after..=after + 250).contains(&wait_ms)),
                None => prop_assert!(wait_ms <= 4_000.min(250 << retries_made.min(5))),
            }
        }

        /// However faults and requests arrive, the retries stay within the budget's promise.
        #[test]
        fn retries_are_a_tenth_of_requests_and_a_small_reserve(
            arrivals in prop::collection::vec((0..2_000_i64, 0..4_u32), 1..400),
        ) {
            let policy = RetryPolicy::default();
            let mut budget = RetryBudget::new();
            let (mut now_ms, mut retries, mut requests) = (1_000_000, 0_u64, 0_u64);
            for (gap_ms, faults) in arrivals {
                now_ms += gap_ms;
                requests += 1;
                budget.request();
                for made in 0..faults {
                    if matches!(policy.decide(Fault::Transient, made, None, 0, &mut budget, now_ms), RetryDecision::Wait { .. }) {
                        retries += 1;
                    }
                }
                let passed_ms = u64::try_from(now_ms - 1_000_000).unwrap();
                prop_assert!(retries * 10_000 <= requests * 1_000 + 100_000 + passed_ms);
            }
        }
    }
}
