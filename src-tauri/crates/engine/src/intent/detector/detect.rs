//! Finding the intent of one text: what matched counts for a rule or against it, and the best rule wins.

use super::{Clue, Detection, IntentDetector};
use crate::intent::{GENERAL, wording};
use std::collections::BTreeMap;

/// An intent with less is not chosen.
const LEAST_SCORE: u32 = 3;
/// Within this many bytes of either end a match counts in full: instructions stand there. In between lies
/// pasted material, whose words are mostly not the request.
const EDGE_BYTES: usize = 500;
const MIDDLE_DIVISOR: u32 = 4;

#[derive(Clone, Default)]
struct Tally<'d> {
    score: u32,
    against: u32,
    clues: Vec<&'d str>,
}

impl IntentDetector {
    /// Finds the intent of the last user message. Looks at its first 16 kB and last 4 kB.
    #[must_use]
    pub fn detect(&self, text: &str) -> Detection {
        let text = wording::normalise(text);
        let mut tallies = vec![Tally::default(); self.rules.len()];
        self.count_phrases(&text, &mut tallies);
        self.count_patterns(&text, &mut tallies);
        self.verdict(&text, &tallies)
    }

    fn count_phrases<'d>(&'d self, text: &str, tallies: &mut [Tally<'d>]) {
        let mut best: BTreeMap<usize, u32> = BTreeMap::new();
        for found in self.phrases.find_overlapping_iter(text) {
            if wording::is_whole_word(text, found.start(), found.end()) {
                let id = found.pattern().as_usize();
                let weight = weight_at(self.phrase_clues[id].weight, found.start(), text.len());
                let entry = best.entry(id).or_default();
                *entry = weight.max(*entry);
            }
        }
        for (id, weight) in best {
            self.phrase_clues[id].count(weight, tallies);
        }
    }

    fn count_patterns<'d>(&'d self, text: &str, tallies: &mut [Tally<'d>]) {
        let tail = text.ceil_char_boundary(text.len().saturating_sub(EDGE_BYTES));
        for id in self.set.matches(text) {
            let (clue, regex) = &self.pattern_clues[id];
            let first = regex.find(text).map_or(0, |found| found.start());
            let at_edge = first <= EDGE_BYTES || first >= tail || regex.find_at(text, tail).is_some();
            let weight = if at_edge {
                clue.weight
            } else {
                clue.weight / MIDDLE_DIVISOR
            };
            clue.count(weight, tallies);
        }
    }

    fn verdict(&self, text: &str, tallies: &[Tally<'_>]) -> Detection {
        let net = |index: usize| tallies[index].score.saturating_sub(tallies[index].against);
        let mut order: Vec<usize> = (0..tallies.len()).filter(|index| net(*index) > 0).collect();
        order.sort_by_key(|index| (std::cmp::Reverse(net(*index)), *index));
        let named = |index: &usize| format!("{} with {}", self.rules[*index].name, net(*index));
        let Some(best) = order.first().copied().filter(|index| net(*index) >= LEAST_SCORE) else {
            let nearest = order
                .first()
                .map(|index| format!("; nearest: {}", named(index)))
                .unwrap_or_default();
            let why = format!("No intent reached a score of {LEAST_SCORE}{nearest}.");
            return Detection {
                intent: GENERAL.into(),
                score: 0,
                why,
                entities: BTreeMap::new(),
            };
        };
        let second = order.get(1).map_or_else(
            || "no runner-up".into(),
            |index| format!("runner-up {}", named(index)),
        );
        let clues = tallies[best]
            .clues
            .iter()
            .take(4)
            .copied()
            .collect::<Vec<_>>()
            .join(" and ");
        Detection {
            intent: self.rules[best].name.clone(),
            score: net(best),
            why: format!("Matched {clues}, score {}; {second}.", net(best)),
            entities: self.entities[best].find(text).values,
        }
    }
}

impl Clue {
    fn count<'d>(&'d self, weight: u32, tallies: &mut [Tally<'d>]) {
        let tally = &mut tallies[self.rule];
        if self.against {
            tally.against = tally.against.saturating_add(weight);
        } else if weight > 0 {
            tally.score = tally.score.saturating_add(weight);
            tally.clues.push(&self.shown);
        }
    }
}

fn weight_at(weight: u32, start: usize, length: usize) -> u32 {
    let at_edge = start <= EDGE_BYTES || start + EDGE_BYTES >= length;
    if at_edge { weight } else { weight / MIDDLE_DIVISOR }
}
