//! Spend reaches a share of a cap.

use super::{CapStanding, Finding, words::dollars};
use crate::budget::steps::acts_from;
use std::collections::BTreeSet;
use weir_contract::NanoUsd;

/// One finding for each percentage that is reached, by what is spent: what is only held may come back, and nobody should
/// be woken for it. The cap's own notices count as percentages of the rule.
#[must_use]
pub fn find(standing: &CapStanding, percents: &[u8]) -> Vec<Finding> {
    let all: BTreeSet<u8> = percents.iter().chain(&standing.notices).copied().collect();
    let reached = |percent: &u8| standing.spent_nanousd >= acts_from(*percent, standing.limit_nanousd);
    all.into_iter()
        .filter(reached)
        .map(|percent| finding(standing, percent))
        .collect()
}

/// What identifies a cap's share: raising or lowering the cap makes it another.
pub(super) fn key(standing: &CapStanding, percent: u8) -> String {
    let CapStanding {
        cap,
        whose,
        limit_nanousd,
        ..
    } = standing;
    format!("cap {cap}{whose} {percent} % of {}", limit_nanousd.0)
}

/// `cap "x" for user "ana"`.
pub(super) fn subject(standing: &CapStanding) -> String {
    format!("cap \"{}\"{}", standing.cap, standing.whose)
}

fn finding(standing: &CapStanding, percent: u8) -> Finding {
    let subject = subject(standing);
    Finding {
        key: key(standing, percent),
        window_start_ms: standing.period_start_ms,
        title: format!(
            "Cap \"{}\"{} has reached {percent} %",
            standing.cap, standing.whose
        ),
        message: message(standing),
        page: "budgets",
        group: subject.clone(),
        strength: percent,
        subject,
    }
}

fn message(standing: &CapStanding) -> String {
    let CapStanding {
        limit_nanousd,
        spent_nanousd,
        reserved_nanousd,
        resets_text,
        ..
    } = standing;
    let mut text = format!("{} of {limit_nanousd} is spent", dollars(*spent_nanousd));
    if *reserved_nanousd > NanoUsd::ZERO {
        text.push_str(&format!(
            ", and {} more is held for calls under way",
            dollars(*reserved_nanousd)
        ));
    }
    text.push_str(". ");
    text.push_str(&match standing.refuses_at {
        Some(bound) if *spent_nanousd >= bound => format!(
            "Nothing more is bought under this cap; answers from the cache are still served. It resets {resets_text}; raise the cap to go on sooner."
        ),
        Some(bound) => format!(
            "Calls go on; from {bound} on nothing more is bought under this cap, and answers from the cache are still served. It resets {resets_text}. Look on the Budgets page at what spends, or raise the cap."
        ),
        None => format!(
            "Calls go on: this cap never refuses. It resets {resets_text}. Look on the Budgets page at what spends."
        ),
    });
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{CapStanding, NanoUsd, find};
    use proptest::prelude::*;

    pub(crate) fn standing(spent: i64, limit: i64) -> CapStanding {
        CapStanding {
            cap: "global-daily".into(),
            whose: String::new(),
            limit_nanousd: NanoUsd(limit),
            spent_nanousd: NanoUsd(spent),
            reserved_nanousd: NanoUsd::ZERO,
            refuses_at: Some(NanoUsd(limit)),
            period_start_ms: 0,
            period_end_ms: Some(86_400_000),
            resets_text: "1970-01-02 00:00 UTC".into(),
            notices: vec![80],
        }
    }

    #[test]
    fn the_text_says_how_much_what_still_works_and_what_to_do() {
        let dollar = NanoUsd::PER_USD;
        let mut near = standing(81 * dollar, 100 * dollar);
        near.reserved_nanousd = NanoUsd(dollar / 2);
        let found = find(&near, &[50, 100]);
        assert_eq!(found.iter().map(|one| one.strength).collect::<Vec<_>>(), [50, 80]);
        for part in [
            "$81.00 of $100",
            "$0.50 more",
            "Calls go on",
            "1970-01-02 00:00 UTC",
            "raise the cap",
        ] {
            assert!(found[1].message.contains(part), "{}", found[1].message);
        }
        let full = find(&standing(100 * dollar, 100 * dollar), &[100]);
        assert!(full[1].title.contains("100 %"), "{}", full[1].title);
        assert!(
            full[1].message.contains("Nothing more is bought") && full[1].message.contains("still served"),
            "{}",
            full[1].message
        );
        let mut watched = standing(100, 100);
        watched.refuses_at = None;
        assert!(find(&watched, &[])[0].message.contains("never refuses"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// More spend never takes a finding back, each percentage is told once, and exactly from its share on.
        #[test]
        fn findings_only_grow(
            limit in 1..i64::MAX,
            spent in prop::array::uniform2(0..i64::MAX),
            percents in prop::collection::vec(1..=100_u8, 0..6),
        ) {
            let (less, more) = (spent[0].min(spent[1]), spent[0].max(spent[1]));
            let before = find(&standing(less, limit), &percents);
            let after = find(&standing(more, limit), &percents);
            for one in &before {
                prop_assert!(after.iter().any(|other| other.key == one.key));
                prop_assert!(i128::from(less) * 100 >= i128::from(limit) * i128::from(one.strength));
            }
            let mut keys: Vec<_> = after.iter().map(|one| &one.key).collect();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), after.len());
        }
    }
}
