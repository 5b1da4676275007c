//! Guards: small pure functions that see a difference which the distance between two vectors does not.
//!
//! Each looks at one kind of difference between two questions and has its table beside it. A guard never says that two
//! questions mean the same; it only objects.

pub mod antonyms;
pub mod arguments;
pub mod calendar;
pub mod classes;
pub mod entities;
pub mod negation;
pub mod numbers;
mod opposites;
pub mod roles;
pub mod substitution;
pub mod units;

use super::difference::Difference;
use super::words::{Words, words};

/// What a guard says of two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verdict {
    /// It sees nothing.
    #[default]
    Clear,
    /// One question says something of this kind where the other says nothing: a hint, not a proof.
    OneSided,
    /// The questions say different things of this kind, so their answers differ.
    Conflict,
}

/// The guards, in the order in which a trace lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    Numbers,
    Calendar,
    Units,
    Negation,
    Antonyms,
    Entities,
    Classes,
    Arguments,
    Substitution,
}

impl Guard {
    /// All of them.
    pub const ALL: [Guard; 9] = [
        Guard::Numbers,
        Guard::Calendar,
        Guard::Units,
        Guard::Negation,
        Guard::Antonyms,
        Guard::Entities,
        Guard::Classes,
        Guard::Arguments,
        Guard::Substitution,
    ];

    /// Its name in traces and on the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Guard::Numbers => "numbers",
            Guard::Calendar => "calendar",
            Guard::Units => "units",
            Guard::Negation => "negation",
            Guard::Antonyms => "antonyms",
            Guard::Entities => "entities",
            Guard::Classes => "classes",
            Guard::Arguments => "arguments",
            Guard::Substitution => "substitution",
        }
    }
}

/// How much an objection has to weigh to forbid a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Any conflict forbids.
    #[default]
    Normal,
    /// One-sided hints forbid too, and so does any exchanged word that no table knows.
    Strict,
}

/// What every guard said of two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdicts([Verdict; Guard::ALL.len()]);

impl Verdicts {
    /// Asks all guards.
    #[must_use]
    pub fn of(difference: &Difference<'_>) -> Verdicts {
        Verdicts(Guard::ALL.map(|guard| match guard {
            Guard::Numbers => numbers::compare(difference),
            Guard::Calendar => calendar::compare(difference),
            Guard::Units => units::compare(difference),
            Guard::Negation => negation::compare(difference),
            Guard::Antonyms => antonyms::compare(difference),
            Guard::Entities => entities::compare(difference),
            Guard::Classes => classes::compare(difference),
            Guard::Arguments => arguments::compare(difference),
            Guard::Substitution => substitution::compare(difference),
        }))
    }

    /// What one guard said.
    #[must_use]
    pub fn get(&self, guard: Guard) -> Verdict {
        self.0[guard as usize]
    }

    /// Guards that objected, with their verdicts.
    pub fn objections(&self) -> impl Iterator<Item = (Guard, Verdict)> + '_ {
        let said = Guard::ALL.into_iter().zip(self.0);
        said.filter(|(_, verdict)| *verdict != Verdict::Clear)
    }

    /// The first guard that forbids a hit at this level; none if all let it pass.
    #[must_use]
    pub fn veto(&self, level: Level) -> Option<Guard> {
        let forbids = |(guard, verdict): &(Guard, Verdict)| match (guard, level) {
            // An exchanged word may well be a synonym: only the strict level takes it for an objection.
            (Guard::Substitution, Level::Normal) => false,
            // Words in another order, or more of them, are usual among questions that mean the same.
            (Guard::Substitution | Guard::Arguments, Level::Strict) | (_, Level::Normal) => {
                *verdict == Verdict::Conflict
            }
            (_, Level::Strict) => *verdict != Verdict::Clear,
        };
        self.objections().find(forbids).map(|(guard, _)| guard)
    }
}

/// What all guards say of two texts.
#[must_use]
pub fn verdicts(one: &str, other: &str) -> Verdicts {
    let (one, other): (Words, Words) = (words(one), words(other));
    Verdicts::of(&Difference::between(&one, &other))
}

/// Compares what two questions say of one kind, each given as a sorted list without repetition.
pub(crate) fn compare_sets<T: Ord>(one: &[T], other: &[T]) -> Verdict {
    let only_one = one.iter().any(|item| !other.contains(item));
    let only_other = other.iter().any(|item| !one.contains(item));
    match (only_one, only_other) {
        (true, true) => Verdict::Conflict,
        (false, false) => Verdict::Clear,
        _ => Verdict::OneSided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_question_passes_every_guard_at_every_level() {
        for text in [
            "Convert 12 km to miles on Monday, not Sunday",
            "",
            "how do i reset my pin?",
        ] {
            assert_eq!(verdicts(text, text).veto(Level::Strict), None, "{text}");
        }
    }

    #[test]
    fn the_strict_level_forbids_more_and_never_less() {
        let scope = verdicts("Summarise the report", "Summarise the report for Berlin");
        assert_eq!(scope.veto(Level::Normal), None);
        assert_eq!(scope.veto(Level::Strict), Some(Guard::Entities));
    }

    #[test]
    fn tables_are_indexed_in_their_own_order() {
        for (position, guard) in Guard::ALL.into_iter().enumerate() {
            assert_eq!(guard as usize, position, "{}", guard.name());
        }
    }

    proptest! {
        #[test]
        fn guards_are_symmetric_and_never_fail(one in "\\PC{0,40}", other in "\\PC{0,40}") {
            prop_assert_eq!(verdicts(&one, &other), verdicts(&other, &one));
        }

        #[test]
        fn a_text_never_conflicts_with_itself(text in "[a-zA-Z0-9 ,.'-]{0,60}") {
            prop_assert_eq!(verdicts(&text, &text), Verdicts::default());
        }
    }
}
