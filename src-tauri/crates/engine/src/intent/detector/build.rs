//! Compiling all rules together, so that one pass over a text finds the clues of every rule.

use super::{Clue, IntentDetector};
use crate::intent::{
    compile::{self, IntentRuleError, Weighted},
    entity::Entities,
    rule::IntentRule,
    wording,
};
use aho_corasick::AhoCorasick;
use regex::{Regex, RegexSet, RegexSetBuilder};

const PHRASE_WEIGHT: u32 = 3;
const PATTERN_WEIGHT: u32 = 4;
/// Enough to silence an intent that two ordinary matches speak for.
const NOT_WEIGHT: u32 = 20;
/// Memory for the lazily built automaton of all patterns; too little makes it start over in mid-text.
const SET_DFA_BYTES: usize = 32 << 20;
const SET_LIMIT_BYTES: usize = 256 << 20;

/// The phrases of all rules, and what each speaks for.
#[derive(Default)]
struct Phrases {
    texts: Vec<String>,
    clues: Vec<Clue>,
}

/// The patterns of all rules, and what each speaks for or against.
#[derive(Default)]
struct Patterns {
    sources: Vec<String>,
    clues: Vec<(Clue, Regex)>,
}

impl IntentDetector {
    /// Checks and compiles all rules. An earlier rule wins a draw.
    ///
    /// # Errors
    /// The first rule that cannot be used: see [`IntentRuleError`].
    pub fn compile(rules: Vec<IntentRule>) -> Result<Self, IntentRuleError> {
        let mut entities = Vec::with_capacity(rules.len());
        let (mut phrases, mut patterns) = (Phrases::default(), Patterns::default());
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
            phrases.add(index, rule)?;
            patterns.add(index, rule)?;
        }
        Ok(IntentDetector {
            phrases: AhoCorasick::new(&phrases.texts).map_err(|e| too_large("phrases", &e.to_string()))?,
            phrase_clues: phrases.clues,
            set: patterns.set()?,
            pattern_clues: patterns.clues,
            rules,
            entities,
        })
    }
}

impl Phrases {
    fn add(&mut self, index: usize, rule: &IntentRule) -> Result<(), IntentRuleError> {
        for text in &rule.phrases {
            let Weighted { source, weight } = compile::weighted(rule, "phrase", text, PHRASE_WEIGHT)?;
            self.clues.push(Clue {
                rule: index,
                weight,
                against: false,
                shown: format!("phrase \"{source}\""),
            });
            self.texts.push(wording::normalise(source.trim()));
        }
        Ok(())
    }
}

impl Patterns {
    fn add(&mut self, index: usize, rule: &IntentRule) -> Result<(), IntentRuleError> {
        let lists = [
            ("pattern", &rule.patterns, PATTERN_WEIGHT),
            ("not", &rule.not, NOT_WEIGHT),
        ];
        for (part, texts, default) in lists {
            for text in texts {
                let Weighted { source, weight } = compile::weighted(rule, part, text, default)?;
                let regex = compile::expression(rule, part, &source)?;
                let clue = Clue {
                    rule: index,
                    weight,
                    against: part == "not",
                    shown: format!("{part} /{source}/"),
                };
                self.clues.push((clue, regex));
                self.sources.push(compile::quick_boundaries(&source));
            }
        }
        Ok(())
    }

    fn set(&self) -> Result<RegexSet, IntentRuleError> {
        RegexSetBuilder::new(&self.sources)
            .case_insensitive(true)
            .size_limit(SET_LIMIT_BYTES)
            .dfa_size_limit(SET_DFA_BYTES)
            .build()
            .map_err(|e| too_large("patterns", &e.to_string()))
    }
}

fn too_large(what: &str, problem: &str) -> IntentRuleError {
    IntentRuleError {
        intent: "(all)".into(),
        part: what.into(),
        problem: format!("together they are too large: {problem}; remove some"),
    }
}
