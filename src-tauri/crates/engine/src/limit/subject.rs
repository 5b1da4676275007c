//! Which limits a request comes under, whose count it adds to, and by how much.

use super::account::rest_ms;
use sha2::{Digest, Sha256};
use weir_contract::model::{
    key::KeyLimit,
    limit::{EndpointClass, Limit, LimitMeasure, LimitSubject},
};

/// Longer values of a client count under their hash.
const LONGEST_CALLER_BYTES: usize = 128;

/// Who asks, and for what. A limit whose subject is not given does not apply to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caller<'a> {
    pub key: &'a str,
    pub user: &'a str,
    pub ip: &'a str,
    pub event: &'a str,
    pub intent: &'a str,
    pub class: CallClass,
    /// The limit that the key brings along, of model calls.
    pub own: Option<KeyLimit>,
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallClass {
    #[default]
    Model,
    /// A model call too, and large by itself.
    Expensive,
    Read,
}

/// What a request would take from limits. What it does not take part in is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    pub requests: Option<i64>,
    pub concurrent: Option<i64>,
    pub tokens: Option<i64>,
    pub nanousd: Option<i64>,
}

impl Weight {
    /// One request that is under way.
    pub const REQUEST: Weight = Weight {
        requests: Some(1),
        concurrent: Some(1),
        tokens: None,
        nanousd: None,
    };

    /// How much of this measure.
    #[must_use]
    pub fn of(&self, measure: LimitMeasure) -> Option<i64> {
        match measure {
            LimitMeasure::Requests => self.requests,
            LimitMeasure::Concurrent => self.concurrent,
            LimitMeasure::Tokens => self.tokens,
            LimitMeasure::Dollars => self.nanousd,
        }
        .filter(|amount| *amount > 0)
    }
}

/// Whose count the request adds to under this limit, if it comes under it.
#[must_use]
pub fn counted<'a>(limit: &Limit, caller: &Caller<'a>) -> Option<&'a str> {
    let class = match limit.endpoint_class {
        EndpointClass::Every => true,
        EndpointClass::ModelCalls => caller.class != CallClass::Read,
        EndpointClass::Expensive => caller.class == CallClass::Expensive,
        EndpointClass::Reads => caller.class == CallClass::Read,
    };
    let value = match limit.subject {
        LimitSubject::Key => caller.key,
        LimitSubject::User => caller.user,
        LimitSubject::Ip => caller.ip,
        LimitSubject::Event => caller.event,
        LimitSubject::Intent => caller.intent,
        LimitSubject::Everyone => "everyone",
    };
    Some(value).filter(|value| class && !value.is_empty())
}

/// The name of a caller's count: its value, or the hash of a long one.
#[must_use]
pub fn count_name(value: &str) -> String {
    if value.len() <= LONGEST_CALLER_BYTES {
        return value.to_owned();
    }
    let hash = Sha256::digest(value.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256 {hex}")
}

/// The name under which a limit's slots are kept. Another number, window or mode keeps what was counted; another measure,
/// subject or class counts something else, and starts afresh.
#[must_use]
pub fn pool_of(limit: &Limit) -> String {
    let (measure, subject) = (limit.measure.as_str(), limit.subject.as_str());
    format!(
        "{measure} {subject} {} {}",
        limit.endpoint_class.as_str(),
        limit.name
    )
}

/// How a key's own limit is called in headers and refusals.
pub const OWN_LIMIT: &str = "key-own-limit";
/// What the pools of keys' own limits begin with. It sorts after every measure, so that all others come before it.
pub const OWN_POOLS: &str = "~own ";

/// The limit that a key brings along, as one that an admin might write for that key alone, and the name of its slots.
#[must_use]
pub fn own_limit(key_id: &str, own: KeyLimit) -> (String, Limit) {
    let limit = Limit {
        name: OWN_LIMIT.to_owned(),
        subject: LimitSubject::Key,
        measure: LimitMeasure::Requests,
        endpoint_class: EndpointClass::ModelCalls,
        most: i64::from(own.max_requests),
        window_seconds: own.window_seconds,
        enabled: true,
        shadow: false,
    };
    (format!("{OWN_POOLS}{key_id}"), limit)
}

/// How long a used slot of the limit rests: its window and a little more; 0 for calls at the same time.
#[must_use]
pub fn rest_of(limit: &Limit) -> i64 {
    match limit.measure {
        LimitMeasure::Concurrent => 0,
        _ => rest_ms(i64::from(limit.window_seconds) * 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expensive_call_is_a_model_call_too_and_a_read_is_neither() {
        let mut limit = Limit {
            name: "l".into(),
            subject: LimitSubject::Key,
            measure: LimitMeasure::Requests,
            endpoint_class: EndpointClass::ModelCalls,
            most: 1,
            window_seconds: 1,
            enabled: true,
            shadow: false,
        };
        let caller = |class| Caller {
            key: "k",
            class,
            ..Caller::default()
        };
        let counts = |limit: &Limit| {
            [CallClass::Model, CallClass::Expensive, CallClass::Read]
                .map(|class| counted(limit, &caller(class)).is_some())
        };
        assert_eq!(counts(&limit), [true, true, false]);
        limit.endpoint_class = EndpointClass::Expensive;
        assert_eq!(counts(&limit), [false, true, false]);
        limit.endpoint_class = EndpointClass::Reads;
        assert_eq!(counts(&limit), [false, false, true]);
        limit.endpoint_class = EndpointClass::Every;
        assert_eq!(counts(&limit), [true, true, true]);
        limit.subject = LimitSubject::User;
        assert_eq!(counts(&limit), [false, false, false]);
        assert_eq!(count_name(&"x".repeat(129)).len(), 7 + 64);
    }
}
