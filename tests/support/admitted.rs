//! What "at most N in any window of W" is judged by, seen from outside.

use std::time::Duration;

/// A call that was let through: when it was sent, and when it was answered. It was admitted somewhere between.
pub type Admitted = (Duration, Duration);

/// The most calls that surely were admitted within less than a window, whenever between being sent and being answered each
/// of them was. More than a limit allows is a limit that was passed, however slow the machine.
#[must_use]
pub fn most_surely_within(window: Duration, admitted: &[Admitted]) -> usize {
    let from = |start: Duration| {
        let inside = admitted
            .iter()
            .filter(|(sent, answered)| *sent >= start && *answered - start < window);
        inside.count()
    };
    admitted.iter().map(|(sent, _)| from(*sent)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::most_surely_within;
    use std::time::Duration;

    fn most(calls: &[(u64, u64)]) -> usize {
        let calls: Vec<_> = calls
            .iter()
            .map(|(sent, answered)| (Duration::from_millis(*sent), Duration::from_millis(*answered)))
            .collect();
        most_surely_within(Duration::from_millis(100), &calls)
    }

    #[test]
    fn calls_that_may_have_been_apart_are_not_counted_together() {
        assert_eq!(most(&[]), 0);
        assert_eq!(most(&[(0, 1), (50, 51), (98, 99)]), 3);
        assert_eq!(most(&[(0, 1), (50, 51), (98, 100)]), 2);
        // The first was admitted between 0 and 60, so the last may have been a whole window after it.
        assert_eq!(most(&[(20, 40), (0, 60), (98, 113)]), 2);
        assert_eq!(most(&[(20, 40), (20, 60), (98, 113)]), 3);
    }
}
