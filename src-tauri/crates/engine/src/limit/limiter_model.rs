//! Tests of the limiter: several limits and callers at once, edits, floods of names, and clocks that are set back.

use super::limiter::{Caller, LimitDecision, Limiter};
use proptest::prelude::*;
use weir_contract::model::limit::{Limit, LimitSubject};

fn limit(name: &str, subject: LimitSubject, max_requests: u32, window_seconds: u32) -> Limit {
    Limit {
        name: name.into(),
        subject,
        max_requests,
        window_seconds,
        enabled: true,
    }
}

fn user(name: &str) -> Caller<'_> {
    Caller {
        user: Some(name),
        ..Caller::default()
    }
}

fn passes(decision: &LimitDecision) -> bool {
    matches!(decision, LimitDecision::Admitted(_))
}

#[test]
fn a_refused_request_counts_nowhere_and_the_tightest_limit_speaks() {
    let mut limiter = Limiter::new(&[
        limit("key-per-minute", LimitSubject::Key, 3, 60),
        limit("user-per-minute", LimitSubject::User, 2, 60),
    ]);
    let ann = Caller {
        key: Some("k"),
        user: Some("ann"),
        ip: None,
    };
    let LimitDecision::Admitted(Some(headers)) = limiter.admit(ann, 0) else {
        panic!("the first passes")
    };
    assert_eq!(
        (headers.policy.as_str(), headers.limit, headers.remaining),
        ("user-per-minute", 2, 1)
    );
    assert_eq!(
        (
            headers.window_seconds,
            headers.reset_seconds,
            headers.retry_after_seconds
        ),
        (60, 61, None)
    );
    assert!(passes(&limiter.admit(ann, 10_000)));
    for now_ms in [10_001, 10_002, 10_003] {
        let LimitDecision::Refused {
            headers,
            subject,
            retry_after_ms,
        } = limiter.admit(ann, now_ms)
        else {
            panic!("the third in a minute is refused")
        };
        assert_eq!(
            (subject, headers.policy.as_str(), headers.remaining),
            (LimitSubject::User, "user-per-minute", 0)
        );
        assert_eq!(retry_after_ms, 60_001 - now_ms);
        assert_eq!(headers.retry_after_seconds, Some(50));
    }
    // The refusals took nothing from the key, whose third place goes to another user.
    assert!(passes(&limiter.admit(
        Caller {
            user: Some("bob"),
            ..ann
        },
        10_004
    )));
    assert!(!passes(&limiter.admit(
        Caller {
            user: Some("cy"),
            ..ann
        },
        10_005
    )));
    assert_eq!(
        (
            limiter.refused("user-per-minute"),
            limiter.refused("key-per-minute")
        ),
        (3, 1)
    );
    assert_eq!(limiter.busiest("key-per-minute", 10_005), Some(("k".into(), 3)));
    assert_eq!(limiter.active_callers("user-per-minute", 10_005), 2);
    assert_eq!(limiter.active_callers("user-per-minute", 100_000), 0);
}

#[test]
fn a_limit_without_its_subject_or_switched_off_does_not_apply() {
    let mut off = limit("ip", LimitSubject::Ip, 0, 60);
    off.enabled = false;
    let mut limiter = Limiter::new(&[off, limit("key", LimitSubject::Key, 0, 60)]);
    let caller = Caller {
        ip: Some("::1"),
        user: Some("ann"),
        key: None,
    };
    assert_eq!(limiter.admit(caller, 0), LimitDecision::Admitted(None));
}

#[test]
fn edits_keep_usage_and_a_new_subject_starts_afresh() {
    let mut limiter = Limiter::new(&[limit("l", LimitSubject::User, 5, 60)]);
    for now_ms in 0..4 {
        assert!(passes(&limiter.admit(user("ann"), now_ms)));
    }
    let mut lower = limit("l", LimitSubject::User, 2, 60);
    limiter.set_limits(std::slice::from_ref(&lower));
    let LimitDecision::Refused { retry_after_ms, .. } = limiter.admit(user("ann"), 10) else {
        panic!("four are above two")
    };
    // Three of the four must leave before one more makes two.
    assert_eq!(retry_after_ms, 2 + 60_001 - 10);
    lower.enabled = false;
    limiter.set_limits(std::slice::from_ref(&lower));
    assert!(passes(&limiter.admit(user("ann"), 20)));
    limiter.set_limits(&[limit("l", LimitSubject::User, 5, 60)]);
    assert!(passes(&limiter.admit(user("ann"), 30)));
    assert!(!passes(&limiter.admit(user("ann"), 40)));
    limiter.set_limits(&[limit("l", LimitSubject::Key, 5, 60)]);
    assert_eq!(limiter.busiest("l", 40), None);
}

