//! Roles: two names of one kind in both questions, whose parts in the sentence may have been exchanged.
//!
//! `the French version of this German text` and `from French to German` hold the same two languages in the same order
//! and ask opposite things. No table can tell; that it cannot be told is worth knowing all the same.

use super::classes::class_of;
use super::units::unit_of;
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::{Word, Words};

/// What can be said of the roles of names that both questions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    /// Two names of one kind stand in both, and the words before them differ.
    pub unclear: bool,
    /// They stand in another order.
    pub reordered: bool,
}

/// What kind of thing a word names; words of one kind could stand in each other's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Class(usize),
    Unit,
    Number,
    Name,
}

/// Looks at the names that both questions hold.
#[must_use]
pub fn roles(difference: &Difference<'_>) -> Roles {
    let (one, other) = (placed(difference.one), placed(difference.other));
    let mut found = Roles::default();
    for (at, first) in one.iter().enumerate() {
        for second in one
            .iter()
            .skip(at + 1)
            .filter(|second| second.kind == first.kind && second.stem != first.stem)
        {
            let there = |wanted: &Placed<'_>| other.iter().position(|held| held.stem == wanted.stem);
            let (Some(first_there), Some(second_there)) = (there(first), there(second)) else {
                continue;
            };
            let differs =
                first.before != other[first_there].before || second.before != other[second_there].before;
            found.unclear |= differs;
            found.reordered |= second_there < first_there;
        }
    }
    found
}

/// Share of the words in both questions whose order differs, taken pair by pair.
#[must_use]
pub fn out_of_order(difference: &Difference<'_>) -> f64 {
    let content = |words: &Words| -> Vec<String> {
        let content = words.all.iter().filter(|word| !word.is_function);
        content.map(|word| word.stem.clone()).take(MOST_WORDS).collect()
    };
    let other = content(difference.other);
    let mut places = Vec::new();
    for stem in content(difference.one) {
        if let Some(place) = other.iter().position(|held| *held == stem)
            && !places.contains(&place)
        {
            places.push(place);
        }
    }
    let (mut pairs, mut turned) = (0.0, 0.0);
    for (at, first) in places.iter().enumerate() {
        for second in &places[at + 1..] {
            pairs += 1.0;
            turned += if second < first { 1.0 } else { 0.0 };
        }
    }
    if pairs == 0.0 { 0.0 } else { turned / pairs }
}

/// Pairs grow with the square, so a long text is compared by its beginning.
const MOST_WORDS: usize = 48;

struct Placed<'a> {
    stem: &'a str,
    kind: Kind,
    /// The word before it, which mostly tells its role.
    before: &'a str,
}

fn placed(words: &Words) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    for (at, word) in words.all.iter().enumerate().take(MOST_WORDS * 2) {
        if let Some(kind) = kind(word, words) {
            let before = at.checked_sub(1).and_then(|at| words.all.get(at));
            found.push(Placed {
                stem: &word.stem,
                kind,
                before: before.map_or("", |before| before.lower.as_str()),
            });
        }
    }
    found
}

fn kind(word: &Word, text: &Words) -> Option<Kind> {
    if let Some(class) = class_of(&word.stem) {
        return Some(Kind::Class(class));
    }
    if unit_of(&word.lower).is_some() {
        return Some(Kind::Unit);
    }
    if word.has_digit() {
        return Some(Kind::Number);
    }
    let is_name = word.capital && !word.opens_sentence && !text.title_case && !word.is_function;
    is_name.then_some(Kind::Name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::semantic::words::words;

    fn of(one: &str, other: &str) -> Roles {
        let (one, other) = (words(one), words(other));
        roles(&Difference::between(&one, &other))
    }

    #[test]
    fn two_names_in_other_frames_have_unclear_roles() {
        let said = of(
            "translate it from french to german",
            "the french version of this german text",
        );
        assert_eq!((said.unclear, said.reordered), (true, false));
        let said = of("flights from Oslo to Rome", "to Rome from Oslo, flights");
        assert_eq!((said.unclear, said.reordered), (false, true));
        assert_eq!(
            of("flights from Oslo to Rome", "show flights from Oslo to Rome"),
            Roles::default()
        );
    }

    #[test]
    fn order_is_measured_by_pairs() {
        let (one, other) = (words("dog bites man"), words("man bites dog"));
        assert_eq!(out_of_order(&Difference::between(&one, &other)), 1.0);
        assert_eq!(out_of_order(&Difference::between(&one, &one)), 0.0);
    }
}
