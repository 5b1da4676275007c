//! Which caps count a call, and under which name each keeps its count. Pure.

use crate::settings::ModelRef;
use sha2::{Digest, Sha256};
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapScope, CapSubject},
        tier::Tier,
    },
};

/// Longest value that stands in a ledger key as it is. Values come from clients.
const LONGEST_VALUE_BYTES: usize = 128;

/// What is known of a call before a model is chosen.
#[derive(Debug, Clone, Copy)]
pub struct CallFacts<'a> {
    pub key: &'a str,
    pub user: &'a str,
    pub team: &'a str,
    pub intent: &'a str,
    pub event: &'a str,
}

/// The model that is about to be asked.
#[derive(Debug, Clone, Copy)]
pub struct AnswerFacts<'a> {
    pub tier: Option<Tier>,
    pub model: &'a ModelRef,
}

/// A cap as it counts one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted<'a> {
    pub cap: &'a Cap,
    /// Under which name the ledger keeps the count.
    pub ledger_key: String,
    /// Whose spend it is, as it came; empty where the cap's name says it all.
    pub value: String,
    /// Whose spend it is, such as `user "ana"`; empty where the cap's name says it all.
    pub whose: String,
}

impl Counted<'_> {
    /// The cap's name, with whose spend it counts: `per-user (user "ana")`.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.whose.is_empty() {
            format!("\"{}\"", self.cap.name)
        } else {
            format!("\"{}\" ({})", self.cap.name, self.whose)
        }
    }
    /// The most that may be spent; none where the cap only watches or steers.
    #[must_use]
    pub fn bound(&self) -> Option<NanoUsd> {
        self.cap.refuses_at()
    }
}

/// The enabled caps that count a call whatever model answers it.
#[must_use]
pub fn counting_call<'c>(caps: &'c [Cap], call: &CallFacts<'_>) -> Vec<Counted<'c>> {
    caps.iter()
        .filter(|cap| cap.enabled)
        .filter_map(|cap| counted(cap, call, None))
        .collect()
}

/// All enabled caps that count a call when this model answers it.
#[must_use]
pub fn counting<'c>(caps: &'c [Cap], call: &CallFacts<'_>, answer: AnswerFacts<'_>) -> Vec<Counted<'c>> {
    caps.iter()
        .filter(|cap| cap.enabled)
        .filter_map(|cap| counted(cap, call, Some(answer)))
        .collect()
}

fn counted<'c>(cap: &'c Cap, call: &CallFacts<'_>, answer: Option<AnswerFacts<'_>>) -> Option<Counted<'c>> {
    let (subject, wanted) = match &cap.scope {
        CapScope::Global => return Some(by_name(cap)),
        CapScope::One { subject, value } => (*subject, Some(value.as_str())),
        CapScope::Each(subject) => (*subject, None),
    };
    let value = match subject {
        CapSubject::Tier => answer?.tier?.as_str().to_owned(),
        CapSubject::Model => answer?.model.to_string(),
        CapSubject::Key => call.key.to_owned(),
        CapSubject::User => call.user.to_owned(),
        CapSubject::Team => call.team.to_owned(),
        CapSubject::Intent => call.intent.to_owned(),
        CapSubject::Event => call.event.to_owned(),
    };
    let Some(wanted) = wanted else {
        return Some(Counted {
            ledger_key: ledger_key(&cap.name, subject, &value),
            whose: whose(subject, &value),
            value,
            cap,
        });
    };
    let is_it = value == wanted
        || (subject == CapSubject::Model && answer.is_some_and(|answer| answer.model.model == wanted));
    is_it.then(|| match subject {
        // Caps of a tier were kept under their name before there were others.
        CapSubject::Tier => by_name(cap),
        _ => Counted {
            ledger_key: ledger_key(&cap.name, subject, wanted),
            whose: whose(subject, wanted),
            value,
            cap,
        },
    })
}

fn by_name(cap: &Cap) -> Counted<'_> {
    Counted {
        cap,
        ledger_key: cap.name.clone(),
        value: String::new(),
        whose: String::new(),
    }
}

fn whose(subject: CapSubject, value: &str) -> String {
    let kind = subject.as_str();
    if value.is_empty() {
        return format!("calls that name no {kind}");
    }
    let mut shown: String = value.chars().take(LONGEST_VALUE_BYTES).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("{kind} {shown:?}")
}

/// What all ledger keys of one cap with *each* scope begin with, and no other cap's: names hold no `=`.
#[must_use]
pub fn ledger_prefix(cap_name: &str, subject: CapSubject) -> String {
    format!("{cap_name}={}", subject.as_str())
}

/// The ledger key of one value. Short plain values stand behind a colon; long ones, and those with control characters,
/// stand as their hash behind a number sign. So no two values share a key, and none is longer than it should be.
#[must_use]
pub fn ledger_key(cap_name: &str, subject: CapSubject, value: &str) -> String {
    let prefix = ledger_prefix(cap_name, subject);
    if value.len() <= LONGEST_VALUE_BYTES && !value.chars().any(char::is_control) {
        return format!("{prefix}:{value}");
    }
    let digest = Sha256::digest(value.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}#{hex}")
}

