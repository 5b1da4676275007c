//! Which stored entries have the same answer, learned pair by pair from labels that may be wrong.
//!
//! An entry belongs to the answer that it was found equal to when it was stored. Two answers become one only when
//! several questions were found equal to both and hardly any to one alone, so that one wrong label merges nothing.

use super::bounded::Bounded;
use std::collections::HashMap;

/// Equal findings that two answers need before they are taken for one.
const LEAST_EQUAL: u32 = 2;
/// How many times more often they must have been found equal than different.
const OUTWEIGHS: u32 = 4;

/// The answers of one group of namespaces.
#[derive(Debug, Clone)]
pub struct Answers {
    of_entry: Bounded<u64, u64>,
    merged_into: HashMap<u64, u64>,
    /// For two answers, the smaller first: how often found equal, how often different.
    evidence: Bounded<(u64, u64), (u32, u32)>,
}

/// Entries whose answer is known to be that of another; one that is forgotten has an answer of its own again.
const MOST_ENTRIES: usize = 1 << 20;
/// Pairs of answers that may turn out to be one.
const MOST_PAIRS: usize = 100_000;

impl Default for Answers {
    fn default() -> Answers {
        Answers {
            of_entry: Bounded::new(MOST_ENTRIES),
            merged_into: HashMap::new(),
            evidence: Bounded::new(MOST_PAIRS),
        }
    }
}

impl Answers {
    /// The answer of an entry; its own if nothing is known.
    #[must_use]
    pub fn of(&self, entry: u64) -> u64 {
        self.root(self.of_entry.get(&entry).copied().unwrap_or(entry))
    }

    /// Stores a new entry whose fresh answer was compared with those of other answers.
    pub fn store(&mut self, entry: u64, equal: &[u64], different: &[u64]) {
        if let Some(first) = equal.first() {
            self.of_entry.insert(entry, self.root(*first));
        }
        for (at, one) in equal.iter().enumerate() {
            for other in &equal[at + 1..] {
                self.found(*one, *other, true);
            }
            for other in different {
                self.found(*one, *other, false);
            }
        }
    }

    /// Takes over what the store says: this entry has the answer of that one.
    pub fn restore(&mut self, entry: u64, answer: u64) {
        if entry != answer {
            self.of_entry.insert(entry, answer);
        }
    }

    /// Forgets an entry that is no longer stored.
    pub fn forget(&mut self, entry: u64) {
        self.of_entry.remove(&entry);
    }

    fn found(&mut self, one: u64, other: u64, equal: bool) {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return;
        }
        let pair = (one.min(other), one.max(other));
        let (equals, differents) = self.evidence.get_or_insert_with(pair, || (0, 0));
        if equal {
            *equals += 1;
        } else {
            *differents += 1;
        }
        if *equals >= LEAST_EQUAL && *equals > OUTWEIGHS * *differents {
            self.evidence.remove(&pair);
            self.merged_into.insert(pair.1, pair.0);
        }
    }

    fn root(&self, mut answer: u64) -> u64 {
        // Merges always lead to a smaller number, so this ends.
        while let Some(next) = self.merged_into.get(&answer) {
            answer = *next;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_the_answer_that_it_was_found_equal_to() {
        let mut answers = Answers::default();
        answers.store(1, &[], &[]);
        answers.store(2, &[1], &[]);
        answers.store(3, &[], &[1]);
        assert_eq!((answers.of(1), answers.of(2), answers.of(3)), (1, 1, 3));
    }

    #[test]
    fn one_wrong_label_merges_nothing() {
        let mut answers = Answers::default();
        answers.store(3, &[1, 2], &[]);
        assert_ne!(answers.of(1), answers.of(2));
        answers.store(4, &[1, 2], &[]);
        assert_eq!(answers.of(1), answers.of(2));
        let mut contested = Answers::default();
        for entry in 10..20 {
            contested.store(
                entry,
                if entry % 2 == 0 { &[1, 2] } else { &[1] },
                if entry % 2 == 0 { &[] } else { &[2] },
            );
        }
        assert_ne!(contested.of(1), contested.of(2));
    }
}
