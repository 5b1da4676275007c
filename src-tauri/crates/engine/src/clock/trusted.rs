//! Wall time that a jump of the machine's clock cannot move at once: no free refill of a cap, nothing deleted by mistake.

use super::Clock;
use std::sync::{Mutex, PoisonError};

/// Differences up to this are a clock being corrected; they are followed slowly, and never backwards.
const CORRECTION_MS: i64 = 2_000;
/// A correction moves the time by at most one in so many milliseconds.
const SLOWNESS: i64 = 100;
/// A jump that has stayed as it is for so long is what the operator meant.
pub(super) const BELIEVED_AFTER_MS: i64 = 3_600_000;

/// The state of the trust, apart from any clock. Times are milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Trust {
    trusted_ms: i64,
    monotonic_us: u64,
    /// Time passed that no correction has used yet. Readings come far more often than a millisecond may be corrected.
    uncorrected_ms: i64,
    jump: Option<Jump>,
}

#[derive(Debug, Clone, Copy)]
struct Jump {
    by_ms: i64,
    seen_us: u64,
}

impl Trust {
    /// Trusts the present.
    #[must_use]
    pub fn new(wall_ms: i64, monotonic_us: u64) -> Trust {
        Trust {
            trusted_ms: wall_ms,
            monotonic_us,
            uncorrected_ms: 0,
            jump: None,
        }
    }

    /// The time to work with, in UNIX milliseconds, after the clocks were read as `wall_ms` and `monotonic_us`.
    ///
    /// A small difference is followed by at most a hundredth of the time passed. A jump is not followed: the time goes on by
    /// the monotonic clock until the wall clock is set right again, or has stayed wrong by the same amount for
    /// [`BELIEVED_AFTER_MS`].
    pub fn read(&mut self, wall_ms: i64, monotonic_us: u64) -> i64 {
        // Whole milliseconds only, so that the rest is counted by the next reading.
        let passed_ms =
            i64::try_from(monotonic_us.saturating_sub(self.monotonic_us) / 1_000).unwrap_or(i64::MAX);
        let passed_us = u64::try_from(passed_ms).unwrap_or(0).saturating_mul(1_000);
        self.monotonic_us = self.monotonic_us.saturating_add(passed_us);
        self.trusted_ms = self.trusted_ms.saturating_add(passed_ms);
        let by_ms = wall_ms.saturating_sub(self.trusted_ms);
        if (-CORRECTION_MS..=CORRECTION_MS).contains(&by_ms) {
            self.jump = None;
            self.uncorrected_ms = self.uncorrected_ms.saturating_add(passed_ms);
            // Backwards at most what has just passed, however much could be corrected by now.
            let most_ms = self.uncorrected_ms / SLOWNESS;
            let correction_ms = by_ms.clamp(-most_ms.min(passed_ms), most_ms);
            self.uncorrected_ms -= correction_ms.abs() * SLOWNESS;
            self.trusted_ms = self.trusted_ms.saturating_add(correction_ms);
            return self.trusted_ms;
        }
        match self.jump {
            Some(jump) if by_ms.abs_diff(jump.by_ms) <= CORRECTION_MS.unsigned_abs() => {
                let stayed_us = monotonic_us.saturating_sub(jump.seen_us);
                if stayed_us / 1_000 >= BELIEVED_AFTER_MS.unsigned_abs() {
                    *self = Trust::new(wall_ms, monotonic_us);
                }
            }
            _ => {
                self.jump = Some(Jump {
                    by_ms,
                    seen_us: monotonic_us,
                });
            }
        }
        self.trusted_ms
    }

    /// By how much the wall clock jumped, while that is not believed; negative when it was set back.
    #[must_use]
    pub fn jump_ms(&self) -> Option<i64> {
        self.jump.map(|jump| jump.by_ms)
    }
}

/// A clock whose wall side is believed only as far as [`Trust`] goes. What money, retention and times to live are measured by.
#[derive(Debug)]
pub struct TrustedClock<C> {
    inner: C,
    trust: Mutex<Trust>,
}

impl<C: Clock> TrustedClock<C> {
    /// Trusts what this clock shows now.
    #[must_use]
    pub fn new(inner: C) -> TrustedClock<C> {
        let trust = Mutex::new(Trust::new(inner.now_ms(), inner.monotonic_us()));
        TrustedClock { inner, trust }
    }

    fn read(&self) -> Trust {
        let mut trust = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: of two threads, the one with the older reading must not come second.
        trust.read(self.inner.now_ms(), self.inner.monotonic_us());
        *trust
    }
}

