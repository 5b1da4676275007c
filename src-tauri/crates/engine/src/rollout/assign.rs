//! Sticky assignment: the same caller always stands at the same place of a rollout, and the percentage sweeps over it.

use sha2::{Digest, Sha256};
use weir_contract::model::rollout::Rollout;

/// All of the callers, in hundredths of a percent.
const ALL_BASIS_POINTS: u16 = 10_000;
/// Keeps `("ab", "c")` and `("a", "bc")` apart; it cannot be typed into a name.
const SEPARATOR: u8 = 0x1f;

/// Where a caller stands in a rollout: uniform over `u64`, fixed for ever by the two texts.
#[must_use]
pub fn position(rollout_name: &str, unit: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(rollout_name.as_bytes());
    hash.update([SEPARATOR]);
    hash.update(unit.as_bytes());
    let digest = hash.finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Whether the caller `unit` (the user, or else the key) gets the new variant at this many basis points.
/// Whoever is in at some percentage is in at every higher one.
#[must_use]
pub fn is_in(rollout_name: &str, unit: &str, basis_points: u16) -> bool {
    let share = u128::from(basis_points.min(ALL_BASIS_POINTS));
    let threshold = (share << 64) / u128::from(ALL_BASIS_POINTS);
    u128::from(position(rollout_name, unit)) < threshold
}

/// [`is_in`] for a rollout as an admin wrote it; a disabled one gives nobody the new variant.
#[must_use]
pub fn gets_new_variant(rollout: &Rollout, unit: &str) -> bool {
    rollout.enabled && is_in(&rollout.name, unit, rollout.basis_points)
}

#[cfg(test)]
mod tests {
    use super::{is_in, position};
    use proptest::prelude::*;

    /// Computed with `printf 'NAME\x1fUNIT' | sha256sum`. A change here would move users between variants.
    #[test]
    fn golden_positions_never_change() {
        let golden: [(&str, &str, u64); 4] = [
            ("new-prompt", "user-1", 0x5606fe6f86501eb1),
            ("new-prompt", "user-2", 0xa0a33275863a0740),
            ("cheap-tier", "user-1", 0x6b03d7a206977260),
            ("", "", 0xffe679bb831c95b6),
        ];
        for (name, unit, expected) in golden {
            assert_eq!(position(name, unit), expected, "{name} {unit}");
        }
    }

    #[test]
    fn nobody_at_zero_and_everybody_at_all() {
        for number in 0..10_000 {
            let unit = format!("user-{number}");
            assert!(!is_in("new-prompt", &unit, 0));
            assert!(is_in("new-prompt", &unit, 10_000));
            assert!(is_in("new-prompt", &unit, u16::MAX));
        }
    }

    #[test]
    fn the_share_of_a_million_units_is_within_a_tenth_of_a_point() {
        let mut positions: Vec<u64> = (0..1_000_000)
            .map(|number| position("share", &format!("user-{number}")))
            .collect();
        positions.sort_unstable();
        for basis_points in [1_u16, 100, 500, 1_250, 2_500, 5_000, 7_500, 9_900] {
            let threshold = (u128::from(basis_points) << 64) / 10_000;
            let inside = positions.partition_point(|position| u128::from(*position) < threshold);
            let off_points = inside as f64 / 10_000.0 - f64::from(basis_points) / 100.0;
            assert!(
                off_points.abs() <= 0.1,
                "{basis_points} bp is off by {off_points} points"
            );
        }
    }

    #[test]
    fn rollouts_of_different_names_are_independent() {
        let mut both = [[0_u32; 2]; 2];
        for number in 0..200_000 {
            let unit = format!("user-{number}");
            both[usize::from(is_in("one", &unit, 5_000))][usize::from(is_in("two", &unit, 5_000))] += 1;
        }
        for count in both.into_iter().flatten() {
            assert!(count.abs_diff(50_000) < 1_000, "{both:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn raising_never_moves_anyone_out(name in ".{0,20}", unit in ".{0,40}", low in 0..=10_000_u16, high in 0..=10_000_u16) {
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(!is_in(&name, &unit, low) || is_in(&name, &unit, high));
        }
    }
}