#[test]
fn invented_names_neither_fill_the_memory_nor_buy_more() {
    let mut limiter = Limiter::new(&[limit("l", LimitSubject::User, 2, 60)]);
    limiter.allow_callers(100);
    let mut admitted = 0;
    for number in 0..10_000_i64 {
        admitted += u32::from(passes(&limiter.admit(user(&format!("user-{number}")), number)));
        assert!(limiter.remembered_callers() <= 100);
    }
    assert_eq!(admitted, 102);
    // A known caller keeps its own count, and after a quiet window the flood is forgotten.
    assert!(passes(&limiter.admit(user("user-7"), 10_001)));
    assert!(!passes(&limiter.admit(user("user-7"), 10_002)));
    assert!(passes(&limiter.admit(user("new"), 200_000)));
    assert_eq!(limiter.busiest("l", 200_000), Some(("new".into(), 1)));
}

#[test]
fn a_clock_set_back_a_year_neither_refills_nor_panics() {
    let year_ms = 31_536_000_000;
    let mut limiter = Limiter::new(&[limit("l", LimitSubject::User, 1, 60)]);
    assert!(passes(&limiter.admit(user("ann"), year_ms)));
    let LimitDecision::Refused { retry_after_ms, .. } = limiter.admit(user("ann"), 0) else {
        panic!("set back is no refill")
    };
    assert_eq!(retry_after_ms, year_ms + 60_001);
    for now_ms in [i64::MIN, 0, i64::MAX] {
        limiter.admit(user("bob"), now_ms);
    }
}

fn most_in_any_window(admitted: &[i64], window_ms: i64) -> usize {
    let inside = |last: &i64| {
        admitted
            .iter()
            .filter(|at_ms| **at_ms <= *last && last - **at_ms <= window_ms)
            .count()
    };
    admitted.iter().map(inside).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Several limits, callers, a small memory, a clock that is sometimes set back: no caller ever gets more than any
    /// limit in any window of true time, and waiting as told gets in.
    #[test]
    fn no_caller_passes_any_limit(
        maxima in (1..8_u32, 1..8_u32, 1..12_u32),
        windows in (1..4_u32, 1..10_u32, 1..6_u32),
        room in 1..5_usize,
        arrivals in prop::collection::vec((0..2_usize, 0..4_usize, 0..400_i64, prop::bool::weighted(0.05)), 1..150),
    ) {
        let limits = [
            limit("a", LimitSubject::User, maxima.0, windows.0),
            limit("b", LimitSubject::User, maxima.1, windows.1),
            limit("k", LimitSubject::Key, maxima.2, windows.2),
        ];
        let mut limiter = Limiter::new(&limits);
        limiter.allow_callers(room);
        let keys = ["k0", "k1"];
        let users = ["u0", "u1", "u2", "u3"];
        let (mut true_ms, mut shown_ms) = (0_i64, 1_000_000_i64);
        let mut by_user: [Vec<i64>; 4] = Default::default();
        let mut by_key: [Vec<i64>; 2] = Default::default();
        for (key, user, gap_ms, is_set_back) in arrivals {
            true_ms += gap_ms;
            shown_ms += if is_set_back { -gap_ms * 5 } else { gap_ms };
            let caller = Caller { key: Some(keys[key]), user: Some(users[user]), ip: None };
            match limiter.admit(caller, shown_ms) {
                LimitDecision::Admitted(headers) => {
                    prop_assert!(headers.is_some_and(|headers| headers.retry_after_seconds.is_none()));
                    by_user[user].push(true_ms);
                    by_key[key].push(true_ms);
                }
                LimitDecision::Refused { retry_after_ms, headers, .. } => {
                    prop_assert!(retry_after_ms >= 1);
                    let told_ms = i64::try_from(headers.retry_after_seconds.unwrap_or(0)).unwrap() * 1_000;
                    prop_assert!(told_ms >= retry_after_ms && told_ms < retry_after_ms + 1_000);
                    let answer = limiter.clone().admit(caller, shown_ms + retry_after_ms);
                    prop_assert!(passes(&answer), "told {} ms, then {:?}", retry_after_ms, answer);
                }
            }
        }
        for admitted in &by_user {
            prop_assert!(most_in_any_window(admitted, i64::from(windows.0) * 1_000) <= maxima.0 as usize);
            prop_assert!(most_in_any_window(admitted, i64::from(windows.1) * 1_000) <= maxima.1 as usize);
        }
        for admitted in &by_key {
            prop_assert!(most_in_any_window(admitted, i64::from(windows.2) * 1_000) <= maxima.2 as usize);
        }
    }
}
