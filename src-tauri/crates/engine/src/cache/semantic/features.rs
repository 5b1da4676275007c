//! What is known of a question and a stored one, as numbers that the learned policy weighs.

use super::difference::Difference;
use super::guards::roles::{out_of_order, roles};
use super::guards::{Guard, Verdict, Verdicts};
use super::words::Words;
use std::collections::HashSet;

/// How many features there are.
pub const COUNT: usize = 31;

/// The features of one pair; the first is always 1.
pub type Features = [f64; COUNT];

/// A feature with what is believed of it before anything was learned.
#[derive(Debug, Clone, Copy)]
pub struct Prior {
    /// Its name, for admins who ask what the policy learned.
    pub name: &'static str,
    /// Weight before any label, in log-odds per unit.
    pub weight: f64,
    /// How many labels' worth of belief stand behind it (the inverse of its variance).
    pub precision: f64,
}

const fn prior(name: &'static str, weight: f64, precision: f64) -> Prior {
    Prior {
        name,
        weight,
        precision,
    }
}

/// Names and priors, in the order of [`Features`]. Only what is true of any traffic stands here: closeness speaks for a
/// pair, conflicts and rivals against it. How much, is learned.
pub const PRIORS: [Prior; COUNT] = [
    prior("bias", 0.0, 1.0),
    prior("similarity", 3.0, 1.0),
    prior("similarity, squared", 0.0, 10.0),
    prior("numbers conflict", -2.5, 1.0),
    prior("calendar conflicts", -2.5, 1.0),
    prior("calendar one-sided", 0.0, 1.0),
    prior("units conflict", -2.5, 1.0),
    prior("units one-sided", 0.0, 1.0),
    prior("negation conflicts", -2.5, 1.0),
    prior("antonyms", -2.5, 1.0),
    prior("entities conflict", -2.5, 1.0),
    prior("entities one-sided", 0.0, 1.0),
    prior("classes conflict", -2.5, 1.0),
    prior("arguments swapped", -2.5, 1.0),
    prior("order differs", 0.0, 1.0),
    prior("shared words", 0.0, 1.0),
    prior("shared letters", 0.0, 1.0),
    prior("words exchanged", 0.0, 1.0),
    prior("words added", 0.0, 1.0),
    prior("words that differ", 0.0, 1.0),
    prior("question word differs", 0.0, 1.0),
    prior("length differs", 0.0, 1.0),
    prior("lead over the next answer", 0.5, 1.0),
    prior("no other answer near", 0.0, 1.0),
    prior("share of the votes", 0.5, 1.0),
    prior("support", 0.25, 1.0),
    prior("nearest answer", 0.0, 1.0),
    prior("support beyond rivals", 0.0, 1.0),
    prior("shared words out of order", 0.0, 1.0),
    prior("roles unclear", 0.0, 1.0),
    prior("roles unclear and reordered", 0.0, 1.0),
];

/// How a candidate stands among its neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Cosine of the angle to the question.
    pub similarity: f32,
    /// Cosine of the best neighbour with another answer; none when all near ones have the same.
    pub rival: Option<f32>,
    /// Cosine of the nearest neighbour of all.
    pub nearest: f32,
    /// Share of the neighbours' votes for this answer, each weighing less the farther it is.
    pub vote_share: f32,
    /// How many near neighbours have this answer, this one included.
    pub support: u32,
    /// How many near neighbours have another answer.
    pub opposition: u32,
}

/// A cosine below this is no neighbour; a missing rival counts as standing here.
pub const FLOOR: f32 = 0.5;

/// Puts a pair into numbers.
#[must_use]
pub fn features(difference: &Difference<'_>, verdicts: &Verdicts, standing: &Standing) -> Features {
    let u = f64::from(standing.similarity - 0.85) * 10.0;
    let conflict = |guard: Guard| flag(verdicts.get(guard) == Verdict::Conflict);
    let hint = |guard: Guard| flag(verdicts.get(guard) == Verdict::OneSided);
    let differing = difference.only_one.len() + difference.only_other.len();
    let rival = standing.rival.unwrap_or(FLOOR);
    let roles = roles(difference);
    let lead = f64::from(standing.similarity - rival) * 10.0;
    [
        1.0,
        u,
        0.5 * u * u.abs(),
        conflict(Guard::Numbers),
        conflict(Guard::Calendar),
        hint(Guard::Calendar),
        conflict(Guard::Units),
        hint(Guard::Units),
        conflict(Guard::Negation),
        conflict(Guard::Antonyms),
        conflict(Guard::Entities),
        hint(Guard::Entities),
        conflict(Guard::Classes),
        conflict(Guard::Arguments),
        hint(Guard::Arguments),
        shared_words(difference),
        shared_letters(difference.one, difference.other),
        conflict(Guard::Substitution),
        hint(Guard::Substitution),
        small(differing, 12) / 8.0,
        flag(question_word(difference.one) != question_word(difference.other)),
        length_difference(difference),
        lead.clamp(-2.0, 4.0),
        flag(standing.rival.is_none()),
        f64::from(standing.vote_share) * 2.0 - 1.0,
        f64::from(standing.support).ln(),
        f64::from(standing.similarity - standing.nearest) * 10.0,
        (f64::from(standing.support) / f64::from(standing.opposition.max(1)))
            .ln()
            .clamp(-2.0, 3.0),
        out_of_order(difference),
        flag(roles.unclear),
        flag(roles.unclear && roles.reordered),
    ]
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// A count as a float, cut off at `most`.
fn small(count: usize, most: u32) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(most).min(most))
}

