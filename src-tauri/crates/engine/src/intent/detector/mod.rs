//! All intent rules compiled together, and the detection of one text's intent.

use super::compile::{self, IntentRuleError, Weighted};
use super::entity::{Entities, key_entities};
use super::residual::{self, KeyDecision};
use super::rule::IntentRule;
use super::{GENERAL, fill_cache_key, wording};
use aho_corasick::AhoCorasick;
use regex::{Regex, RegexSet, RegexSetBuilder};
use std::collections::BTreeMap;

const PHRASE_WEIGHT: u32 = 3;
const PATTERN_WEIGHT: u32 = 4;
/// Enough to silence an intent that two ordinary matches speak for.
const NOT_WEIGHT: u32 = 20;
/// An intent with less is not chosen.
const LEAST_SCORE: u32 = 3;
/// Within this many bytes of either end a match counts in full: instructions stand there. In between lies
/// pasted material, whose words are mostly not the request.
const EDGE_BYTES: usize = 500;
const MIDDLE_DIVISOR: u32 = 4;
/// Memory for the lazily built automaton of all patterns; too little makes it start over in mid-text.
const SET_DFA_BYTES: usize = 32 << 20;
const SET_LIMIT_BYTES: usize = 256 << 20;

/// The intent found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The rule's name, or [`GENERAL`].
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

#[derive(Clone, Default)]
struct Tally<'d> {
    score: u32,
    against: u32,
    clues: Vec<&'d str>,
}

impl IntentDetector {
    /// Checks and compiles all rules. An earlier rule wins a draw.
    ///
    /// # Errors
    /// The first rule that cannot be used: see [`IntentRuleError`].
    pub fn compile(rules: Vec<IntentRule>) -> Result<Self, IntentRuleError> {
        let mut entities = Vec::with_capacity(rules.len());
        let (mut phrase_texts, mut phrase_clues) = (Vec::new(), Vec::new());
        let (mut sources, mut pattern_clues) = (Vec::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate() {
            compile::check_shape(rule)?;
            if rules[..index].iter().any(|earlier| earlier.name == rule.name) {
                return Err(IntentRuleError::new(
                    rule,
                    "name",
                    "another intent has it; names are unique",
                ));
            }
            entities.push(Entities::compile(rule)?);
            for text in &rule.phrases {
                let Weighted { source, weight } = compile::weighted(rule, "phrase", text, PHRASE_WEIGHT)?;
                phrase_clues.push(Clue {
                    rule: index,
                    weight,
                    against: false,
                    shown: format!("phrase \"{source}\""),
                });
                phrase_texts.push(wording::normalise(source.trim()));
            }
            let lists = [
                ("pattern", &rule.patterns, PATTERN_WEIGHT),
                ("not", &rule.not, NOT_WEIGHT),
            ];
            for (part, texts, default) in lists {
                for text in texts {
                    let Weighted { source, weight } = compile::weighted(rule, part, text, default)?;
                    let regex = compile::expression(rule, part, &source)?;
                    let shown = format!("{part} /{source}/");
                    pattern_clues.push((
                        Clue {
                            rule: index,
                            weight,
                            against: part == "not",
                            shown,
                        },
                        regex,
                    ));
                    sources.push(compile::quick_boundaries(&source));
                }
            }
        }
        let whole = |what: &str, problem: String| IntentRuleError {
            intent: "(all)".into(),
            part: what.into(),
            problem: format!("together they are too large: {problem}; remove some"),
        };
        let phrases = AhoCorasick::new(&phrase_texts).map_err(|e| whole("phrases", e.to_string()))?;
        let set = RegexSetBuilder::new(&sources)
            .case_insensitive(true)
            .size_limit(SET_LIMIT_BYTES)
            .dfa_size_limit(SET_DFA_BYTES)
            .build()
            .map_err(|e| whole("patterns", e.to_string()))?;
        Ok(IntentDetector {
            rules,
            entities,
            phrases,
            phrase_clues,
            set,
            pattern_clues,
        })
    }

    /// Finds the intent of the last user message. Looks at its first 16 kB and last 4 kB.
    #[must_use]
    pub fn detect(&self, text: &str) -> Detection {
        let text = wording::normalise(text);
        let mut tallies = vec![Tally::default(); self.rules.len()];
        self.count_phrases(&text, &mut tallies);
        self.count_patterns(&text, &mut tallies);
        self.verdict(&text, &tallies)
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::default_rules;
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