impl<C: Clock> Clock for TrustedClock<C> {
    fn now_ms(&self) -> i64 {
        self.read().trusted_ms
    }
    fn monotonic_us(&self) -> u64 {
        self.inner.monotonic_us()
    }
    fn disbelieved_jump_ms(&self) -> Option<i64> {
        self.read().jump_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::{BELIEVED_AFTER_MS, Trust, TrustedClock};
    use crate::clock::{Clock, ManualClock};
    use proptest::prelude::*;

    const HOUR_MS: i64 = 3_600_000;
    const YEAR_MS: i64 = 365 * 24 * HOUR_MS;
    const START_MS: i64 = 1_790_000_000_000;

    #[test]
    fn a_jump_changes_nothing_until_it_has_stayed_for_an_hour() {
        for by_ms in [HOUR_MS, -HOUR_MS, YEAR_MS, -YEAR_MS, 3_000, -3_000] {
            let mut trust = Trust::new(START_MS, 0);
            let at = |passed_ms: i64| u64::try_from(passed_ms * 1_000).unwrap();
            for passed_ms in [0, 1, 60_000, BELIEVED_AFTER_MS - 1] {
                let read_ms = trust.read(START_MS + passed_ms + by_ms, at(passed_ms));
                assert_eq!(read_ms, START_MS + passed_ms, "{by_ms}");
                assert_eq!(trust.jump_ms(), Some(by_ms));
            }
            let believed_ms = START_MS + BELIEVED_AFTER_MS + by_ms;
            assert_eq!(trust.read(believed_ms, at(BELIEVED_AFTER_MS)), believed_ms);
            assert_eq!(trust.jump_ms(), None);
        }
    }

    #[test]
    fn a_clock_that_is_set_right_again_leaves_no_trace() {
        let manual = std::sync::Arc::new(ManualClock::at_ms(START_MS));
        let clock = TrustedClock::new(SharedManual(manual.clone()));
        manual.set_wall_ms(START_MS + YEAR_MS);
        assert_eq!(
            (clock.now_ms(), clock.disbelieved_jump_ms()),
            (START_MS, Some(YEAR_MS))
        );
        manual.advance_ms(5_000);
        assert_eq!(clock.now_ms(), START_MS + 5_000);
        manual.set_wall_ms(START_MS + 5_000);
        assert_eq!(
            (clock.now_ms(), clock.disbelieved_jump_ms()),
            (START_MS + 5_000, None)
        );
    }

    struct SharedManual(std::sync::Arc<ManualClock>);

    impl Clock for SharedManual {
        fn now_ms(&self) -> i64 {
            self.0.now_ms()
        }
        fn monotonic_us(&self) -> u64 {
            self.0.monotonic_us()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Whatever the wall clock shows, for less than an hour: the time never runs backwards, and never faster or slower
        /// than the monotonic clock by more than a hundredth.
        #[test]
        fn within_an_hour_only_the_monotonic_clock_counts(
            readings in prop::collection::vec((0..9_000_u64, prop_oneof![
                -2 * YEAR_MS..2 * YEAR_MS, -5_000..5_000_i64, Just(0)]), 1..200),
        ) {
            let mut trust = Trust::new(START_MS, 0);
            let (mut passed_ms, mut last_ms) = (0_u64, START_MS);
            for (gap_ms, off_ms) in readings {
                passed_ms += gap_ms;
                let passed = i64::try_from(passed_ms).unwrap();
                let read_ms = trust.read(START_MS + passed + off_ms, passed_ms * 1_000);
                prop_assert!(read_ms >= last_ms);
                prop_assert!((read_ms - START_MS - passed).abs() <= passed / 100);
                if passed >= BELIEVED_AFTER_MS { break; }
                last_ms = read_ms;
            }
        }

        /// A clock that is less than two seconds off is caught up with, however often it is read.
        #[test]
        fn a_correction_is_caught_up(off_ms in -1_999..=1_999_i64, step_us in 500..400_000_u64) {
            let mut trust = Trust::new(START_MS, 0);
            let wall = |now_us: u64| START_MS + i64::try_from(now_us / 1_000).unwrap() + off_ms;
            let mut now_us = 0;
            while now_us < 210_000_000 {
                now_us += step_us;
                trust.read(wall(now_us), now_us);
            }
            prop_assert!((trust.read(wall(now_us), now_us) - wall(now_us)).abs() <= 1);
        }
    }
}
