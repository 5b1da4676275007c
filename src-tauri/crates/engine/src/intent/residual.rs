//! The guard of intent keys: a text may only use one when everything it says stands in the key.
//!
//! "Create a base plan for buying a car" may share an answer with "please make a base plan for buying a
//! car", but not with "… a car for under 5000 euros by Friday". So what the named groups did not capture
//! must be a closed list of words that ask, greet or thank, or the literal words of the entity expression
//! itself. Phrases and patterns cover nothing: a wildcard in them could swallow the difference.

use super::entity::Found;

/// A keyed text is a short request; a long one always says more than its entities.
const LONGEST_KEYED_BYTES: usize = 400;

/// Words that ask without changing what is asked for.
const NEUTRAL: &[&str] = &[
    "a", "an", "the", "please", "pls", "kindly", "can", "could", "would", "will", "you", "u", "i", "i'd",
    "i'm", "me", "we", "us", "need", "want", "like", "to", "have", "get", "give", "create", "make", "write",
    "generate", "produce", "prepare", "show", "provide", "help", "with", "hi", "hello", "hey", "thanks",
    "thank", "and", "for", "of",
];

/// Words that point outside the text (the conversation, an attachment, today), so a key holding them
/// would mean something else each time.
const POINTING: &[&str] = &[
    "this",
    "that",
    "it",
    "its",
    "it's",
    "these",
    "those",
    "he",
    "him",
    "his",
    "she",
    "her",
    "they",
    "them",
    "their",
    "above",
    "below",
    "following",
    "attached",
    "attachment",
    "previous",
    "earlier",
    "same",
    "such",
    "here",
    "now",
    "today",
    "tomorrow",
    "tonight",
    "yesterday",
    "next",
    "last",
    "current",
    "currently",
    "latest",
    "recent",
    "one",
    "my",
    "our",
    "mine",
    "ours",
];

/// Words that turn a sentence round, wherever they stand.
const NEGATIONS: &[&str] = &[
    "not", "no", "never", "none", "without", "nor", "neither", "except", "but", "instead", "cannot", "dont",
    "avoid", "skip", "unless",
];

/// Whether a text may use its intent's key, and why or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDecision {
    /// The filled key; `None` means: key on the exact text.
    pub key: Option<String>,
    /// One sentence for the request's trace.
    pub why: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// Outside every match: only neutral words may stand here.
    Rest,
    /// The words of an entity expression around its values.
    Around,
    /// A value that stands in the key.
    InKey,
}

/// The first reason why `text` (normalised) may not use a key made of `key_names`; `None` if it may.
pub(super) fn objection(text: &str, found: &Found, key_names: &[&str]) -> Option<String> {
    if text.len() > LONGEST_KEYED_BYTES {
        return Some(format!("the text is longer than {LONGEST_KEYED_BYTES} bytes"));
    }
    let zones = zones(text, found, key_names);
    let mut word_start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        if character.is_alphanumeric() || (character == '\'' && word_start.is_some()) {
            word_start.get_or_insert(at);
            continue;
        }
        if let Some(start) = word_start.take()
            && let Some(reason) = objection_to_word(text[start..at].trim_end_matches('\''), zones[start])
        {
            return Some(reason);
        }
        let plain = character.is_whitespace() || ",.!?;:'\"-()".contains(character);
        if !plain && zones[at] != Zone::InKey {
            return Some(format!("the sign \"{character}\" is not in the key"));
        }
    }
    None
}

fn zones(text: &str, found: &Found, key_names: &[&str]) -> Vec<Zone> {
    let mut zones = vec![Zone::Rest; text.len()];
    for entity in &found.matches {
        zones[entity.range.clone()].fill(Zone::Around);
        for (name, range) in &entity.values {
            let in_key = key_names.contains(&name.as_str());
            zones[range.clone()].fill(if in_key { Zone::InKey } else { Zone::Rest });
        }
    }
    zones
}

