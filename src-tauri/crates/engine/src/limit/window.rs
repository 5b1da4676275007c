//! One caller's sliding log: literally "at most N in any window of W".
//!
//! The log keeps when requests were admitted, not a refilling bucket: a bucket with burst N lets almost 2 N through in
//! one window. A request leaves the log one millisecond after its window, because times are cut to milliseconds and
//! two requests W apart on paper may be a little closer in truth.

use std::collections::VecDeque;

/// Requests are remembered one by one up to this many groups in a window; a larger limit groups requests that are
/// less than 1/512 of the window apart and lets a group go when its last one may. That keeps a log under 16 KiB and
/// gives away at most 1/512 of the allowed traffic.
const MOST_GROUPS: i64 = 512;

/// The answer for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Counted. `remaining` more would pass now; `reset_ms` from now the oldest counted one leaves the window.
    Admitted { remaining: u32, reset_ms: i64 },
    /// Not counted. The same request passes after `retry_after_ms`, if nobody else of this caller takes the place.
    Refused { retry_after_ms: i64, reset_ms: i64 },
}

/// Requests admitted so close together that they are remembered as one entry.
#[derive(Debug, Clone, Copy)]
struct Group {
    first_ms: i64,
    last_ms: i64,
    count: u32,
}

/// The admitted requests of one caller under one limit. Times are UNIX milliseconds and are handed in; one before the
/// latest seen counts as the latest, so a clock set back gives nothing away.
#[derive(Debug, Clone, Default)]
pub struct SlidingLog {
    groups: VecDeque<Group>,
    count: u64,
    seen_ms: Option<i64>,
}

impl SlidingLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> SlidingLog {
        SlidingLog::default()
    }

    /// Looks whether `weight` more would pass, without counting them.
    pub fn check(&mut self, max: u32, window_ms: i64, weight: u32, now_ms: i64) -> Admission {
        let at_ms = self.advance(window_ms, now_ms);
        let wanted = self.count.saturating_add(u64::from(weight));
        let reset_ms = self.reset_ms(window_ms, now_ms);
        if wanted <= u64::from(max) {
            let remaining = u32::try_from(u64::from(max) - wanted).unwrap_or(u32::MAX);
            return Admission::Admitted { remaining, reset_ms };
        }
        if weight > max {
            // It will never pass; a whole window is the honest "not soon".
            return Admission::Refused { retry_after_ms: window_ms.saturating_add(1), reset_ms };
        }
        let mut surplus = wanted - u64::from(max);
        let mut free_ms = at_ms;
        for group in &self.groups {
            free_ms = leaves_ms(group, window_ms);
            surplus = surplus.saturating_sub(u64::from(group.count));
            if surplus == 0 {
                break;
            }
        }
        Admission::Refused {
            // Measured from the time the caller's clock shows, so that waiting on that clock is enough.
            retry_after_ms: free_ms.saturating_sub(now_ms).max(1),
            reset_ms,
        }
    }

    /// Counts `weight` at this time. Call it only after [`SlidingLog::check`] admitted the same.
    pub fn count(&mut self, window_ms: i64, weight: u32, now_ms: i64) {
        let at_ms = self.advance(window_ms, now_ms);
        self.count = self.count.saturating_add(u64::from(weight));
        if let Some(last) = self.groups.back_mut()
            && at_ms.saturating_sub(last.first_ms) <= window_ms / MOST_GROUPS
        {
            last.last_ms = at_ms;
            last.count = last.count.saturating_add(weight);
            return;
        }
        self.groups.push_back(Group { first_ms: at_ms, last_ms: at_ms, count: weight });
    }

    /// Admits and counts one request, or refuses it.
    pub fn admit(&mut self, max: u32, window_ms: i64, now_ms: i64) -> Admission {
        let answer = self.check(max, window_ms, 1, now_ms);
        let Admission::Admitted { remaining, .. } = answer else {
            return answer;
        };
        self.count(window_ms, 1, now_ms);
        Admission::Admitted { remaining, reset_ms: self.reset_ms(window_ms, now_ms) }
    }

    /// Requests in the window that ends now.
    pub fn used(&mut self, window_ms: i64, now_ms: i64) -> u64 {
        self.advance(window_ms, now_ms);
        self.count
    }

    /// Milliseconds until the oldest counted request leaves the window; 0 when there is none.
    #[must_use]
    pub fn reset_ms(&self, window_ms: i64, now_ms: i64) -> i64 {
        self.groups
            .front()
            .map_or(0, |group| leaves_ms(group, window_ms).saturating_sub(now_ms).max(0))
    }

    /// Lets go of what has left the window, and tells the time it counts with.
    fn advance(&mut self, window_ms: i64, now_ms: i64) -> i64 {
        let at_ms = self.seen_ms.map_or(now_ms, |seen_ms| seen_ms.max(now_ms));
        self.seen_ms = Some(at_ms);
        while let Some(group) = self.groups.front() {
            if leaves_ms(group, window_ms) > at_ms {
                break;
            }
            self.count = self.count.saturating_sub(u64::from(group.count));
            self.groups.pop_front();
        }
        at_ms
    }

    #[cfg(test)]
    fn groups(&self) -> usize {
        self.groups.len()
    }
}

