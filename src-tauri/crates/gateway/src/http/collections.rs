//! `/v1/collections`: the texts that an application wants searched. A key sees those of its team alone.

use super::{
    GatewayState, body,
    listing::{Reading, checked_for},
    search::{failed, read},
    server::ClientAddress,
};
use axum::{
    body::Body,
    extract::{Extension, Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_contract::model::key::KeyEndpoint;
use weir_engine::{
    pipeline::tenant_of,
    search::{
        ItemToAdd, MOST_COLLECTIONS, MOST_ITEMS, MOST_TEXT_BYTES, SearchProblem, check_name, fill::find,
    },
    store::{Collection, ItemSelector},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Items {
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    text: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    metadata: Value,
}

const SHAPE: &str = "send {\"items\": [{\"id\": text, \"text\": text, \"source\": text, \"user\": text, \"metadata\": anything}]}; source, user and metadata may be left out";

type Client = Extension<ClientAddress>;

/// Lets a key in that may embed.
async fn enter(
    state: &GatewayState,
    client: ClientAddress,
    headers: &HeaderMap,
) -> Result<(Reading, String), Response> {
    let reading = checked_for(state, client, headers, KeyEndpoint::Embeddings).await?;
    let tenant = tenant_of(&reading.key);
    Ok((reading, tenant))
}

fn shown(collection: &Collection) -> Value {
    json!({
        "object": "collection",
        "name": collection.name,
        "version": collection.version,
        "items": collection.items,
        "text_bytes": collection.text_bytes,
        "created_ms": collection.created_ms,
        "limits": {"items": MOST_ITEMS, "text_bytes": MOST_TEXT_BYTES},
    })
}

/// `GET /v1/collections`.
pub(super) async fn list(State(state): State<GatewayState>, client: Client, headers: HeaderMap) -> Response {
    let (reading, tenant) = match enter(&state, client.0, &headers).await {
        Ok(entered) => entered,
        Err(refusal) => return refusal,
    };
    match state.engine.store.collections(&tenant).await {
        Ok(all) => {
            let all: Vec<Value> = all.iter().map(shown).collect();
            reading.answer(json!({"object": "list", "data": all}))
        }
        Err(problem) => failed(&problem.into()),
    }
}

/// `GET /v1/collections/{name}`.
pub(super) async fn get(
    State(state): State<GatewayState>,
    client: Client,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (reading, tenant) = match enter(&state, client.0, &headers).await {
        Ok(entered) => entered,
        Err(refusal) => return refusal,
    };
    match find(&state.engine, &tenant, &name).await {
        Ok(collection) => reading.answer(shown(&collection)),
        Err(problem) => failed(&problem),
    }
}

/// `PUT /v1/collections/{name}`: makes it, or leaves it as it is.
pub(super) async fn put(
    State(state): State<GatewayState>,
    client: Client,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // It has nothing to say yet; what a client sends all the same must not break the connection.
    body::pass_over(&headers, body).await;
    let (reading, tenant) = match enter(&state, client.0, &headers).await {
        Ok(entered) => entered,
        Err(refusal) => return refusal,
    };
    let made = async {
        check_name(&name)?;
        let now_ms = state.engine.clock.now_ms();
        let made = state
            .engine
            .store
            .put_collection(&tenant, &name, MOST_COLLECTIONS, now_ms)
            .await?;
        let Some(is_new) = made else {
            return Err(SearchProblem::Bad(format!(
                "there are {MOST_COLLECTIONS} collections already, the most for one team; delete one with DELETE /v1/collections/NAME"
            )));
        };
        Ok((is_new, find(&state.engine, &tenant, &name).await?))
    };
    match made.await {
        Ok((is_new, collection)) => {
            let mut response = reading.answer(shown(&collection));
            if is_new {
                *response.status_mut() = StatusCode::CREATED;
            }
            response
        }
        Err(problem) => failed(&problem),
    }
}

/// `DELETE /v1/collections/{name}`: with its items and results.
pub(super) async fn delete(
    State(state): State<GatewayState>,
    client: Client,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (reading, tenant) = match enter(&state, client.0, &headers).await {
        Ok(entered) => entered,
        Err(refusal) => return refusal,
    };
    match state.engine.store.delete_collection(&tenant, &name).await {
        Ok(true) => reading.answer(json!({"object": "collection", "name": name, "deleted": true})),
        Ok(false) => failed(&SearchProblem::NoCollection(name)),
        Err(problem) => failed(&problem.into()),
    }
}

/// `POST /v1/collections/{name}/items`: all of them, or none.
pub(super) async fn add_items(
    State(state): State<GatewayState>,
    client: Client,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (reading, tenant) = match enter(&state, client.0, &headers).await {
        Ok(entered) => entered,
        Err(refusal) => {
            body::pass_over(&headers, body).await;
            return refusal;
        }
    };
    let most = state.config.file.gateway.max_body_bytes;
    let sent: Items = match read(&headers, body, most, SHAPE).await {
        Ok(sent) => sent,
        Err(refusal) => return refusal,
    };
    let items = sent.items.into_iter().map(|item| ItemToAdd {
        id: item.id,
        text: item.text,
        source: item.source.trim().to_owned(),
        user: item.user.trim().to_owned(),
        metadata: item.metadata,
    });
    match weir_engine::search::add_items(&state.engine, &tenant, &name, items.collect()).await {
        Ok(filled) => reading.answer(json!({
            "object": "collection.items",
            "kept": filled.kept,
            "collection": shown(&filled.collection),
        })),
        Err(problem) => failed(&problem),
    }
}

/// `DELETE /v1/collections/{name}/items?id=…`, or `?source=…`, or `?user=…`.
pub(super) async fn delete_items(
    State(state): State<GatewayState>,
    client: Client,
    Path(name): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let (reading, tenant) = match enter(&state, client.0, &headers).await {
        Ok(entered) => entered,
        Err(refusal) => return refusal,
    };
    let selector = match selector_of(pairs) {
        Ok(selector) => selector,
        Err(problem) => return failed(&problem),
    };
    match state.engine.store.delete_items(&tenant, &name, &selector).await {
        Ok(Some(deleted)) => reading.answer(json!({"object": "collection.items", "deleted": deleted})),
        Ok(None) => failed(&SearchProblem::NoCollection(name)),
        Err(problem) => failed(&problem.into()),
    }
}

/// What a query string selects: ids, or one source, or one user.
fn selector_of(pairs: Vec<(String, String)>) -> Result<ItemSelector, SearchProblem> {
    let wrong = || {
        SearchProblem::Bad(
            "say which items: ?id=A&id=B, or ?source=S, or ?user=U; to delete all, delete the collection"
                .to_owned(),
        )
    };
    let Some(kind) = pairs.first().map(|(kind, _)| kind.clone()) else {
        return Err(wrong());
    };
    if pairs
        .iter()
        .any(|(other, value)| *other != kind || value.trim().is_empty())
    {
        return Err(wrong());
    }
    let mut values: Vec<String> = pairs.into_iter().map(|(_, value)| value).collect();
    match (kind.as_str(), values.len()) {
        ("id", _) => Ok(ItemSelector::Ids(values)),
        ("source", 1) => Ok(ItemSelector::Source(values.remove(0).trim().to_owned())),
        ("user", 1) => Ok(ItemSelector::User(values.remove(0).trim().to_owned())),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_selects_one_kind() {
        let of = |text: &str| {
            let pairs = text.split('&').filter(|pair| !pair.is_empty());
            let pairs = pairs.filter_map(|pair| pair.split_once('='));
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            selector_of(pairs.collect()).ok()
        };
        let ids = |ids: &[&str]| ItemSelector::Ids(ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(of("id=a&id=b"), Some(ids(&["a", "b"])));
        assert_eq!(of("source= wiki "), Some(ItemSelector::Source("wiki".into())));
        assert_eq!(of("user=ana"), Some(ItemSelector::User("ana".into())));
        for wrong in ["", "id=", "source=a&source=b", "id=a&source=b", "all=1", "user= "] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