fn objection_to_word(word: &str, zone: Zone) -> Option<String> {
    let shown: String = word.chars().take(24).collect();
    if zone == Zone::InKey {
        return POINTING
            .contains(&word)
            .then(|| format!("\"{shown}\" points outside the text"));
    }
    if word.chars().any(char::is_numeric) {
        return Some(format!("the number \"{shown}\" is not in the key"));
    }
    if NEGATIONS.contains(&word) || word.ends_with("n't") {
        return Some(format!("\"{shown}\" changes the request and is not in the key"));
    }
    let allowed = zone == Zone::Around || NEUTRAL.contains(&word);
    (!allowed).then(|| format!("the word \"{shown}\" is not in the key"))
}

#[cfg(test)]
mod tests {
    use crate::intent::{IntentDetector, default_rules};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static DETECTOR: LazyLock<IntentDetector> =
        LazyLock::new(|| IntentDetector::compile(default_rules()).unwrap());

    fn task_key(text: &str) -> Option<String> {
        DETECTOR.cache_key("task_breakdown", text).key
    }

    #[test]
    fn the_same_request_in_other_words_shares_a_key() {
        for text in [
            "create a base plan for buying a car",
            "Please make a base plan for buying a car.",
            "Hi! Could you give me a base plan for  buying a car, please?",
            "I need a base plan for buying a car, thank you!",
        ] {
            assert_eq!(
                task_key(text).as_deref(),
                Some("task:buying a car:base"),
                "{text}"
            );
        }
        assert_eq!(
            DETECTOR
                .cache_key("expense_categorization", "expense category for office chairs?")
                .key
                .as_deref(),
            Some("expense:office chairs:categorization")
        );
    }

    #[test]
    fn a_request_that_says_more_never_shares_it() {
        for text in [
            "create a base plan for buying a car for under 5000 euros by Friday",
            "create a base plan for buying a car. Not a used one.",
            "create a base plan for buying a car, in 3 steps",
            "create a base plan for buying a car in German!! Anna will read it",
            "Anna needs a base plan for buying a car",
            "In French: create a base plan for buying a car",
            "Don't create a base plan for buying a car",
            "Never make a base plan for buying a car",
            "Create a short base plan for buying a car",
            "base plan for buying a car; base plan for selling a house",
            "base plan for buying a car: €",
            "2 base plans, base plan for buying a car",
            "On 3 May create a base plan for buying a car",
            "Create a base plan for buying a car 🚗",
            "Create a base plan for buying a car\n```\ncode\n```",
            "Ich brauche: base plan for buying a car",
            "break buying a car into steps",
        ] {
            assert_ne!(
                task_key(text).as_deref(),
                Some("task:buying a car:base"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_value_that_points_outside_the_text_gives_no_key() {
        for text in [
            "base plan for this",
            "base plan for the attached goal",
            "base plan for moving tomorrow",
        ] {
            let decision = DETECTOR.cache_key("task_breakdown", text);
            assert_eq!(decision.key, None, "{text}");
            assert!(
                decision.why.contains("points outside the text"),
                "{}",
                decision.why
            );
        }
    }

    #[test]
    fn the_reason_is_a_sentence() {
        let why = |text: &str| DETECTOR.cache_key("task_breakdown", text).why;
        assert_eq!(
            why("within 5 days, a base plan for buying a car"),
            "Keyed on the exact text: the word \"within\" is not in the key."
        );
        assert!(why("hello").contains("task:{object}:base is missing"));
        assert!(why(&format!("{} base plan for a car", "please ".repeat(80))).contains("longer than 400"));
        assert!(
            DETECTOR
                .cache_key("summarize", "x")
                .why
                .contains("no key template")
        );
        assert!(DETECTOR.cache_key("unknown", "x").why.contains("no rule"));
    }

    proptest! {
        #[test]
        fn anything_put_before_a_request_keeps_it_off_the_key(
            extra in "(not|never|without|[0-9]{1,4}|on [0-9]{1,2} (may|june)|anna|in spanish|for [a-z]{4,9}ish people) ",
        ) {
            let text = format!("{extra} create a base plan for buying a car");
            prop_assert_eq!(task_key(&text), None);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = task_key(&text);
            let _ = task_key(&format!("base plan for {text}"));
        }
    }
}
