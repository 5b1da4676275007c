//! Where two questions differ, word by word: what guards and features look at.

use super::words::{Word, Words};
use std::collections::HashMap;

/// Two questions and the words that only one of them holds.
#[derive(Debug)]
pub struct Difference<'a> {
    pub one: &'a Words,
    pub other: &'a Words,
    /// Words of `one` whose stem `other` does not hold (as often), function words left out.
    pub only_one: Vec<&'a Word>,
    /// The same of `other`.
    pub only_other: Vec<&'a Word>,
    /// Content words that both hold.
    pub shared: usize,
}

impl<'a> Difference<'a> {
    /// Compares two texts.
    #[must_use]
    pub fn between(one: &'a Words, other: &'a Words) -> Difference<'a> {
        let (only_one, shared) = missing(one, other);
        let (only_other, _) = missing(other, one);
        Difference {
            one,
            other,
            only_one,
            only_other,
            shared,
        }
    }

    /// True when every content word of each is in the other.
    #[must_use]
    pub fn same_words(&self) -> bool {
        self.only_one.is_empty() && self.only_other.is_empty()
    }
}

/// Content words of `one` that `other` holds less often, and how many it holds as often.
fn missing<'a>(one: &'a Words, other: &'a Words) -> (Vec<&'a Word>, usize) {
    let mut there: HashMap<&str, usize> = HashMap::with_capacity(other.all.len());
    for word in &other.all {
        *there.entry(word.stem.as_str()).or_default() += 1;
    }
    let mut shared = 0;
    let mut missing = Vec::new();
    for word in one.all.iter().filter(|word| !word.is_function) {
        match there.get_mut(word.stem.as_str()) {
            Some(left) if *left > 0 => {
                *left -= 1;
                shared += 1;
            }
            _ => missing.push(word),
        }
    }
    (missing, shared)
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn it_names_the_words_of_each_side() {
        let (one, other) = (
            words("Book a flight to Paris"),
            words("Please book flights to Rome"),
        );
        let difference = Difference::between(&one, &other);
        let names = |words: &[&Word]| words.iter().map(|word| word.lower.clone()).collect::<Vec<_>>();
        assert_eq!(names(&difference.only_one), ["paris"]);
        assert_eq!(names(&difference.only_other), ["rome"]);
        assert_eq!(difference.shared, 2);
    }

    #[test]
    fn politeness_makes_no_difference() {
        let (one, other) = (
            words("Hi, could you please sort this list?"),
            words("Sort this list"),
        );
        assert!(Difference::between(&one, &other).same_words());
    }
}
