//! Antonyms: one word exchanged for its opposite asks the opposite.

use super::Verdict;
use super::opposites::PAIRS;
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::{Word, Words, stem};
use std::collections::HashSet;
use std::sync::LazyLock;

static BY_STEM: LazyLock<HashSet<(String, String)>> = LazyLock::new(|| {
    let both = PAIRS
        .iter()
        .flat_map(|(one, other)| [(*one, *other), (*other, *one)]);
    both.map(|(one, other)| (stem(one), stem(other))).collect()
});

/// A conflict when a word of one question stands against its opposite in the other.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    let (one, other) = (
        lacked(difference.one, difference.other),
        lacked(difference.other, difference.one),
    );
    let others: Vec<String> = other.iter().flat_map(|word| stems(word)).collect();
    let opposite = |stem: String| {
        let mut others = others.iter();
        others.any(|against| BY_STEM.contains(&(stem.clone(), against.clone())))
    };
    if one.iter().flat_map(|word| stems(word)).any(opposite) {
        Verdict::Conflict
    } else {
        Verdict::Clear
    }
}

/// The word's stem, and that of the quality whose superlative it may be: `cheapest`, `earliest`, `biggest`. What is no
/// superlative, like `request`, gives a stem that no table holds.
fn stems(word: &Word) -> impl Iterator<Item = String> {
    let quality = word.stem.strip_suffix("est").filter(|root| root.len() >= 3);
    let quality = quality.map(|root| match root.as_bytes() {
        [.., one, other] if one == other && !matches!(other, b'l' | b's') => {
            root[..root.len() - 1].to_owned()
        }
        _ => stem(root),
    });
    std::iter::once(word.stem.clone()).chain(quality)
}

/// Words of `one` that `other` lacks. Function words count here: `up` and `with` have opposites.
fn lacked<'a>(one: &'a Words, other: &Words) -> Vec<&'a Word> {
    let there = |word: &&Word| !other.all.iter().any(|held| held.stem == word.stem);
    one.all.iter().filter(there).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;

    #[test]
    fn opposites_conflict() {
        let said = |one: &str, other: &str| verdicts(one, other).get(Guard::Antonyms);
        assert_eq!(
            said("how to increase the limit", "how to decrease the limit"),
            Verdict::Conflict
        );
        assert_eq!(said("sort ascending", "sort descending"), Verdict::Conflict);
        assert_eq!(said("turn it up", "turn it down"), Verdict::Conflict);
        assert_eq!(said("the cheapest flight", "the cheap flight"), Verdict::Clear);
        for (one, other) in [
            ("the cheapest hotels in Oslo", "the most expensive hotels in Oslo"),
            ("the biggest file", "the smallest file"),
            ("the earliest train", "the latest train"),
            ("the largest room", "the smallest room"),
        ] {
            assert_eq!(said(one, other), Verdict::Conflict, "{one}");
        }
        assert_eq!(
            said("a request for a test", "a test of a request"),
            Verdict::Clear
        );
        assert_eq!(said("before and after", "after and before"), Verdict::Clear);
    }

    #[test]
    fn no_word_is_its_own_opposite() {
        for (one, other) in PAIRS {
            assert_ne!(stem(one), stem(other), "{one} and {other}");
        }
    }
}
