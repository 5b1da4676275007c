//! Which rows of the rollups add up to the steps of a range: hours where whole ones lie in a step, and minutes at its edges.

use super::{Dimension, Grain};
use weir_contract::model::time::TimeRange;

/// Shorter steps hold too few whole hours to be worth it.
const SHORTEST_STEP_MS: i64 = 2 * 3_600_000;

/// Rows of one grain, from one moment up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollupPiece {
    pub grain: Grain,
    pub from_ms: i64,
    pub to_ms: i64,
}

/// Pieces that lie in one step each, or all of it by this grain. Both grains are counted in one transaction, so the hour's row
/// is the sum of its minutes'; a day by the minute is some ten times as many rows. `step_ms` is above zero.
#[must_use]
pub fn rollup_pieces(grain: Grain, range: TimeRange, step_ms: i64) -> Vec<RollupPiece> {
    if grain == Grain::Hour || step_ms < SHORTEST_STEP_MS {
        return all_of(grain, range);
    }
    let hour_ms = Grain::Hour.length_ms();
    let mut pieces = Vec::new();
    let mut from_ms = range.from_ms;
    while from_ms < range.to_ms {
        let to_ms = from_ms.saturating_add(step_ms).min(range.to_ms);
        let last_ms = to_ms.div_euclid(hour_ms) * hour_ms;
        let first_ms = from_ms.saturating_add(hour_ms - 1).div_euclid(hour_ms) * hour_ms;
        let first_ms = first_ms.min(to_ms);
        let last_ms = last_ms.max(first_ms);
        for (grain, from_ms, to_ms) in [
            (Grain::Minute, from_ms, first_ms),
            (Grain::Hour, first_ms, last_ms),
            (Grain::Minute, last_ms, to_ms),
        ] {
            if from_ms < to_ms {
                pieces.push(RollupPiece {
                    grain,
                    from_ms,
                    to_ms,
                });
            }
        }
        from_ms = to_ms;
    }
    pieces
}

/// The same for counters: values that come from clients are kept by the hour alone, so nothing stands in for their minutes.
#[must_use]
pub fn counter_pieces(
    dimension: Dimension,
    grain: Grain,
    range: TimeRange,
    step_ms: i64,
) -> Vec<RollupPiece> {
    match dimension {
        Dimension::User | Dimension::Team | Dimension::Event => all_of(grain, range),
        _ => rollup_pieces(grain, range, step_ms),
    }
}

fn all_of(grain: Grain, range: TimeRange) -> Vec<RollupPiece> {
    vec![RollupPiece {
        grain,
        from_ms: range.from_ms,
        to_ms: range.to_ms,
    }]
}

#[cfg(test)]
mod tests {
    use super::{RollupPiece, SHORTEST_STEP_MS, counter_pieces, rollup_pieces};
    use crate::store::{Dimension, Grain};
    use proptest::prelude::*;
    use weir_contract::model::time::TimeRange;

    const MINUTE_MS: i64 = 60_000;

    #[test]
    fn a_day_is_its_whole_hours_and_the_minutes_at_its_ends() {
        let hour = 60 * MINUTE_MS;
        let from_ms = 7 * hour + 20 * MINUTE_MS;
        let range = TimeRange {
            from_ms,
            to_ms: from_ms + 24 * hour,
        };
        let piece = |grain, from_ms, to_ms| RollupPiece {
            grain,
            from_ms,
            to_ms,
        };
        let wanted = [
            piece(Grain::Minute, from_ms, 8 * hour),
            piece(Grain::Hour, 8 * hour, 31 * hour),
            piece(Grain::Minute, 31 * hour, range.to_ms),
        ];
        assert_eq!(rollup_pieces(Grain::Minute, range, 24 * hour), wanted);
        let all = [piece(Grain::Minute, from_ms, range.to_ms)];
        assert_eq!(
            counter_pieces(Dimension::User, Grain::Minute, range, 24 * hour),
            all
        );
    }

    proptest! {
        #[test]
        fn pieces_follow_each_other_and_each_lies_in_one_step(
            from in -5_000_i64..5_000, minutes in 0_i64..6_000, step in 1_i64..3_000, hours in any::<bool>(),
        ) {
            let range = TimeRange { from_ms: from * MINUTE_MS, to_ms: (from + minutes) * MINUTE_MS };
            let grain = if hours { Grain::Hour } else { Grain::Minute };
            let step_ms = step * MINUTE_MS;
            let pieces = rollup_pieces(grain, range, step_ms);
            let mut at_ms = range.from_ms;
            for piece in &pieces {
                prop_assert_eq!(piece.from_ms, at_ms);
                at_ms = piece.to_ms;
                if !hours && step_ms >= SHORTEST_STEP_MS {
                    let step_of = |ms: i64| (ms - range.from_ms) / step_ms;
                    prop_assert_eq!(step_of(piece.from_ms), step_of(piece.to_ms - 1));
                    if piece.grain == Grain::Hour {
                        prop_assert_eq!((piece.from_ms % 3_600_000, piece.to_ms % 3_600_000), (0, 0));
                    }
                }
            }
            prop_assert_eq!(at_ms, range.to_ms);
        }
    }
}
