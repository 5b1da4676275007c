//! Do two answers say the same? By value where they have one, by similarity where they are free text, and unknown between.

use super::guards::{Level, verdicts};
use crate::{
    cache::canonical::write_canonical,
    request::{Answer, Part},
};
use serde_json::Value;

/// Up to this many words an answer is a class, a name or a number, and is compared as one.
const SHORT_WORDS: usize = 6;
/// Free text at least this similar says the same, unless a guard objects.
const SAME_SIMILARITY: f32 = 0.9;
/// Free text at most this similar says something else.
const DIFFERENT_SIMILARITY: f32 = 0.6;
/// Letters of an answer's beginning and end that are compared: what a small embedding model reads at once.
const PIECE_LETTERS: usize = 700;

/// The text of an answer; none where it holds anything else, such as a tool's call.
#[must_use]
pub fn text_of(answer: &Answer) -> Option<String> {
    let mut text = String::new();
    for part in &answer.parts {
        match part {
            Part::Text { text: more } => text.push_str(more),
            Part::Reasoning { .. } => {}
            _ => return None,
        }
    }
    Some(text)
}

/// Compares values: JSON as JSON, short answers as classes or numbers. None for free text.
#[must_use]
pub fn by_value(one: &str, other: &str) -> Option<bool> {
    let (one, other) = (one.trim(), other.trim());
    if one == other {
        return Some(true);
    }
    match (structured(one), structured(other)) {
        (Some(one), Some(other)) => return Some(one == other),
        (Some(_), None) | (None, Some(_)) => return Some(false),
        (None, None) => {}
    }
    let (plain_one, plain_other) = (plain(one), plain(other));
    if plain_one == plain_other {
        return Some(true);
    }
    let is_short = |words: &[String]| words.len() <= SHORT_WORDS;
    if is_short(&plain_one) && is_short(&plain_other) {
        return Some(number(one).is_some() && number(one) == number(other));
    }
    None
}

/// What the similarities of beginnings and of ends say of two free texts.
#[must_use]
pub fn by_similarity(one: &str, other: &str, similarities: &[f32]) -> Option<bool> {
    if similarities.is_empty() {
        return None;
    }
    if similarities.iter().any(|cosine| *cosine <= DIFFERENT_SIMILARITY) {
        return Some(false);
    }
    let alike = similarities.iter().all(|cosine| *cosine >= SAME_SIMILARITY);
    (alike && verdicts(one, other).veto(Level::Normal).is_none()).then_some(true)
}

/// The pieces of an answer that are embedded: all of a short one, beginning and end of a long one.
#[must_use]
pub fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.trim().chars().collect();
    if letters.len() <= PIECE_LETTERS {
        return vec![letters.into_iter().collect()];
    }
    let end = letters.len() - PIECE_LETTERS;
    vec![
        letters[..PIECE_LETTERS].iter().collect(),
        letters[end..].iter().collect(),
    ]
}

/// An object or a list in canonical form; Markdown's fences around it do not matter.
fn structured(text: &str) -> Option<Vec<u8>> {
    let inner = text
        .strip_prefix("```json")
        .or_else(|| text.strip_prefix("```"))
        .and_then(|rest| rest.strip_suffix("```"))
        .unwrap_or(text);
    let value: Value = serde_json::from_str(inner.trim()).ok()?;
    if !(value.is_object() || value.is_array()) {
        return None;
    }
    let mut canonical = Vec::new();
    write_canonical(&value, &mut canonical);
    Some(canonical)
}

fn plain(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The text as a number, written with or without separators of thousands. Kept as text, so that 0.1 is 0.1.
fn number(text: &str) -> Option<String> {
    let digits = text.trim().trim_end_matches('.').replace(',', "");
    let is_number = !digits.is_empty() && digits.parse::<f64>().is_ok_and(f64::is_finite);
    let has_point = digits.contains('.') && !digits.contains(['e', 'E']);
    is_number.then(|| {
        if has_point {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            digits
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_values() {
        for (one, other, same) in [
            (r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#, Some(true)),
            ("```json\n{\"a\": 1}\n```", r#"{"a":1}"#, Some(true)),
            (r#"{"a": 1}"#, r#"{"a": 2}"#, Some(false)),
            (r#"{"a": 1}"#, "It is one.", Some(false)),
            ("Positive", "positive.", Some(true)),
            ("positive", "negative", Some(false)),
            ("1,000", "1000.", Some(true)),
            ("12.50", "12.5", Some(true)),
            ("12", "13", Some(false)),
        ] {
            assert_eq!(by_value(one, other), same, "{one} and {other}");
        }
        let long = "The capital of France is Paris, on the river Seine.";
        assert_eq!(
            by_value(long, "Paris is France's capital, and it lies on the Seine."),
            None
        );
    }

    #[test]
    fn between_alike_and_unlike_nobody_knows() {
        assert_eq!(
            by_similarity("a long text", "a long text too", &[0.95]),
            Some(true)
        );
        assert_eq!(by_similarity("it has 12 rooms", "it has 13 rooms", &[0.99]), None);
        assert_eq!(by_similarity("a", "b", &[0.75]), None);
        assert_eq!(by_similarity("a", "b", &[0.95, 0.5]), Some(false));
        assert_eq!(by_similarity("a", "b", &[]), None);
    }

    #[test]
    fn long_answers_are_compared_at_both_ends() {
        let text = format!("{}{}", "a".repeat(900), "b".repeat(900));
        let pieces = pieces(&text);
        assert_eq!(pieces.len(), 2);
        assert!(pieces[0].starts_with('a') && pieces[1].ends_with('b'));
    }
}
