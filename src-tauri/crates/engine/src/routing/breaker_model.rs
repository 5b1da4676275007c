//! Tests of one breaker: its transitions by hand, and its promises under any sequence of calls.

use super::breaker::{Admittance, Breaker, BreakerConfig, CallOutcome, Permit};
use proptest::prelude::*;
use weir_contract::model::catalog::BreakerPosition;

fn breaker() -> Breaker {
    Breaker::new(BreakerConfig::default())
}

fn permit(breaker: &mut Breaker, now_ms: i64) -> Permit {
    match breaker.admit(now_ms) {
        Admittance::Allowed(permit) => permit,
        rejected => panic!("{rejected:?} at {now_ms}"),
    }
}

fn call(breaker: &mut Breaker, outcome: CallOutcome, now_ms: i64) {
    let permit = permit(breaker, now_ms);
    breaker.record(permit, outcome, now_ms);
}

#[test]
fn five_faults_in_a_row_open_it_whatever_their_kind() {
    let mut breaker = breaker();
    for outcome in [
        CallOutcome::Failure,
        CallOutcome::Timeout,
        CallOutcome::Truncated,
        CallOutcome::Failure,
    ] {
        call(&mut breaker, outcome, 0);
        call(&mut breaker, CallOutcome::Neutral, 0);
    }
    assert_eq!(breaker.position(0), BreakerPosition::Closed);
    call(&mut breaker, CallOutcome::Truncated, 0);
    assert_eq!(
        breaker.admit(500),
        Admittance::Rejected {
            retry_after_ms: 1_500
        }
    );
}

#[test]
fn half_of_ten_within_ten_seconds_open_it() {
    let mut breaker = breaker();
    for number in 0..9 {
        let outcome = if number % 2 == 0 {
            CallOutcome::Success
        } else {
            CallOutcome::Failure
        };
        call(&mut breaker, outcome, number * 1_000);
        assert_eq!(breaker.position(number * 1_000), BreakerPosition::Closed);
    }
    call(&mut breaker, CallOutcome::Failure, 9_000);
    assert_eq!(breaker.position(9_000), BreakerPosition::Open);
}

#[test]
fn failures_longer_ago_than_the_window_are_forgotten() {
    let mut breaker = breaker();
    for number in 0..100 {
        // Every second call fails, but never ten calls within ten seconds.
        let outcome = if number % 2 == 0 {
            CallOutcome::Success
        } else {
            CallOutcome::Failure
        };
        call(&mut breaker, outcome, number * 1_200);
    }
    assert_eq!(breaker.position(120_000), BreakerPosition::Closed);
}

#[test]
fn failed_probes_double_the_pause_up_to_eight_seconds_and_a_good_one_closes() {
    let mut breaker = breaker();
    for _ in 0..5 {
        call(&mut breaker, CallOutcome::Failure, 0);
    }
    let mut now_ms = 0;
    for pause_ms in [2_000, 4_000, 8_000, 8_000] {
        assert_eq!(
            breaker.admit(now_ms + pause_ms - 1),
            Admittance::Rejected { retry_after_ms: 1 }
        );
        now_ms += pause_ms;
        assert_eq!(breaker.position(now_ms), BreakerPosition::HalfOpen);
        let probe = permit(&mut breaker, now_ms);
        assert!(probe.is_probe);
        assert!(
            matches!(breaker.admit(now_ms), Admittance::Rejected { .. }),
            "one probe at a time"
        );
        breaker.record(probe, CallOutcome::Timeout, now_ms);
    }
    now_ms += 8_000;
    call(&mut breaker, CallOutcome::Success, now_ms);
    assert_eq!(breaker.position(now_ms), BreakerPosition::Closed);
    for _ in 0..5 {
        call(&mut breaker, CallOutcome::Failure, now_ms);
    }
    assert_eq!(
        breaker.admit(now_ms),
        Admittance::Rejected {
            retry_after_ms: 2_000
        }
    );
}

#[test]
fn a_probe_that_shows_nothing_makes_way_and_a_lost_one_is_given_up() {
    let mut breaker = breaker();
    for _ in 0..5 {
        call(&mut breaker, CallOutcome::Failure, 0);
    }
    call(&mut breaker, CallOutcome::Neutral, 2_000);
    let lost = permit(&mut breaker, 2_000);
    assert_eq!(
        breaker.admit(2_001),
        Admittance::Rejected {
            retry_after_ms: 29_999
        }
    );
    let second = permit(&mut breaker, 32_000);
    assert!(second.is_probe);
    breaker.record(lost, CallOutcome::Failure, 32_001);
    breaker.record(second, CallOutcome::Success, 32_002);
    assert_eq!(breaker.position(32_002), BreakerPosition::Closed);
}

