//! `DELETE /v1/cache/entries`: an application drops answers whose source has changed, or that were made for a user.

use super::{
    GatewayState,
    authenticate::{NotAllowed, authenticate},
    body,
    listing::admitted,
    reply,
    server::ClientAddress,
};
use axum::{
    body::Body,
    extract::{Extension, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use weir_contract::model::{
    cache::CacheSelector,
    key::{KeyEndpoint, VirtualKey},
};
use weir_engine::{
    change::Act,
    pipeline::tenant_of,
    request::ClientProtocol,
    store::{Clearing, UNDO_CLEAR_MS},
};

const WHAT_TO_SEND: &str =
    "send one of ?source=, ?user= and ?key= with a value, and purge=true where it must not come back";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    source: Option<String>,
    user: Option<String>,
    key: Option<String>,
    #[serde(default)]
    purge: bool,
}

impl Wish {
    /// What is meant, if it is one thing.
    fn selector(self) -> Option<CacheSelector> {
        let selector = match (self.source, self.user, self.key) {
            (Some(source), None, None) => CacheSelector::Source(source),
            (None, Some(user), None) => CacheSelector::User(user),
            (None, None, Some(key)) => CacheSelector::Entry(key),
            _ => return None,
        };
        (!selector.parts().1.trim().is_empty()).then_some(selector)
    }
}

/// Whoever may buy answers may drop them.
async fn key_of(state: &GatewayState, headers: &HeaderMap) -> Result<VirtualKey, NotAllowed> {
    let mut outcome = authenticate(state, headers, KeyEndpoint::ChatCompletions).await;
    for endpoint in [KeyEndpoint::Messages, KeyEndpoint::Embeddings] {
        if !matches!(outcome, Err(NotAllowed::Scope(_))) {
            break;
        }
        outcome = authenticate(state, headers, endpoint).await;
    }
    outcome
}

pub(super) async fn delete(
    State(state): State<GatewayState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
    wish: Result<Query<Wish>, QueryRejection>,
    body: Body,
) -> Response {
    body::pass_over(&headers, body).await;
    let key = key_of(&state, &headers).await;
    let reading = match admitted(&state, client, &headers, key).await {
        Ok(reading) => reading,
        Err(refusal) => return refusal,
    };
    let failed =
        |status, code, message: &str| reply::error(ClientProtocol::ChatCompletions, status, code, message);
    let wish = match wish {
        Ok(Query(wish)) => wish,
        Err(problem) => {
            let message = format!("{}; {WHAT_TO_SEND}", problem.body_text());
            return failed(400, "invalid_request", &message);
        }
    };
    let purge = wish.purge;
    let Some(selector) = wish.selector() else {
        return failed(400, "invalid_request", WHAT_TO_SEND);
    };
    let clearing = Clearing {
        selector,
        // Answers of others are nobody else's to drop.
        tenant: Some(tenant_of(&reading.key)),
        purge,
    };
    let engine = &state.engine;
    let mut act = Act::of_weir("gateway", engine.clock.now_ms());
    act.actor.user = format!("key:{}", reading.key.id);
    act.command = "cache.clear".to_owned();
    let cleared = match engine.store.clear(&clearing, &act).await {
        Ok(cleared) => cleared,
        Err(problem) => return failed(503, "store_unavailable", &problem.to_string()),
    };
    // This gateway's memory at once; the others follow within two seconds.
    engine.forget_cleared_here(&clearing.selector).await;
    reading.answer(json!({
        "object": "cache.clear",
        "id": cleared.seq,
        "entries": cleared.extent.entries,
        "bytes": cleared.extent.bytes,
        "purged": purge,
        "undo_until_ms": (!purge).then_some(act.now_ms + UNDO_CLEAR_MS),
    }))
}

#[cfg(test)]
mod tests {
    use super::{CacheSelector, Wish};

    fn wish(source: Option<&str>, user: Option<&str>, key: Option<&str>) -> Wish {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Wish {
            source: owned(source),
            user: owned(user),
            key: owned(key),
            purge: false,
        }
    }

    #[test]
    fn one_thing_is_meant_or_nothing() {
        assert_eq!(
            wish(Some("wiki"), None, None).selector(),
            Some(CacheSelector::Source("wiki".into()))
        );
        assert_eq!(
            wish(None, None, Some("ab")).selector(),
            Some(CacheSelector::Entry("ab".into()))
        );
        for wrong in [
            wish(None, None, None),
            wish(Some(" "), None, None),
            wish(Some("a"), Some("b"), None),
        ] {
            assert_eq!(wrong.selector(), None);
        }
    }
}
