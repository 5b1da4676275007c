//! How many judgements are under way, and until when none are made.

use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Judgements that are under way at the same time; what comes meanwhile is not judged.
const AT_ONCE: usize = 4;

/// The judge's waiting room, without chairs.
#[derive(Debug)]
pub(crate) struct Judging {
    seats: Semaphore,
    rests_until_ms: AtomicI64,
}

impl Default for Judging {
    fn default() -> Judging {
        Judging {
            seats: Semaphore::new(AT_ONCE),
            rests_until_ms: AtomicI64::new(0),
        }
    }
}

impl Judging {
    /// A seat, if one is free and the judge does not rest.
    pub(crate) fn seat(&self, now_ms: i64) -> Option<SemaphorePermit<'_>> {
        if now_ms < self.rests_until_ms.load(Ordering::Acquire) {
            return None;
        }
        self.seats.try_acquire().ok()
    }

    /// Gives no seat until then.
    pub(crate) fn rest_until(&self, until_ms: i64) {
        self.rests_until_ms.store(until_ms, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_few_and_none_are_given_at_rest() {
        let judging = Judging::default();
        let taken: Vec<_> = (0..AT_ONCE).map(|_| judging.seat(5)).collect();
        assert!(taken.iter().all(Option::is_some) && judging.seat(5).is_none());
        drop(taken);
        judging.rest_until(10);
        assert!(judging.seat(9).is_none() && judging.seat(10).is_some());
    }
}
