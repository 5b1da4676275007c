//! What to think of a hit rate. Pure.

use weir_contract::model::cache::Verdict;

/// Fewer requests than this say nothing.
const ENOUGH: i64 = 20;
const GOOD_PERCENT: i64 = 40;
const OK_PERCENT: i64 = 15;

/// The verdict and why, in a sentence.
pub(super) fn judge(hits: i64, misses: i64) -> (Verdict, String) {
    let asked = hits + misses;
    if asked < ENOUGH {
        let reason = format!("{asked} requests asked the cache; {ENOUGH} are needed to say something");
        return (Verdict::TooFew, reason);
    }
    // Compared in whole numbers: 39.99 % is not yet good.
    let reaches = |percent: i64| i128::from(hits) * 100 >= i128::from(asked) * i128::from(percent);
    let facts = format!("{hits} of {asked} requests were answered from the cache");
    if reaches(GOOD_PERCENT) {
        (
            Verdict::Good,
            format!("{facts}; {GOOD_PERCENT} % and more is good"),
        )
    } else if reaches(OK_PERCENT) {
        (
            Verdict::Ok,
            format!("{facts}; from {OK_PERCENT} % on the cache earns its keep"),
        )
    } else {
        let advice = "texts may differ too much to be reused: a cache key template for the intent, or a longer time to live, may help";
        (
            Verdict::Review,
            format!("{facts}, under {OK_PERCENT} %; {advice}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};

    #[test]
    fn verdicts_change_exactly_at_their_borders() {
        for (hits, misses, verdict) in [
            (0, 0, Verdict::TooFew),
            (19, 0, Verdict::TooFew),
            (20, 0, Verdict::Good),
            (40, 60, Verdict::Good),
            (3_999, 6_001, Verdict::Ok),
            (15, 85, Verdict::Ok),
            (1_499, 8_501, Verdict::Review),
            (0, 20, Verdict::Review),
        ] {
            assert_eq!(judge(hits, misses).0, verdict, "{hits} of {}", hits + misses);
        }
    }

    #[test]
    fn the_reason_tells_the_figures() {
        assert!(judge(50, 50).1.contains("50 of 100"));
        assert!(judge(3, 4).1.starts_with("7 requests"));
    }
}
