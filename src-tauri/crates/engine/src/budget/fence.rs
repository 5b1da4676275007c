//! Whether a gateway may still spend the leases it holds: it may not once others may have taken them back.
//!
//! A gateway that has not beaten for [`DEAD_AFTER_MS`] counts as dead, and another one takes its leases back. A process that
//! was suspended for so long wakes up with a book full of money that is no longer its own. So it trusts its book only for
//! [`TRUSTED_FOR_MS`] after its last beat that reached the store, by its own clock; then it ends its *turn*: it gives up all
//! leases of that turn, beats, and takes new ones under new names.

/// A gateway without a beat for so long is dead to the others.
pub const DEAD_AFTER_MS: i64 = 15_000;
/// How long after its last beat a gateway spends its leases. The rest, three seconds, is for the clocks of two machines that
/// differ and for a reservation that is on its way to the store.
pub const TRUSTED_FOR_MS: i64 = DEAD_AFTER_MS - 3_000;

/// A moment on both clocks: the others judge a beat by the wall clock, and only the monotonic one cannot be set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub wall_ms: i64,
    pub monotonic_us: u64,
}

impl Moment {
    /// Milliseconds from `earlier` to here by the clock that says more.
    pub(crate) fn since_ms(self, earlier: Moment) -> i64 {
        let passed_ms = self.monotonic_us.saturating_sub(earlier.monotonic_us) / 1_000;
        let by_wall_ms = self.wall_ms.saturating_sub(earlier.wall_ms);
        by_wall_ms.max(i64::try_from(passed_ms).unwrap_or(i64::MAX))
    }
}

/// One gateway's own view of its right to spend.
#[derive(Debug)]
pub struct Fence {
    /// When the last beat that reached the store was made.
    beaten: Moment,
    turn: u64,
}

impl Fence {
    /// A fence of the first turn, open from a beat at this moment.
    #[must_use]
    pub fn new(beaten: Moment) -> Fence {
        Fence { beaten, turn: 0 }
    }

    /// True while leases of this turn are surely this gateway's own.
    #[must_use]
    pub fn is_open(&self, now: Moment) -> bool {
        now.since_ms(self.beaten) <= TRUSTED_FOR_MS
    }

    /// Names the leases that may be spent. It rises; a lease of an earlier turn is only ever given back.
    #[must_use]
    pub fn turn(&self) -> u64 {
        self.turn
    }

    /// A beat that was made at `beaten` has reached the store by `now`. When that took too long since the one before, the
    /// leases may have been taken back in between, so their turn ends.
    pub fn renew(&mut self, beaten: Moment, now: Moment) {
        if !self.is_open(now) {
            self.end_turn();
        }
        self.beaten = beaten;
    }

    /// No lease of this turn is spent any more.
    pub fn end_turn(&mut self) {
        self.turn += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Fence, Moment, TRUSTED_FOR_MS};

    fn at(ms: i64) -> Moment {
        Moment {
            wall_ms: ms,
            monotonic_us: ms.unsigned_abs() * 1_000,
        }
    }

    #[test]
    fn regular_beats_keep_the_turn() {
        let mut fence = Fence::new(at(0));
        for beat in 1..100 {
            assert!(fence.is_open(at(beat * 5_000)));
            fence.renew(at(beat * 5_000), at(beat * 5_000 + 900));
        }
        assert_eq!(fence.turn(), 0);
    }

    #[test]
    fn a_beat_that_comes_late_or_arrives_late_ends_the_turn() {
        let mut late = Fence::new(at(0));
        assert!(late.is_open(at(TRUSTED_FOR_MS)));
        assert!(!late.is_open(at(TRUSTED_FOR_MS + 1)));
        late.renew(at(20_000), at(20_001));
        assert_eq!(late.turn(), 1);
        assert!(late.is_open(at(20_001)));

        let mut slow = Fence::new(at(0));
        slow.renew(at(5_000), at(16_000));
        assert_eq!(
            slow.turn(),
            1,
            "it was dead to the others before its beat arrived"
        );
    }

    #[test]
    fn a_wall_clock_that_is_set_back_hides_no_time() {
        let fence = Fence::new(at(100_000));
        let set_back = Moment {
            wall_ms: 0,
            ..at(100_000 + TRUSTED_FOR_MS + 1)
        };
        assert!(!fence.is_open(set_back));
        let slept = Moment {
            wall_ms: 200_000,
            ..at(100_001)
        };
        assert!(
            !fence.is_open(slept),
            "the monotonic clock stands while a machine sleeps"
        );
    }
}
