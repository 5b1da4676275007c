//! Who calls: the virtual key from `Authorization` or `x-api-key`, with guesses slowed down.

use super::GatewayState;
use axum::http::{HeaderMap, header};
use std::time::Duration;
use weir_contract::model::key::VirtualKey;
use weir_engine::keyring::KeyError;

/// A wrong key is answered only after this long, so that ten guesses a second per connection are the most.
const AFTER_A_WRONG_KEY: Duration = Duration::from_millis(100);

/// The key of a request.
pub(crate) async fn authenticate(state: &GatewayState, headers: &HeaderMap) -> Result<VirtualKey, KeyError> {
    let token = token_of(headers).ok_or(KeyError::Missing)?;
    let outcome = state.engine.keyring.authenticate(token).await;
    if matches!(outcome, Err(KeyError::Invalid | KeyError::Revoked)) {
        tokio::time::sleep(AFTER_A_WRONG_KEY).await;
    }
    outcome
}

/// Status and code of a key that was not accepted.
pub(crate) fn status_of(problem: &KeyError) -> (u16, &'static str) {
    match problem {
        KeyError::Missing | KeyError::Invalid | KeyError::Revoked => (401, "invalid_api_key"),
        KeyError::Store(_) => (503, "store_unavailable"),
    }
}

fn token_of(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    let bearer = text(header::AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    bearer
        .or_else(|| text("x-api-key"))
        .or_else(|| text("x-goog-api-key"))
        .filter(|token| !token.is_empty())
}
