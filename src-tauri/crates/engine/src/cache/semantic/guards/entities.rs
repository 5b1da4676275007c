//! Names: people, places, products and identifiers, known by their capital letters.

use super::Verdict;
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::{Word, Words};

/// Names on both sides that the other side lacks conflict; one side alone is a hint.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    let one = lacked(difference.one, difference.other);
    let other = lacked(difference.other, difference.one);
    match (one, other) {
        (0, 0) => Verdict::Clear,
        (0, _) | (_, 0) => Verdict::OneSided,
        _ => Verdict::Conflict,
    }
}

/// How many names of one text the other holds in no form, whatever its capitals.
fn lacked(one: &Words, other: &Words) -> usize {
    let held = |name: &Word| {
        let mut words = other.all.iter();
        words.any(|word| word.lower == name.lower || word.stem == name.stem)
    };
    let names = one.all.iter().filter(|word| is_name(word, one));
    names.filter(|name| !held(name)).count()
}

/// A capital inside a sentence marks a name, except in headings and in the pronoun `I`.
fn is_name(word: &Word, text: &Words) -> bool {
    word.capital && !word.opens_sentence && !text.title_case && !word.is_function
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;

    #[test]
    fn different_names_conflict() {
        let said = |one: &str, other: &str| verdicts(one, other).get(Guard::Entities);
        assert_eq!(said("Who leads Acme?", "Who leads Globex?"), Verdict::Conflict);
        assert_eq!(said("Who leads Acme?", "who leads acme"), Verdict::Clear);
        assert_eq!(said("Summarise it", "Summarise it for NASA"), Verdict::OneSided);
        assert_eq!(said("Can I go?", "can i go"), Verdict::Clear);
    }
}
