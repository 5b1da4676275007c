//! All intent rules compiled together, and the detection of one text's intent.

mod build;
mod detect;

use super::entity::{Entities, key_entities};
use super::residual::{self, KeyDecision};
use super::rule::IntentRule;
use super::{fill_cache_key, wording};
use aho_corasick::AhoCorasick;
use regex::{Regex, RegexSet};
use std::collections::BTreeMap;

/// The intent found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The rule's name, or [`super::GENERAL`].
    pub intent: String,
    /// The sum of the weights that matched, less those that spoke against it.
    pub score: u32,
    /// One sentence for the request's trace: what matched, and the runner-up. Quotes rules, never the text.
    pub why: String,
    /// The values the winning rule picked out, normalised.
    pub entities: BTreeMap<String, String>,
}

/// All rules, compiled once; detection needs no allocation per rule and no lock.
#[derive(Debug, Clone)]
pub struct IntentDetector {
    rules: Vec<IntentRule>,
    entities: Vec<Entities>,
    phrases: AhoCorasick,
    phrase_clues: Vec<Clue>,
    set: RegexSet,
    pattern_clues: Vec<(Clue, Regex)>,
}

#[derive(Debug, Clone)]
struct Clue {
    rule: usize,
    weight: u32,
    against: bool,
    /// As the trace names it: `phrase "tl;dr"`.
    shown: String,
}

impl IntentDetector {
    /// The rule of that name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&IntentRule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// All rules, in the order given.
    #[must_use]
    pub fn rules(&self) -> &[IntentRule] {
        &self.rules
    }

    /// The entities of an intent that the caller named itself; empty for an unknown intent.
    #[must_use]
    pub fn entities_of(&self, name: &str, text: &str) -> BTreeMap<String, String> {
        let index = self.rules.iter().position(|rule| rule.name == name);
        index
            .map(|index| self.entities[index].find(&wording::normalise(text)).values)
            .unwrap_or_default()
    }

    /// The intent key of a text, if the text says nothing that the key does not hold.
    ///
    /// For a message with no conversation before it; the caller adds the intent's name and the hard
    /// parts of the response key.
    #[must_use]
    pub fn cache_key(&self, name: &str, text: &str) -> KeyDecision {
        let exact = |why: String| KeyDecision {
            key: None,
            why: format!("Keyed on the exact text: {why}."),
        };
        let Some(index) = self.rules.iter().position(|rule| rule.name == name) else {
            return exact(format!("no rule for the intent {name}"));
        };
        let Some(template) = &self.rules[index].cache_key else {
            return exact(format!("the intent {name} has no key template"));
        };
        let text = wording::normalise(text);
        let found = self.entities[index].find(&text);
        let Some(key) = fill_cache_key(template, &found.values) else {
            return exact(format!("an entity of {template} is missing or too long"));
        };
        match residual::objection(&text, &found, &key_entities(template)) {
            Some(objection) => exact(objection),
            None => KeyDecision {
                why: format!("The text says nothing beyond {template}."),
                key: Some(key),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::{GENERAL, IntentRuleError, default_rules};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static DETECTOR: LazyLock<IntentDetector> =
        LazyLock::new(|| IntentDetector::compile(default_rules()).unwrap());

    fn compiled(text: &str) -> Result<IntentDetector, IntentRuleError> {
        #[derive(serde::Deserialize)]
        struct File {
            intent: Vec<IntentRule>,
        }
        IntentDetector::compile(toml::from_str::<File>(text).unwrap().intent)
    }

    #[test]
    fn the_trace_names_what_matched_and_the_runner_up() {
        let text = "[[intent]]\nname = \"a\"\nphrases = [\"plan\"]\npatterns = ['\\bcar\\b']\n[[intent]]\nname = \"b\"\nphrases = [\"buy\"]";
        let detector = compiled(text).unwrap();
        let found = detector.detect("A PLAN to\nbuy a car");
        assert_eq!((found.intent.as_str(), found.score), ("a", 7));
        assert_eq!(
            found.why,
            "Matched phrase \"plan\" and pattern /\\bcar\\b/, score 7; runner-up b with 3."
        );
        let none = detector.detect("planet");
        assert_eq!((none.intent.as_str(), none.score), (GENERAL, 0));
    }

    #[test]
    fn a_not_silences_a_draw_goes_to_the_earlier_and_twins_are_refused() {
        let two = "[[intent]]\nname = \"a\"\nphrases = [\"plan\"]\nnot = [\"no plan\"]\n[[intent]]\nname = \"b\"\nphrases = [\"plan\"]";
        let detector = compiled(two).unwrap();
        assert_eq!(detector.detect("plan").intent, "a");
        assert_eq!(detector.detect("no plan").intent, "b");
        let twins = compiled("[[intent]]\nname = \"a\"\n[[intent]]\nname = \"a\"").unwrap_err();
        assert!(twins.to_string().contains("names are unique"));
    }

    #[test]
    fn words_of_pasted_material_count_less_than_the_request_around_it() {
        let pasted = "filler words here. ".repeat(40);
        let text = format!("Translate into German: {pasted} sql query, code review, tl;dr {pasted}");
        assert_eq!(DETECTOR.detect(&text).intent, "translate");
        let last = format!("{pasted}{}{pasted} Please summarize.", "x ".repeat(30_000));
        assert_eq!(DETECTOR.detect(&last).intent, "summarize");
    }

    #[test]
    fn entities_come_with_the_intent_and_for_a_named_one() {
        let found = DETECTOR.detect("Create a base plan for Buying a  Car");
        assert_eq!(found.entities["object"], "buying a car");
        assert_eq!(
            DETECTOR.entities_of("task_breakdown", "base plan for a trip")["object"],
            "a trip"
        );
        assert!(DETECTOR.entities_of("unknown", "base plan for a trip").is_empty());
        assert_eq!(
            DETECTOR.rule("summarize").map(|rule| rule.name.as_str()),
            Some("summarize")
        );
        assert_eq!(DETECTOR.rules().len(), 12);
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_always_alike(text in any::<String>(), times in 1_usize..300) {
            let long = text.repeat(times);
            prop_assert_eq!(DETECTOR.detect(&long), DETECTOR.detect(&long));
        }
    }
}