/// The value that a ledger key with this prefix counts, as it is shown.
#[must_use]
pub fn value_of(prefix: &str, ledger_key: &str) -> Option<String> {
    let rest = ledger_key.strip_prefix(prefix)?;
    match rest.split_at_checked(1)? {
        (":", value) => Some(value.to_owned()),
        ("#", hash) => Some(format!("sha256 {hash}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use weir_contract::model::cap::{CapPeriod, CapStep};

    fn cap(scope: CapScope) -> Cap {
        Cap {
            name: "c".into(),
            scope,
            period: CapPeriod::Day,
            time_zone: "UTC".into(),
            limit_nanousd: NanoUsd(1),
            steps: CapStep::tell_and_refuse(80),
            enabled: true,
            manner: weir_contract::model::cap::CapManner::default(),
        }
    }

    fn keys_of(scope: CapScope) -> Vec<String> {
        let call = CallFacts {
            key: "k1",
            user: "ana",
            team: "",
            intent: "faq",
            event: "checkout",
        };
        let model = ModelRef {
            provider: "openai".into(),
            model: "vendor/m".into(),
        };
        let answer = AnswerFacts {
            tier: Some(Tier::T1),
            model: &model,
        };
        let caps = [cap(scope)];
        let found = counting(&caps, &call, answer);
        found.into_iter().map(|counted| counted.ledger_key).collect()
    }

    #[test]
    fn each_scope_counts_what_it_names() {
        use CapSubject::{Event, Intent, Key, Model, Team, Tier as Rung, User};
        for (scope, expected) in [
            (CapScope::Global, Some("c")),
            (CapScope::tier(Tier::T1), Some("c")),
            (CapScope::tier(Tier::T2), None),
            (CapScope::one(User, "ana"), Some("c=user:ana")),
            (CapScope::one(User, "Ana"), None),
            (CapScope::one(Key, "k1"), Some("c=key:k1")),
            (CapScope::one(Team, "growth"), None),
            (CapScope::one(Intent, "faq"), Some("c=intent:faq")),
            (CapScope::one(Event, "checkout"), Some("c=event:checkout")),
            (
                CapScope::one(Model, "openai/vendor/m"),
                Some("c=model:openai/vendor/m"),
            ),
            (CapScope::one(Model, "vendor/m"), Some("c=model:vendor/m")),
            (CapScope::one(Model, "m"), None),
            (CapScope::Each(User), Some("c=user:ana")),
            (CapScope::Each(Team), Some("c=team:")),
            (CapScope::Each(Rung), Some("c=tier:T1")),
            (CapScope::Each(Model), Some("c=model:openai/vendor/m")),
        ] {
            let found = keys_of(scope.clone());
            assert_eq!(
                found.first().map(String::as_str),
                expected,
                "{scope:?}: {found:?}"
            );
        }
    }

    #[test]
    fn nothing_of_the_answer_counts_before_there_is_one() {
        let call = CallFacts {
            key: "",
            user: "",
            team: "",
            intent: "",
            event: "",
        };
        let mut off = cap(CapScope::Global);
        off.enabled = false;
        let caps = [
            cap(CapScope::tier(Tier::T0)),
            cap(CapScope::Each(CapSubject::Model)),
            cap(CapScope::Each(CapSubject::Event)),
            off,
        ];
        let found = counting_call(&caps, &call);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].in_words(), "\"c\" (calls that name no event)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        /// Two values, or two caps, never share a ledger key, whatever the values contain, and keys stay short.
        #[test]
        fn ledger_keys_are_unambiguous(
            names in prop::array::uniform2("[a-z0-9-]{1,8}"),
            subjects in prop::array::uniform2(prop::sample::select(CapSubject::ALL.as_slice())),
            values in prop::array::uniform2(prop_oneof![
                "[=:#a-z\u{0}ü]{0,6}", "(user|key)?[=:#]{1,3}[a-z]{0,3}", ".{120,140}", "[a-f0-9]{64}", any::<String>(),
            ]),
        ) {
            let keys: Vec<String> = (0..2).map(|n| ledger_key(&names[n], subjects[n], &values[n])).collect();
            let same = (&names[0], subjects[0], &values[0]) == (&names[1], subjects[1], &values[1]);
            prop_assert_eq!(keys[0] == keys[1], same);
            for (((key, name), subject), value) in keys.iter().zip(&names).zip(subjects).zip(&values) {
                prop_assert!(key.len() <= name.len() + 1 + 6 + 1 + LONGEST_VALUE_BYTES);
                prop_assert!(!key.chars().any(char::is_control));
                let shown = value_of(&ledger_prefix(name, subject), key).unwrap();
                prop_assert!(shown == *value || shown.starts_with("sha256 "));
                // A plain name has no "=", so it is never a value's key.
                prop_assert!(!names.contains(key));
            }
        }
    }
}