/// Content words of both over content words of either.
fn shared_words(difference: &Difference<'_>) -> f64 {
    let all = difference.shared + difference.only_one.len() + difference.only_other.len();
    ratio(difference.shared, all)
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        small(part, 100_000) / small(whole, 100_000)
    }
}

/// Letter triples of both over letter triples of either: sees misspellings and forms that stems do not.
fn shared_letters(one: &Words, other: &Words) -> f64 {
    let (one, other) = (triples(one), triples(other));
    let shared = one.intersection(&other).count();
    ratio(shared, one.len() + other.len() - shared)
}

fn triples(words: &Words) -> HashSet<[char; 3]> {
    let mut found = HashSet::new();
    let mut last = [' '; 3];
    for word in &words.all {
        for letter in word.lower.chars().chain([' ']) {
            last = [last[1], last[2], letter];
            found.insert(last);
        }
    }
    found
}

/// What is asked for: `who` and `when` of one sentence are two questions. `can`, `could` and their like ask for a yes.
fn question_word(words: &Words) -> Option<&'static str> {
    const ASKING: [(&str, &str); 20] = [
        ("who", "who"),
        ("whom", "who"),
        ("whose", "who"),
        ("when", "when"),
        ("where", "where"),
        ("why", "why"),
        ("how", "how"),
        ("which", "what"),
        ("what", "what"),
        ("is", "yes"),
        ("are", "yes"),
        ("do", "yes"),
        ("does", "yes"),
        ("did", "yes"),
        ("can", "can"),
        ("could", "can"),
        ("should", "yes"),
        ("will", "yes"),
        ("was", "yes"),
        ("were", "yes"),
    ];
    let mut first = words.all.iter().take(4);
    first.find_map(|word| {
        ASKING
            .iter()
            .find(|(name, _)| *name == word.lower)
            .map(|(_, kind)| *kind)
    })
}

fn length_difference(difference: &Difference<'_>) -> f64 {
    let (one, other) = (difference.one.all.len(), difference.other.all.len());
    1.0 - ratio(one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;
    use proptest::prelude::*;

    fn of(one: &str, other: &str, similarity: f32) -> Features {
        let (one, other) = (words(one), words(other));
        let difference = Difference::between(&one, &other);
        let standing = Standing {
            similarity,
            rival: None,
            nearest: similarity,
            vote_share: 1.0,
            support: 1,
            opposition: 0,
        };
        features(&difference, &Verdicts::of(&difference), &standing)
    }

    #[test]
    fn a_pair_of_equals_has_no_objections() {
        let equal = of("sort this list", "sort this list", 1.0);
        for (value, prior) in equal.iter().zip(PRIORS) {
            assert!(
                !prior.name.contains("conflict") || *value == 0.0,
                "{}",
                prior.name
            );
        }
        assert_eq!(equal[15], 1.0);
    }

    #[test]
    fn the_prior_prefers_the_nearer_and_the_unopposed() {
        let score = |features: &Features| -> f64 {
            features
                .iter()
                .zip(PRIORS)
                .map(|(x, prior)| x * prior.weight)
                .sum()
        };
        let near = score(&of("sort this list", "please sort this list", 0.97));
        assert!(near > score(&of("sort this list", "please sort this list", 0.80)));
        assert!(near > score(&of("sort 3 lists", "sort 4 lists", 0.97)));
    }

    proptest! {
        #[test]
        fn features_are_finite_for_any_text(one in "\\PC{0,60}", other in "\\PC{0,60}", similarity in -1.0f32..1.0) {
            prop_assert!(of(&one, &other, similarity).iter().all(|x| x.is_finite() && x.abs() < 500.0));
        }
    }
}
