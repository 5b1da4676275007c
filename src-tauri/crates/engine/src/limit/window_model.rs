//! Tests of the sliding log: by hand, and against a checker that looks at every window.

use super::window::{Admission, SlidingLog};
use proptest::prelude::*;

fn passes(answer: Admission) -> bool {
    matches!(answer, Admission::Admitted { .. })
}

#[test]
fn two_a_second_by_hand() {
    let mut log = SlidingLog::new();
    assert_eq!(
        log.admit(2, 1_000, 0),
        Admission::Admitted {
            remaining: 1,
            reset_ms: 1_001
        }
    );
    assert_eq!(
        log.admit(2, 1_000, 400),
        Admission::Admitted {
            remaining: 0,
            reset_ms: 601
        }
    );
    assert_eq!(
        log.admit(2, 1_000, 400),
        Admission::Refused {
            retry_after_ms: 601,
            reset_ms: 601
        }
    );
    assert!(!passes(log.admit(2, 1_000, 1_000)));
    assert!(passes(log.admit(2, 1_000, 1_001)));
    assert!(!passes(log.admit(2, 1_000, 1_400)));
    assert!(passes(log.admit(2, 1_000, 1_401)));
}

#[test]
fn a_limit_of_nothing_refuses_and_extreme_times_do_not_panic() {
    let mut log = SlidingLog::new();
    assert_eq!(
        log.admit(0, 1_000, 5),
        Admission::Refused {
            retry_after_ms: 1_001,
            reset_ms: 0
        }
    );
    for now_ms in [i64::MIN, 0, i64::MAX, 0, i64::MIN] {
        log.admit(3, i64::MAX, now_ms);
    }
    assert!(log.used(i64::MAX, 0) <= 3);
}

#[test]
fn a_large_limit_keeps_a_small_log_and_loses_little() {
    let (max, window_ms) = (100_000, 60_000);
    let mut log = SlidingLog::new();
    let mut admitted = 0_u64;
    for tenth_ms in 0..10 * 600_000_i64 {
        admitted += u64::from(passes(log.admit(max, window_ms, tenth_ms / 10)));
        assert!(log.groups() <= 1_026);
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
        max in 1..40_u64,
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
                    let mut early = log.clone();
                    prop_assert!(!passes(early.admit(max, window_ms, now_ms + retry_after_ms - 1)));
                }
            }
        }
        prop_assert!(most_in_any_window(&admitted, window_ms) <= max as usize);
    }

    /// A caller who always asks gets at least 95 % of what the limit allows.
    #[test]
    fn a_saturating_caller_gets_nearly_all(max in 1..200_u64, window_ms in 1_000..20_000_i64, every_ms in 1..4_i64) {
        let mut log = SlidingLog::new();
        // Never ask slower than the limit, or the caller is not saturating.
        prop_assume!(window_ms / every_ms >= max.cast_signed() * 4);
        let mut admitted = 0_i64;
        for turn in 0..(10 * window_ms / every_ms) {
            admitted += i64::from(passes(log.admit(max, window_ms, turn * every_ms)));
        }
        prop_assert!(admitted * 100 >= 10 * max.cast_signed() * 95, "{} of {}", admitted, 10 * max);
    }

    /// Time that jumps back and forth: what the machine saw as passed time is at most what really passed.
    #[test]
    fn a_clock_set_back_gives_nothing_away(
        max in 1..20_u64,
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
    fn edits_keep_usage(before in 1..40_u64, after in 1..40_u64, gaps in prop::collection::vec(0..40_i64, 2..200)) {
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
