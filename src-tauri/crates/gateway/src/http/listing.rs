//! The free endpoints: what models and providers there are, and how the cache does.

use super::{
    GatewayState,
    authenticate::{NotAllowed, authenticate, status_of},
    rate::put_rates,
    reply,
    server::ClientAddress,
};
use axum::{
    Json,
    extract::{Extension, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::atomic::Ordering};
use weir_contract::model::{
    cache::CacheSelector,
    key::{KeyEndpoint, VirtualKey},
    tier::Tier,
};
use weir_engine::{
    call::RefusalCode,
    limit::{
        headers::RateHeaders,
        limiter::LimitHold,
        subject::{CallClass, Caller, Weight},
    },
    pipeline::Problem,
    request::ClientProtocol,
    scopes::may_use_model,
    settings::ModelRef,
};

/// A read that was let through: what its answer says of limits, and what it holds until it ends.
pub(super) struct Reading {
    _hold: LimitHold,
    pub(super) key: VirtualKey,
    rates: Vec<RateHeaders>,
}

impl Reading {
    pub(super) fn answer(&self, body: Value) -> Response {
        let mut response = Json(body).into_response();
        put_rates(&mut response, &self.rates);
        response
    }
}

/// Checks the key and the limits on reads.
async fn checked(
    state: &GatewayState,
    client: ClientAddress,
    headers: &HeaderMap,
) -> Result<Reading, Response> {
    checked_for(state, client, headers, KeyEndpoint::Listings).await
}

/// The same for an endpoint that a key may be kept from.
pub(super) async fn checked_for(
    state: &GatewayState,
    client: ClientAddress,
    headers: &HeaderMap,
    endpoint: KeyEndpoint,
) -> Result<Reading, Response> {
    let key = authenticate(state, headers, endpoint).await;
    admitted(state, client, headers, key).await
}

/// Counts a request like a read, if its key is good.
pub(super) async fn admitted(
    state: &GatewayState,
    client: ClientAddress,
    headers: &HeaderMap,
    key: Result<VirtualKey, NotAllowed>,
) -> Result<Reading, Response> {
    let key = key.map_err(|problem| {
        let (status, code) = status_of(&problem);
        reply::error(
            ClientProtocol::ChatCompletions,
            status,
            code,
            &problem.to_string(),
        )
    })?;
    let said = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let ip = client.0.ip().to_string();
    let caller = Caller {
        key: &key.id,
        user: said("x-weir-user").trim(),
        ip: &ip,
        event: said("x-weir-event").trim(),
        intent: "",
        class: CallClass::Read,
        own: None,
    };
    match state.engine.limiter.admit(&caller, &Weight::REQUEST).await {
        Ok(mut hold) => Ok(Reading {
            rates: std::mem::take(&mut hold.headers),
            _hold: hold,
            key,
        }),
        Err(refusal) => {
            let problem = Problem {
                retry_after_seconds: refusal.retry_after_seconds(),
                ..Problem::new(RefusalCode::RateLimited, refusal.in_words())
            };
            let mut response = reply::refusal(ClientProtocol::ChatCompletions, problem.bare());
            put_rates(&mut response, &refusal.headers);
            Err(response)
        }
    }
}

/// `GET /v1/models`: `auto`, and every model on the ladder that the key may use.
pub(super) async fn models(
    State(state): State<GatewayState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Response {
    let reading = match checked(&state, client, &headers).await {
        Ok(reading) => reading,
        Err(refusal) => return refusal,
    };
    let settings = state.engine.settings();
    let may_use = |model: &ModelRef| may_use_model(&reading.key.scopes, &settings, model).is_ok();
    let mut names: BTreeSet<(String, String)> = BTreeSet::new();
    for tier in Tier::ALL {
        names.extend(
            settings
                .tier(tier)
                .iter()
                .filter(|model| may_use(model))
                .map(|model| (model.to_string(), model.provider.clone())),
        );
    }
    names.extend(
        settings
            .embedding_model
            .iter()
            .filter(|model| may_use(model))
            .map(|model| (model.to_string(), model.provider.clone())),
    );
    let model = |id: &str, owner: &str| {
        // Both protocols' lists in one: OpenAI's fields, and `type` and `display_name` as Anthropic's SDK reads them.
        json!({"id": id, "object": "model", "created": 0, "owned_by": owner, "type": "model", "display_name": id, "created_at": "1970-01-01T00:00:00Z"})
    };
    let mut list = vec![model("auto", "weir")];
    list.extend(names.iter().map(|(id, owner)| model(id, owner)));
    let first = list.first().map(|one| one["id"].clone());
    let last = list.last().map(|one| one["id"].clone());
    reading.answer(
        json!({"object": "list", "data": list, "has_more": false, "first_id": first, "last_id": last}),
    )
}

/// `GET /v1/providers`: names, protocols and health; no addresses and no keys.
pub(super) async fn providers(
    State(state): State<GatewayState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Response {
    let reading = match checked(&state, client, &headers).await {
        Ok(reading) => reading,
        Err(refusal) => return refusal,
    };
    let settings = state.engine.settings();
    let one = |(name, running): (&String, &weir_engine::settings::RunningProvider)| {
        let breakers = state.engine.breaker_positions(name);
        let of_it: Vec<Value> = breakers
            .into_iter()
            .map(|(model, position)| json!({"model": model, "breaker": position}))
            .collect();
        json!({
            "name": name,
            "protocol": running.config.protocol,
            "default": *name == settings.default_provider,
            "key_present": running.key_present,
            "simulated": running.is_simulated(),
            "models": of_it,
        })
    };
    let list: Vec<Value> = settings.providers.iter().map(one).collect();
    reading.answer(json!({"object": "list", "data": list}))
}

/// `GET /v1/cache/stats`: since the start of this process, and what is stored.
pub(super) async fn cache_stats(
    State(state): State<GatewayState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Response {
    let reading = match checked(&state, client, &headers).await {
        Ok(reading) => reading,
        Err(refusal) => return refusal,
    };
    let [response, semantic, misses, bypassed] =
        [0, 1, 2, 3].map(|index: usize| state.engine.counters.cache[index].load(Ordering::Relaxed));
    let asked = response + semantic + misses;
    let hit_rate = (asked > 0).then(|| (response + semantic) as f64 / asked as f64);
    let (memory_entries, memory_bytes) = state.engine.memory.size();
    let (search_vectors, search_bytes) = state.engine.search.size();
    let stored = match state.engine.store.extent(&CacheSelector::All).await {
        Ok(extent) => json!({"entries": extent.entries, "bytes": extent.bytes}),
        Err(problem) => json!({"error": problem.to_string()}),
    };
    let saved = weir_contract::NanoUsd(state.engine.counters.saved_nanousd.load(Ordering::Relaxed));
    reading.answer(json!({
        "hits": {"response": response, "semantic": semantic},
        "misses": misses,
        "bypassed": bypassed,
        "hit_rate": hit_rate,
        "saved_usd": saved.to_decimal(),
        "memory": {"entries": memory_entries, "bytes": memory_bytes},
        "stored": stored,
        "search": {
            "hits": state.engine.counters.search_hits.load(Ordering::Relaxed),
            "misses": state.engine.counters.search_misses.load(Ordering::Relaxed),
            "memory": {"vectors": search_vectors, "bytes": search_bytes},
        },
    }))
}