#[test]
fn stragglers_from_before_it_opened_change_nothing() {
    let mut breaker = breaker();
    let straggler = permit(&mut breaker, 0);
    for _ in 0..5 {
        call(&mut breaker, CallOutcome::Failure, 0);
    }
    breaker.record(straggler, CallOutcome::Success, 100);
    assert_eq!(breaker.position(100), BreakerPosition::Open);
}

#[derive(Debug, Clone)]
enum Step {
    Admit,
    Record { pick: usize, outcome: CallOutcome },
    Move { by_ms: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop::sample::select(vec![
        CallOutcome::Success,
        CallOutcome::Failure,
        CallOutcome::Timeout,
        CallOutcome::Truncated,
        CallOutcome::Neutral,
    ]);
    let step = prop_oneof![
        4 => Just(Step::Admit),
        4 => (any::<usize>(), outcome).prop_map(|(pick, outcome)| Step::Record { pick, outcome }),
        2 => (-5_000..12_000_i64).prop_map(|by_ms| Step::Move { by_ms }),
    ];
    prop::collection::vec(step, 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Under any calls and any clock: a rejection tells a bounded wait, nothing passes while it is open, one
    /// probe passes at a time, and only a fault opens it.
    #[test]
    fn promises_hold(steps in steps()) {
        let mut breaker = breaker();
        let mut now_ms = 0_i64;
        let mut latest_ms = 0_i64;
        let mut permits: Vec<Permit> = Vec::new();
        let mut probe_since_ms: Option<i64> = None;
        for step in steps {
            match step {
                Step::Move { by_ms } => now_ms += by_ms,
                Step::Admit => {
                    latest_ms = latest_ms.max(now_ms);
                    let before = breaker.position(now_ms);
                    match breaker.admit(now_ms) {
                        Admittance::Allowed(permit) => {
                            prop_assert_ne!(before, BreakerPosition::Open);
                            prop_assert_eq!(permit.is_probe, before == BreakerPosition::HalfOpen);
                            if permit.is_probe {
                                if let Some(since_ms) = probe_since_ms {
                                    prop_assert!(latest_ms - since_ms >= 30_000, "two probes at once");
                                }
                                probe_since_ms = Some(latest_ms);
                            }
                            permits.push(permit);
                        }
                        Admittance::Rejected { retry_after_ms } => {
                            prop_assert_ne!(before, BreakerPosition::Closed);
                            let longest = if before == BreakerPosition::Open { 8_000 } else { 30_000 };
                            prop_assert!((1..=longest).contains(&retry_after_ms));
                        }
                    }
                }
                Step::Record { pick, outcome } if !permits.is_empty() => {
                    latest_ms = latest_ms.max(now_ms);
                    let permit = permits.swap_remove(pick % permits.len());
                    let before = breaker.position(now_ms);
                    breaker.record(permit, outcome, now_ms);
                    let after = breaker.position(now_ms);
                    if before == BreakerPosition::Closed {
                        probe_since_ms = None;
                        if after == BreakerPosition::Open {
                            prop_assert!(outcome != CallOutcome::Success && outcome != CallOutcome::Neutral);
                        }
                    } else if after != before {
                        probe_since_ms = None;
                    }
                    if permit.is_probe && outcome == CallOutcome::Neutral {
                        probe_since_ms = None;
                    }
                }
                Step::Record { .. } => {}
            }
        }
    }

    /// Five faults in a row, however the clock moves between them, always open a fresh breaker.
    #[test]
    fn five_in_a_row_always_open_it(moves in prop::collection::vec(-5_000..60_000_i64, 5)) {
        let mut breaker = breaker();
        let mut now_ms = 0;
        for by_ms in moves {
            now_ms += by_ms;
            prop_assert_eq!(breaker.position(now_ms), BreakerPosition::Closed);
            call(&mut breaker, CallOutcome::Failure, now_ms);
        }
        prop_assert_eq!(breaker.position(now_ms), BreakerPosition::Open);
    }
}
