//! The semantic cache as an admin sees it: a rule per intent, what it did, and the pairs it judged.

use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// What the semantic cache does with calls of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SemanticMode {
    /// Neither asked nor filled.
    Off,
    /// Decides and records, and buys all the same.
    #[default]
    Shadow,
    /// Serves what is sure enough.
    On,
}

impl SemanticMode {
    /// Its name in configuration and on the page.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SemanticMode::Off => "off",
            SemanticMode::Shadow => "shadow",
            SemanticMode::On => "on",
        }
    }
}

/// How it is decided whether a neighbour's answer will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SemanticPolicy {
    /// By what was learned from labels, under the promised share of wrong hits.
    #[default]
    Learned,
    /// By a fixed distance and the guards; promises nothing.
    Distance,
}

/// The rule of an intent; the one named `*` holds for every intent without its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemanticRule {
    pub intent: String,
    pub mode: SemanticMode,
    #[serde(default)]
    pub policy: SemanticPolicy,
    /// At most this many of 1,000 semantic hits may differ from a fresh answer.
    pub most_wrong_permille: u32,
    /// Of [`SemanticPolicy::Distance`]: the largest cosine distance, in thousandths.
    #[serde(default = "usual_distance")]
    pub most_distance_permille: u32,
    /// One-sided hints and unknown exchanged words forbid a hit too.
    #[serde(default)]
    pub strict: bool,
    /// Also where tools, a relative date or a high temperature speak against it.
    #[serde(default)]
    pub also_risky: bool,
}

const fn usual_distance() -> u32 {
    120
}

impl SemanticRule {
    /// The name of the rule for intents without their own.
    pub const ANY: &'static str = "*";

    /// What holds where nobody said anything: shadow, at most 3 % wrong.
    #[must_use]
    pub fn usual(intent: &str) -> SemanticRule {
        SemanticRule {
            intent: intent.to_owned(),
            mode: SemanticMode::Shadow,
            policy: SemanticPolicy::Learned,
            most_wrong_permille: 30,
            most_distance_permille: usual_distance(),
            strict: false,
            also_risky: false,
        }
    }

    /// Says what is wrong with it.
    ///
    /// # Errors
    /// The field and what it may be.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=200).contains(&self.most_wrong_permille) {
            return Err(format!(
                "most_wrong_permille: {} is not between 1 and 200 (0.1 % and 20 %)",
                self.most_wrong_permille
            ));
        }
        if !(1..=400).contains(&self.most_distance_permille) {
            return Err(format!(
                "most_distance_permille: {} is not between 1 and 400 (0.001 and 0.4)",
                self.most_distance_permille
            ));
        }
        Ok(())
    }
}

/// What became of a judged request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SemanticOutcome {
    /// The neighbour's answer was given.
    Served,
    /// It would have been given, had the mode been on.
    WouldServe,
    /// It was not sure enough.
    Bought,
}

impl SemanticOutcome {
    /// Its name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SemanticOutcome::Served => "served",
            SemanticOutcome::WouldServe => "would_serve",
            SemanticOutcome::Bought => "bought",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(text: &str) -> Option<SemanticOutcome> {
        [
            SemanticOutcome::Served,
            SemanticOutcome::WouldServe,
            SemanticOutcome::Bought,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == text)
    }
}

/// A request beside its nearest stored question, and what was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SemanticPair {
    pub request_id: String,
    pub at_ms: i64,
    pub team: String,
    pub intent: String,
    pub question: String,
    pub neighbour: String,
    /// Cosine distance of the two questions.
    pub distance: f64,
    pub probability: f64,
    /// What it was held against; none while there was too little evidence for any hit.
    pub threshold: Option<f64>,
    /// What guards objected to, in words; empty when all were clear.
    pub objections: String,
    pub outcome: SemanticOutcome,
    /// Whether the neighbour's answer would have done, where that is known.
    pub same: Option<bool>,
    /// How that is known: `miss`, `shadow`, `audit`, `judge`, `feedback`, or nothing.
    pub origin: String,
}

/// Two questions that somebody forbade to match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SemanticNeverPair {
    /// Whose questions they are: tenant and intent, as the store names them together.
    pub group: String,
    pub intent: String,
    pub one: String,
    pub other: String,
    pub at_ms: i64,
    pub who: String,
}

/// A place on the threshold curve of an intent's own traffic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SemanticCurvePoint {
    /// The least probability that would have been served.
    pub threshold: f64,
    /// Share of judged requests that would have been hits.
    pub hit_share: f64,
    /// Checked requests among those hits, and how many of them differ.
    pub labelled: i64,
    pub wrong: i64,
    /// Wrong share of those hits; served ones, of which few are checked, weigh as many as they stand for. None without labels.
    pub wrong_share: Option<f64>,
}

/// A measured share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeasuredShare {
    pub wrong: i64,
    pub checked: i64,
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

/// What the semantic cache does for one intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SemanticIntent {
    pub rule: SemanticRule,
    /// Version of the rule; 0 when nobody saved one.
    pub version: i64,
    /// Judged requests in the last 30 days, the hits among them and those that would have been hits.
    pub judged: i64,
    pub served: i64,
    pub would_serve: i64,
    pub labels: i64,
    /// Of hits and would-be hits that were bought all the same.
    pub audited: MeasuredShare,
    /// What audits have cost; it is taken off what hits saved.
    pub audit_nanousd: NanoUsd,
    /// Why the mode should be switched on, with the evidence; none while it should not.
    pub proposal: Option<String>,
}

/// The semantic cache as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SemanticState {
    /// The embedder that runs; none where there is none, and `problem` says why.
    pub embedder: Option<String>,
    pub problem: Option<String>,
    /// Questions and collection items that another embedder made vectors of and that this one still has to.
    #[serde(default)]
    pub left_to_embed: i64,
    /// What the embedder cost in the last 30 days; nothing for the local one. It is taken off what hits saved.
    #[serde(default)]
    pub embedding_nanousd: NanoUsd,
    /// What the judge cost in the last 30 days. It is taken off what hits saved.
    #[serde(default)]
    pub judge_nanousd: NanoUsd,
    pub entries: i64,
    pub memory_entries: i64,
    pub memory_bytes: i64,
    pub intents: Vec<SemanticIntent>,
}
