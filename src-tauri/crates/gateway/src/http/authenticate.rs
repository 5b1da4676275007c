//! Who calls: the virtual key from `Authorization` or `x-api-key`, with guesses slowed down.

use super::GatewayState;
use axum::http::{HeaderMap, header};
use std::time::Duration;
use weir_contract::model::key::{KeyEndpoint, VirtualKey};
use weir_engine::{call::RefusalCode, keyring::KeyError, scopes::may_use_endpoint};

/// A wrong key is answered only after this long, so that ten guesses a second per connection are the most.
const AFTER_A_WRONG_KEY: Duration = Duration::from_millis(100);

/// Why a request was not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAllowed {
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key is good, but not for this endpoint.
    #[error("{0}")]
    Scope(String),
}

/// The key of a request to this endpoint.
pub(crate) async fn authenticate(
    state: &GatewayState,
    headers: &HeaderMap,
    endpoint: KeyEndpoint,
) -> Result<VirtualKey, NotAllowed> {
    let token = token_of(headers).ok_or(KeyError::Missing)?;
    let outcome = state.engine.keyring.authenticate(token).await;
    if matches!(outcome, Err(KeyError::Invalid | KeyError::Revoked)) {
        tokio::time::sleep(AFTER_A_WRONG_KEY).await;
    }
    let key = outcome?;
    may_use_endpoint(&key.scopes, endpoint).map_err(NotAllowed::Scope)?;
    Ok(key)
}

/// Status and code of a request that was not let in.
pub(crate) fn status_of(problem: &NotAllowed) -> (u16, &'static str) {
    match problem {
        NotAllowed::Key(KeyError::Missing | KeyError::Invalid | KeyError::Revoked) => {
            (401, "invalid_api_key")
        }
        NotAllowed::Key(KeyError::Expired(_)) => (401, "api_key_expired"),
        NotAllowed::Key(KeyError::RotatedAway(_)) => (401, "api_key_rotated"),
        NotAllowed::Key(KeyError::Store(_)) => (503, "store_unavailable"),
        NotAllowed::Scope(_) => (403, RefusalCode::ScopeMissing.as_str()),
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