/// The first moment at which a group no longer counts.
fn leaves_ms(group: &Group, window_ms: i64) -> i64 {
    group.last_ms.saturating_add(window_ms).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::{Admission, SlidingLog};
    use proptest::prelude::*;

    fn passes(answer: Admission) -> bool {
        matches!(answer, Admission::Admitted { .. })
    }

    #[test]
    fn two_a_second_by_hand() {
        let mut log = SlidingLog::new();
        assert_eq!(log.admit(2, 1_000, 0), Admission::Admitted { remaining: 1, reset_ms: 1_001 });
        assert_eq!(log.admit(2, 1_000, 400), Admission::Admitted { remaining: 0, reset_ms: 601 });
        assert_eq!(log.admit(2, 1_000, 400), Admission::Refused { retry_after_ms: 601, reset_ms: 601 });
        assert!(!passes(log.admit(2, 1_000, 1_000)));
        assert!(passes(log.admit(2, 1_000, 1_001)));
        assert!(!passes(log.admit(2, 1_000, 1_400)));
        assert!(passes(log.admit(2, 1_000, 1_401)));
    }

    #[test]
    fn a_limit_of_nothing_refuses_and_extreme_times_do_not_panic() {
        let mut log = SlidingLog::new();
        assert_eq!(log.admit(0, 1_000, 5), Admission::Refused { retry_after_ms: 1_001, reset_ms: 0 });
        for now_ms in [i64::MIN, 0, i64::MAX, 0, i64::MIN] {
            log.admit(3, i64::MAX, now_ms);
        }
        assert_eq!(log.used(i64::MAX, 0), 3);
    }

    #[test]
    fn a_large_limit_keeps_a_small_log_and_loses_little() {
        let (max, window_ms) = (100_000, 60_000);
        let mut log = SlidingLog::new();
        let mut admitted = 0_u64;
        for tenth_ms in 0..10 * 600_000_i64 {
            admitted += u64::from(passes(log.admit(max, window_ms, tenth_ms / 10)));
            assert!(log.groups() <= 514);
        }
        assert!(admitted >= 10 * 95_000, "only {admitted} of 1,000,000");
        assert!(admitted <= 10 * 100_000, "{admitted} of 1,000,000");
    }

    /// The checker: no window of W, closed at both ends, holds more than N. The admitted times ascend.
    fn most_in_any_window(admitted: &[i64], window_ms: i64) -> usize {
        let mut most = 0;
        let mut first = 0;
        for (last, at_ms) in admitted.iter().enumerate() {
            while at_ms - admitted[first] > window_ms {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        /// Never more than N in any window, for any limit and arrivals; and every Retry-After is true and not longer
        /// than the window.
        #[test]
        fn never_more_than_the_limit_and_retry_after_is_true(
            max in 1..40_u32,
            window_ms in 1..100_000_i64,
            gaps in prop::collection::vec(0..1_000_i64, 1..200),
        ) {
            let mut log = SlidingLog::new();
            let mut now_ms = 1_000_000;
            let mut admitted = Vec::new();
            for gap in gaps {
                now_ms += gap * window_ms / 10_000;
                match log.admit(max, window_ms, now_ms) {
                    Admission::Admitted { .. } => admitted.push(now_ms),
                    Admission::Refused { retry_after_ms, .. } => {
                        prop_assert!((1..=window_ms + 1).contains(&retry_after_ms));
                        let mut patient = log.clone();
                        prop_assert!(passes(patient.admit(max, window_ms, now_ms + retry_after_ms)));
                        if window_ms < 512 {
                            let mut early = log.clone();
                            prop_assert!(!passes(early.admit(max, window_ms, now_ms + retry_after_ms - 1)));
                        }
                    }
                }
            }
            prop_assert!(most_in_any_window(&admitted, window_ms) <= max as usize);
        }

        /// A caller who always asks gets at least 95 % of what the limit allows.
        #[test]
        fn a_saturating_caller_gets_nearly_all(max in 1..200_u32, window_ms in 1_000..20_000_i64, every_ms in 1..4_i64) {
            let mut log = SlidingLog::new();
            // Never ask slower than the limit, or the caller is not saturating.
            prop_assume!(window_ms / every_ms >= i64::from(max) * 4);
            let mut admitted = 0_i64;
            for turn in 0..(10 * window_ms / every_ms) {
                admitted += i64::from(passes(log.admit(max, window_ms, turn * every_ms)));
            }
            prop_assert!(admitted * 100 >= 10 * i64::from(max) * 95, "{} of {}", admitted, 10 * max);
        }

        /// Time that jumps back and forth: what the machine saw as passed time is at most what really passed.
        #[test]
        fn a_clock_set_back_gives_nothing_away(
            max in 1..20_u32,
            jumps in prop::collection::vec((0..50_i64, -5_000..0_i64), 1..200),
        ) {
            let mut log = SlidingLog::new();
            let (mut shown_ms, mut true_ms) = (1_000_000_i64, 0_i64);
            let mut admitted = Vec::new();
            for (passed_ms, set_back_ms) in jumps {
                true_ms += passed_ms;
                shown_ms += passed_ms + set_back_ms / 50;
                if passes(log.admit(max, 1_000, shown_ms)) {
                    admitted.push(true_ms);
                }
            }
            prop_assert!(most_in_any_window(&admitted, 1_000) <= max as usize);
        }

        /// An edit keeps what was used: after any change of N, at most the new N in any window from then on.
        #[test]
        fn edits_keep_usage(before in 1..40_u32, after in 1..40_u32, gaps in prop::collection::vec(0..40_i64, 2..200)) {
            let mut log = SlidingLog::new();
            let edit_at = gaps.len() / 2;
            let mut now_ms = 0;
            let mut admitted = Vec::new();
            let mut first_after_edit = 0;
            for (turn, gap) in gaps.into_iter().enumerate() {
                now_ms += gap;
                let max = if turn < edit_at { before } else { after };
                if turn == edit_at {
                    first_after_edit = now_ms;
                }
                if passes(log.admit(max, 500, now_ms)) {
                    admitted.push(now_ms);
                    let in_window = admitted.iter().filter(|at_ms| now_ms - **at_ms <= 500).count();
                    prop_assert!(now_ms < first_after_edit.max(1) || in_window <= max as usize);
                }
            }
        }
    }
}
