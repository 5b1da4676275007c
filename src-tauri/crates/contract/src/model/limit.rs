//! Rate limits: at most N in any window, literally.

use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// Makes the words of an enum from one list, for rows, headers and the page alike.
macro_rules! words {
    ($kind:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $kind {
            /// Every one, in the order in which the page offers them.
            pub const ALL: &[$kind] = &[$($kind::$variant),*];
            /// Its word in JSON, in the database and in the page's forms.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($kind::$variant => $word),* }
            }
            /// Reads the word.
            #[must_use]
            pub fn parse(word: &str) -> Option<$kind> {
                match word { $($word => Some($kind::$variant),)* _ => None }
            }
        }
    };
}

/// Who is counted separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSubject {
    Key,
    User,
    Ip,
    /// The tag that the client sends as `x-weir-event`.
    Event,
    /// The intent that was found, or that the client named.
    Intent,
    /// All callers together.
    Everyone,
}
words!(LimitSubject { Key = "key", User = "user", Ip = "ip", Event = "event", Intent = "intent", Everyone = "everyone" });

impl LimitSubject {
    /// After "for": `each key`.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            LimitSubject::Key => "each key",
            LimitSubject::User => "each user",
            LimitSubject::Ip => "each IP address",
            LimitSubject::Event => "each event",
            LimitSubject::Intent => "each intent",
            LimitSubject::Everyone => "everyone together",
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitMeasure {
    #[default]
    Requests,
    /// Input and output of bought answers: an estimate is held before the provider is asked, what was used counts.
    Tokens,
    /// Calls and streams under way at the same time; has no window.
    Concurrent,
    /// Nano-dollars of bought answers, held by estimate as tokens are.
    Dollars,
}
words!(LimitMeasure { Requests = "requests", Tokens = "tokens", Concurrent = "concurrent", Dollars = "dollars" });

impl LimitMeasure {
    /// An amount of it: `20 requests`, `0.5 dollars`.
    #[must_use]
    pub fn amount(self, amount: i64) -> String {
        let one = amount == 1;
        match self {
            LimitMeasure::Requests => format!("{amount} {}", if one { "request" } else { "requests" }),
            LimitMeasure::Tokens => format!("{amount} {}", if one { "token" } else { "tokens" }),
            LimitMeasure::Concurrent => {
                format!("{amount} {} at the same time", if one { "call" } else { "calls" })
            }
            LimitMeasure::Dollars => format!("{} dollars", NanoUsd(amount).to_decimal()),
        }
    }
}

/// Which requests a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointClass {
    /// Chat completions, messages and embeddings, expensive ones too.
    #[default]
    ModelCalls,
    /// `GET` listings: models, providers, cache statistics.
    Reads,
    /// Model calls that are large by themselves: more than [`EXPENSIVE_INPUT_TOKENS`] of input by length, or embeddings of
    /// more than [`EXPENSIVE_EMBEDDINGS`] texts.
    Expensive,
    /// Model calls and reads.
    Every,
}
words!(EndpointClass { ModelCalls = "model_calls", Reads = "reads", Expensive = "expensive", Every = "every" });

/// A call with more input tokens than this, by length, is expensive.
pub const EXPENSIVE_INPUT_TOKENS: u64 = 32_000;
/// A call that embeds more texts than this is expensive.
pub const EXPENSIVE_EMBEDDINGS: usize = 100;

/// A limit as an admin writes it: at most `most` in any `window_seconds`, literally.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Short name, unique: `key-per-minute`.
    pub name: String,
    pub subject: LimitSubject,
    #[serde(default)]
    pub measure: LimitMeasure,
    #[serde(default)]
    pub endpoint_class: EndpointClass,
    /// Requests, tokens, calls at the same time, or nano-dollars. Limits of before there were measures call it
    /// `max_requests`.
    #[serde(alias = "max_requests")]
    pub most: i64,
    /// Without meaning where calls at the same time are measured.
    pub window_seconds: u32,
    pub enabled: bool,
    /// Counts and says whom it would refuse, and refuses nobody.
    #[serde(default)]
    pub shadow: bool,
}

impl Limit {
    /// What it allows: `20 requests in any 60 s`.
    #[must_use]
    pub fn allowance(&self) -> String {
        let most = self.measure.amount(self.most);
        match self.measure {
            LimitMeasure::Concurrent => most,
            _ => format!("{most} in any {} s", self.window_seconds),
        }
    }
}

/// A limit with what it did lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitState {
    pub limit: Limit,
    pub version: i64,
    /// Callers with something counted in the window now, over all gateways.
    pub active_callers: u32,
    /// The fullest caller now and its count, in the limit's own unit.
    pub busiest: Option<(String, i64)>,
    /// Refusals since the gateway started.
    pub refused: u64,
    /// What a limit in shadow mode would have refused since the gateway started.
    #[serde(default)]
    pub would_refuse: u64,
}

/// What a draft would have done to recorded traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LimitSimulation {
    /// The first and last moment that was replayed.
    pub from_ms: i64,
    pub to_ms: i64,
    /// Requests that the draft counts.
    pub requests: u64,
    /// Of these, the ones it would have refused.
    pub refused: u64,
    /// Callers it tells apart, and those it would have refused at least once.
    pub callers: u64,
    pub callers_refused: u64,
    /// The callers refused most, at most twenty.
    pub worst: Vec<SimulatedCaller>,
    /// One for each hour with traffic, oldest first.
    pub by_hour: Vec<SimulatedHour>,
    /// How long the replay took.
    pub took_us: i64,
}

/// What a draft would have done to one caller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SimulatedCaller {
    pub caller: String,
    pub requests: u64,
    pub refused: u64,
    /// When it would have been refused first and last.
    pub first_ms: i64,
    pub last_ms: i64,
}

/// What a draft would have done in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SimulatedHour {
    /// Start of the hour.
    pub at_ms: i64,
    pub requests: u64,
    pub refused: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_before_there_were_measures_is_still_read() {
        let old = r#"{"name":"key-per-minute","subject":"key","max_requests":60,"window_seconds":60,"enabled":true}"#;
        let limit: Limit = serde_json::from_str(old).unwrap();
        assert_eq!(
            (limit.most, limit.measure, limit.shadow),
            (60, LimitMeasure::Requests, false)
        );
        assert_eq!(limit.endpoint_class, EndpointClass::ModelCalls);
        let again: Limit = serde_json::from_str(&serde_json::to_string(&limit).unwrap()).unwrap();
        assert_eq!(again, limit);
    }

    #[test]
    fn words_are_those_of_json() {
        for class in EndpointClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
            assert_eq!(EndpointClass::parse(class.as_str()), Some(*class));
        }
        for subject in LimitSubject::ALL {
            assert_eq!(serde_json::to_value(subject).unwrap(), subject.as_str());
        }
        for measure in LimitMeasure::ALL {
            assert_eq!(serde_json::to_value(measure).unwrap(), measure.as_str());
        }
    }
}
