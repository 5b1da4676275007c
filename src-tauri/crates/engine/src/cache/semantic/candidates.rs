//! From nearest neighbours to candidates: the best one of each answer, and how each stands among the others.

use super::difference::Difference;
use super::features::{FLOOR, Features, Standing, features};
use super::guards::Verdicts;
use super::words::Words;

/// How many neighbours the index is asked for.
pub const NEIGHBOURS: usize = 24;
/// How many answers are weighed against each other.
pub const ANSWERS: usize = 3;
/// Neighbours farther behind the nearest than this have no say.
const NEAR: f32 = 0.2;
/// How quickly a vote fades with the distance behind the nearest: a tenth of a cosine leaves about a quarter.
const FADE: f32 = 14.0;

/// A stored question near the one asked.
#[derive(Debug, Clone, Copy)]
pub struct Neighbour {
    /// The stored entry.
    pub entry: u64,
    /// Entries known to have the same answer share this number.
    pub answer: u64,
    pub similarity: f32,
}

/// A stored answer that might do, by the nearest question it was given to.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub entry: u64,
    pub answer: u64,
    pub similarity: f32,
    pub verdicts: Verdicts,
    pub features: Features,
    /// The words that make the difference, as marks under which the policy learns how much each matters.
    pub differing: Vec<u64>,
}

/// The best neighbour of each of the nearest answers, nearest first. `neighbours` come nearest first; `text` gives the
/// question of a stored entry, and an entry that has gone meanwhile is left out.
#[must_use]
pub fn candidates(
    asked: &Words,
    neighbours: &[Neighbour],
    text: impl Fn(u64) -> Option<Words>,
) -> Vec<Candidate> {
    let Some(nearest) = neighbours.first().map(|first| first.similarity) else {
        return Vec::new();
    };
    let near: Vec<_> = neighbours
        .iter()
        .filter(|neighbour| neighbour.similarity >= FLOOR && neighbour.similarity >= nearest - NEAR)
        .collect();
    let mut best: Vec<&Neighbour> = Vec::new();
    for neighbour in &near {
        if best.len() < ANSWERS && !best.iter().any(|taken| taken.answer == neighbour.answer) {
            best.push(neighbour);
        }
    }
    let candidate = |neighbour: &&Neighbour| {
        let stored = text(neighbour.entry)?;
        let difference = Difference::between(asked, &stored);
        let verdicts = Verdicts::of(&difference);
        let standing = standing(neighbour, &near, nearest);
        Some(Candidate {
            entry: neighbour.entry,
            answer: neighbour.answer,
            similarity: neighbour.similarity,
            features: features(&difference, &verdicts, &standing),
            verdicts,
            differing: differing(&difference),
        })
    };
    best.iter().filter_map(candidate).collect()
}

/// Beyond this many differing words a text is worded anew, and no single word matters.
const MOST_DIFFERING: usize = 6;

/// The differing words as numbers: FNV-1a over the stem. A collision only makes two words share what is learned of them.
fn differing(difference: &Difference<'_>) -> Vec<u64> {
    let words = difference.only_one.iter().chain(&difference.only_other);
    let mark = |stem: &str| {
        stem.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |mark, byte| {
            (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let mut marks: Vec<u64> = words.map(|word| mark(&word.stem)).collect();
    marks.sort_unstable();
    marks.dedup();
    if marks.len() > MOST_DIFFERING {
        Vec::new()
    } else {
        marks
    }
}

fn standing(of: &Neighbour, near: &[&Neighbour], nearest: f32) -> Standing {
    let vote = |neighbour: &Neighbour| ((neighbour.similarity - nearest) * FADE).exp();
    let (mut ours, mut all, mut support, mut opposition) = (0.0, 0.0, 0, 0);
    let mut rival: Option<f32> = None;
    for neighbour in near {
        all += vote(neighbour);
        if neighbour.answer == of.answer {
            ours += vote(neighbour);
            support += 1;
        } else {
            opposition += 1;
            rival = rival.or(Some(neighbour.similarity));
        }
    }
    Standing {
        similarity: of.similarity,
        rival,
        nearest,
        vote_share: ours / all,
        support,
        opposition,
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn each_answer_stands_once_and_by_its_nearest_question() {
        let text = words("sort a list");
        let of = |entry, answer, similarity| Neighbour {
            entry,
            answer,
            similarity,
        };
        let near = [
            of(1, 7, 0.95),
            of(2, 7, 0.93),
            of(3, 8, 0.9),
            of(4, 9, 0.6),
            of(5, 9, 0.3),
        ];
        let found = candidates(&text, &near, |_| Some(text.clone()));
        assert_eq!(
            found
                .iter()
                .map(|one| (one.entry, one.answer))
                .collect::<Vec<_>>(),
            [(1, 7), (3, 8)]
        );
        assert!(
            found[0].features[24] > found[1].features[24],
            "two near votes against one farther"
        );
        assert!(candidates(&text, &[], |_| None).is_empty());
    }
}
