//! What holds for a key however it is made or changed.

use crate::check;
use weir_contract::{
    ApiError,
    model::key::{KeyScopes, VirtualKey},
};

/// Most models or intents that a key may be kept to.
const MOST_NAMES: usize = 64;
/// The year 9999.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Names without blanks at their ends, each once.
pub(super) fn tidy(mut scopes: KeyScopes) -> KeyScopes {
    let tidied = |names: &mut Vec<String>| {
        for name in names.iter_mut() {
            *name = name.trim().to_owned();
        }
        names.sort();
        names.dedup();
    };
    tidied(&mut scopes.models);
    tidied(&mut scopes.intents);
    scopes.endpoints.sort();
    scopes.endpoints.dedup();
    scopes.tiers.sort();
    scopes.tiers.dedup();
    scopes
}

/// # Errors
/// `InvalidArgument` naming the field.
pub(super) fn validate(key: &VirtualKey, now_ms: i64) -> Result<(), ApiError> {
    if key.name.is_empty() {
        return Err(ApiError::invalid(
            "name: is empty; say who or what will use the key",
        ));
    }
    check::line("name", &key.name, 64)?;
    check::line("owner", &key.owner, 64)?;
    check::line("team", &key.team, 64)?;
    for (field, names) in [
        ("scopes.models", &key.scopes.models),
        ("scopes.intents", &key.scopes.intents),
    ] {
        if names.len() > MOST_NAMES {
            return Err(ApiError::invalid(format!("{field}: at most {MOST_NAMES} names")));
        }
        for name in names {
            if name.is_empty() {
                return Err(ApiError::invalid(format!(
                    "{field}: holds an empty name; leave the list empty to allow all"
                )));
            }
            check::line(field, name, 200)?;
        }
    }
    if let Some(limit) = key.limit {
        if !(1..=1_000_000).contains(&limit.max_requests) {
            return Err(ApiError::invalid(format!(
                "limit.max_requests: {} is not between 1 and 1000000; to keep a caller out, revoke its key",
                limit.max_requests
            )));
        }
        if !(1..=86_400).contains(&limit.window_seconds) {
            return Err(ApiError::invalid(format!(
                "limit.window_seconds: {} is not between 1 and 86400 (one day)",
                limit.window_seconds
            )));
        }
    }
    match key.expires_ms {
        Some(expires_ms) if expires_ms <= now_ms => Err(ApiError::invalid(
            "expires_ms: this moment is over; choose a later one, or revoke the key to stop it now",
        )),
        Some(expires_ms) if expires_ms > LATEST_MS => Err(ApiError::invalid(
            "expires_ms: UNIX milliseconds up to the year 9999; leave it out for a key that never expires",
        )),
        _ => Ok(()),
    }
}

/// Whoever pastes the whole key must not find its secret in an error message or a log.
///
/// # Errors
/// `InvalidArgument` that says what to send.
pub(super) fn public_id(id: &str) -> Result<(), ApiError> {
    if id.starts_with(super::KEY_PREFIX) {
        return Err(ApiError::invalid(
            "id: send only the public part, the 12 characters after \"sk-weir-\", never the whole key",
        ));
    }
    Ok(())
}

pub(super) fn no_such_key() -> ApiError {
    ApiError::not_found("there is no key with this id; `keys.list` shows all, with their ids")
}

#[cfg(test)]
mod tests {
    use super::{tidy, validate};
    use weir_contract::model::key::{KeyLimit, KeyScopes, VirtualKey};

    fn complaint(change: fn(&mut VirtualKey)) -> String {
        let mut key = VirtualKey {
            name: "laptop".into(),
            ..VirtualKey::default()
        };
        assert!(validate(&key, 1_000).is_ok());
        change(&mut key);
        validate(&key, 1_000).unwrap_err().message
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert!(complaint(|key| key.name.clear()).starts_with("name: "));
        assert!(complaint(|key| key.owner = "two\nlines".into()).starts_with("owner: "));
        assert!(complaint(|key| key.expires_ms = Some(1_000)).starts_with("expires_ms: "));
        assert!(complaint(|key| key.expires_ms = Some(i64::MAX)).starts_with("expires_ms: "));
        assert!(complaint(|key| key.scopes.models = vec![String::new()]).starts_with("scopes.models: "));
        assert!(complaint(|key| key.scopes.intents = vec!["x".into(); 65]).starts_with("scopes.intents: "));
        let none = |key: &mut VirtualKey| {
            key.limit = Some(KeyLimit {
                max_requests: 0,
                window_seconds: 60,
            });
        };
        assert!(complaint(none).starts_with("limit.max_requests: "));
    }

    #[test]
    fn names_are_kept_once() {
        let scopes = KeyScopes {
            models: vec![" b".into(), "a".into(), "b ".into()],
            ..KeyScopes::default()
        };
        assert_eq!(tidy(scopes).models, ["a", "b"]);
    }
}
