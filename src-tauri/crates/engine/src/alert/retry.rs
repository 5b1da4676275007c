//! When a delivery that failed is tried again.

/// Pauses after the first, second … failed attempt, in milliseconds; after the last one there is no further attempt.
const PAUSES_MS: [i64; 6] = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000];
/// Most that the other side may ask for by `Retry-After`.
const LONGEST_WISH_MS: i64 = 3_600_000;

/// Attempts in all.
pub const MOST_ATTEMPTS: u32 = 7;

/// The time of the next attempt after `attempts` failed ones, or none to give up. `random` shortens or lengthens the pause
/// by up to a fifth, so that gateways that failed together do not come back together. `wish_ms` is what the other side asked
/// to wait at least.
#[must_use]
pub fn next_attempt_ms(attempts: u32, now_ms: i64, random: u64, wish_ms: Option<i64>) -> Option<i64> {
    let number = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let pause = *PAUSES_MS.get(number)?;
    let fifth = pause / 5;
    // At most 2 * fifth, so the cast back is exact.
    let shift = i64::try_from(random % (2 * fifth as u64 + 1)).unwrap_or(0) - fifth;
    let wish = wish_ms.unwrap_or(0).clamp(0, LONGEST_WISH_MS);
    Some(now_ms.saturating_add((pause + shift).max(wish)))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_WISH_MS, MOST_ATTEMPTS, PAUSES_MS, next_attempt_ms};
    use proptest::prelude::*;

    #[test]
    fn it_ends() {
        assert_eq!(next_attempt_ms(MOST_ATTEMPTS, 0, 7, None), None);
        assert!(next_attempt_ms(MOST_ATTEMPTS - 1, 0, 7, None).is_some());
        assert_eq!(next_attempt_ms(0, 0, 7, None), None, "nothing was tried");
        assert_eq!(PAUSES_MS.len(), MOST_ATTEMPTS as usize - 1);
    }

    proptest! {
        /// Within a fifth of the pause, never before what was wished for, and never an hour and a fifth away.
        #[test]
        fn pauses_stay_in_their_bounds(attempts in 1..MOST_ATTEMPTS, now_ms in 0..i64::MAX / 2, random: u64, wish in prop::option::of(any::<i64>())) {
            let pause = PAUSES_MS[attempts as usize - 1];
            let waited = next_attempt_ms(attempts, now_ms, random, wish).unwrap() - now_ms;
            prop_assert!(waited >= pause - pause / 5);
            prop_assert!(waited >= wish.unwrap_or(0).clamp(0, LONGEST_WISH_MS));
            prop_assert!(waited <= LONGEST_WISH_MS + LONGEST_WISH_MS / 5);
            if wish.is_none() {
                prop_assert!(waited <= pause + pause / 5);
            }
        }
    }
}
