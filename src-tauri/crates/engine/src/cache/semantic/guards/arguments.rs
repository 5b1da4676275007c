//! Swapped arguments: `from Oslo to Rome` and `from Rome to Oslo` hold the same words and nearly the same vector.

use super::Verdict;
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::Words;

/// Words that give what follows them its part in the sentence.
const RELATIONS: &[&str] = &[
    "from", "to", "into", "onto", "in", "on", "at", "by", "of", "for", "with", "than", "before", "after",
    "over", "under", "above", "below", "between", "against", "versus", "vs", "as", "via", "through",
    "toward", "towards", "using", "instead",
];
/// How far from its relation a governed word may stand, which bridges `from the old city`.
const REACH: usize = 3;

/// A conflict when one relation governs different words, each of which the other question holds elsewhere; a hint when
/// all words agree and only their order does not.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    let (one, other) = (governed(difference.one), governed(difference.other));
    let held = |words: &Words, stem: &str| words.all.iter().any(|word| word.stem == stem);
    for (relation, left) in &one {
        if other.contains(&(*relation, *left)) || !held(difference.other, left) {
            continue;
        }
        let crossed = other.iter().any(|(with, right)| {
            with == relation
                && right != left
                && held(difference.one, right)
                && !one.contains(&(*with, *right))
        });
        if crossed {
            return Verdict::Conflict;
        }
    }
    if difference.same_words() && reordered(difference) {
        Verdict::OneSided
    } else {
        Verdict::Clear
    }
}

/// Each relation with the first content word behind it.
fn governed(words: &Words) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (at, word) in words.all.iter().enumerate() {
        if !RELATIONS.contains(&word.lower.as_str()) {
            continue;
        }
        let behind = words.all[at + 1..].iter().take(REACH);
        // A relation governs nothing beyond the next one.
        let near = behind.take_while(|next| !RELATIONS.contains(&next.lower.as_str()));
        if let Some(next) = near.into_iter().find(|next| !next.is_function) {
            found.push((word.lower.as_str(), next.stem.as_str()));
        }
    }
    found
}

fn reordered(difference: &Difference<'_>) -> bool {
    let order = |words: &'_ Words| -> Vec<String> {
        let content = words.all.iter().filter(|word| !word.is_function);
        content.map(|word| word.stem.clone()).collect()
    };
    order(difference.one) != order(difference.other)
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;

    #[test]
    fn exchanged_places_conflict() {
        let said = |one: &str, other: &str| verdicts(one, other).get(Guard::Arguments);
        assert_eq!(
            said("flights from Oslo to Rome", "flights from Rome to Oslo"),
            Verdict::Conflict
        );
        assert_eq!(
            said(
                "What is 250 inches in kilograms?",
                "What is 250 kilograms in inches?"
            ),
            Verdict::Conflict
        );
        assert_eq!(
            said("Is tea better than coffee?", "Is coffee better than tea?"),
            Verdict::Conflict
        );
        assert_eq!(
            said("the dog bites the man", "the man bites the dog"),
            Verdict::OneSided
        );
        assert_eq!(
            said("flights from Oslo to Rome", "to Rome from Oslo, flights"),
            Verdict::OneSided
        );
        assert_eq!(
            said("Monday flights to Rome", "flights to Rome on Monday"),
            Verdict::OneSided
        );
        assert_eq!(said("flights to Rome", "show me flights to Rome"), Verdict::Clear);
    }
}
