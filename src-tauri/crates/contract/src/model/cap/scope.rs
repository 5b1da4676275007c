//! What a cap counts: all spend, that of one user, or that of every user on its own; and likewise for keys, teams and more.

use crate::model::tier::Tier;
use serde::{Deserialize, Serialize};

/// Longest value that a scope may name, in bytes.
const LONGEST_VALUE_BYTES: usize = 1_024;

/// By what spend is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CapSubject {
    Tier,
    /// A virtual key, by its id.
    Key,
    /// The user that the client names.
    User,
    /// The team of the virtual key.
    Team,
    Intent,
    /// `provider/model`. A scope may also name the model alone, of whatever provider.
    Model,
    /// The client's `x-weir-event`.
    Event,
}

impl CapSubject {
    /// All of them.
    pub const ALL: [CapSubject; 7] = [
        CapSubject::Tier,
        CapSubject::Key,
        CapSubject::User,
        CapSubject::Team,
        CapSubject::Intent,
        CapSubject::Model,
        CapSubject::Event,
    ];
    /// `tier`, `key`, `user` … None is the beginning of another: ledger keys are found by it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["tier", "key", "user", "team", "intent", "model", "event"][self as usize]
    }
    /// Reads what [`CapSubject::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<CapSubject> {
        CapSubject::ALL
            .into_iter()
            .find(|subject| subject.as_str() == text)
    }
    /// True where only the model that will answer decides what a call counts as; several may be tried.
    #[must_use]
    pub fn is_of_the_answer(self) -> bool {
        matches!(self, CapSubject::Tier | CapSubject::Model)
    }
}

/// What a cap counts. As JSON: `{"kind": "global"}`, `{"kind": "user", "value": "ana"}`, `{"kind": "user", "each": true}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ScopeForm", into = "ScopeForm")]
pub enum CapScope {
    /// All spend of this workspace.
    Global,
    /// The spend of one value.
    One { subject: CapSubject, value: String },
    /// The spend of each value on its own: every user has the limit for itself.
    Each(CapSubject),
}

impl CapScope {
    /// Spend on one tier.
    #[must_use]
    pub fn tier(tier: Tier) -> CapScope {
        CapScope::one(CapSubject::Tier, tier.as_str())
    }
    /// The spend of one value.
    #[must_use]
    pub fn one(subject: CapSubject, value: &str) -> CapScope {
        CapScope::One {
            subject,
            value: value.to_owned(),
        }
    }
    /// By what it tells spend apart; none for all spend.
    #[must_use]
    pub fn subject(&self) -> Option<CapSubject> {
        match self {
            CapScope::Global => None,
            CapScope::One { subject, .. } | CapScope::Each(subject) => Some(*subject),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeForm {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    each: bool,
}

impl From<CapScope> for ScopeForm {
    fn from(scope: CapScope) -> ScopeForm {
        let kind = scope.subject().map_or("global", CapSubject::as_str).to_owned();
        let (value, each) = match scope {
            CapScope::Global => (None, false),
            CapScope::One { value, .. } => (Some(value), false),
            CapScope::Each(_) => (None, true),
        };
        ScopeForm { kind, value, each }
    }
}

impl TryFrom<ScopeForm> for CapScope {
    type Error = String;

    fn try_from(form: ScopeForm) -> Result<CapScope, String> {
        let kind = &form.kind;
        if kind == "global" {
            return match (form.value, form.each) {
                (None, false) => Ok(CapScope::Global),
                _ => Err("scope: \"global\" counts all spend; leave out value and each".to_owned()),
            };
        }
        let Some(subject) = CapSubject::parse(kind) else {
            let known: Vec<&str> = CapSubject::ALL.iter().map(|subject| subject.as_str()).collect();
            return Err(format!(
                "scope: \"{kind}\" is no kind; use global, {}",
                known.join(", ")
            ));
        };
        match (form.value, form.each) {
            (Some(_), true) => Err(format!(
                "scope: give either a value, for one {kind}, or each = true, for every {kind} on its own"
            )),
            (None, true) => Ok(CapScope::Each(subject)),
            (None, false) => Err(format!(
                "scope: name the {kind} as value, or say each = true, so that every {kind} has the limit for itself"
            )),
            (Some(value), false) => one(subject, value),
        }
    }
}

fn one(subject: CapSubject, value: String) -> Result<CapScope, String> {
    let kind = subject.as_str();
    if value.trim().is_empty() || value.trim().len() != value.len() {
        return Err(format!(
            "scope: the {kind} {value:?} is empty or has blanks at its ends"
        ));
    }
    if value.len() > LONGEST_VALUE_BYTES {
        return Err(format!(
            "scope: the {kind} is longer than {LONGEST_VALUE_BYTES} bytes"
        ));
    }
    if subject == CapSubject::Tier && Tier::parse(&value).is_none() {
        return Err(format!("scope: {value:?} is no tier; use T0, T1, T2 or T3"));
    }
    Ok(CapScope::One { subject, value })
}

#[cfg(test)]
mod tests {
    use super::{CapScope, CapSubject};
    use crate::model::tier::Tier;

    fn read(text: &str) -> Result<CapScope, String> {
        serde_json::from_str(text).map_err(|problem| problem.to_string())
    }

    #[test]
    fn scopes_that_were_saved_before_are_still_read() {
        assert_eq!(read(r#"{"kind":"global"}"#), Ok(CapScope::Global));
        assert_eq!(
            read(r#"{"kind":"tier","value":"T3"}"#),
            Ok(CapScope::tier(Tier::T3))
        );
    }

    #[test]
    fn every_scope_survives_its_json() {
        for subject in CapSubject::ALL {
            let value = if subject == CapSubject::Tier {
                "T1"
            } else {
                "a=b:\"ü\""
            };
            for scope in [CapScope::one(subject, value), CapScope::Each(subject)] {
                let text = serde_json::to_string(&scope).unwrap();
                assert_eq!(read(&text), Ok(scope), "{text}");
            }
        }
        assert_eq!(
            serde_json::to_string(&CapScope::Global).unwrap(),
            r#"{"kind":"global"}"#
        );
    }

    #[test]
    fn a_wrong_scope_says_what_to_write() {
        for (text, part) in [
            (r#"{"kind":"usr","value":"ana"}"#, "use global, tier, key"),
            (r#"{"kind":"user"}"#, "each = true"),
            (r#"{"kind":"user","value":"ana","each":true}"#, "either a value"),
            (r#"{"kind":"user","value":" "}"#, "empty"),
            (r#"{"kind":"tier","value":"T4"}"#, "T0, T1, T2 or T3"),
            (r#"{"kind":"global","each":true}"#, "all spend"),
            (r#"{"kind":"global","valeu":"x"}"#, "valeu"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
