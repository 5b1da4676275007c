//! The gateway's HTTP surface. One endpoint per file; dashboards have no door here.

mod authenticate;
mod body;
mod cache_entries;
mod calls;
mod collections;
mod feedback;
mod guard;
mod health;
mod listing;
mod metrics;
mod rate;
mod reply;
mod search;
pub mod server;
mod wishes;

use crate::config::Config;
use axum::{
    Router, middleware,
    routing::{delete, get, post, put},
};
use std::{net::SocketAddr, sync::Arc};
use weir_engine::engine::Engine;

/// What every endpoint shares.
#[derive(Clone)]
pub struct GatewayState {
    pub engine: Arc<Engine>,
    pub config: Arc<Config>,
    pub(crate) guard: Arc<guard::Guard>,
}

impl GatewayState {
    /// State for a gateway that listens at `address`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, config: Arc<Config>, address: SocketAddr) -> GatewayState {
        let guard = Arc::new(guard::Guard::new(&config.file.gateway, address));
        GatewayState {
            engine,
            config,
            guard,
        }
    }
}

/// All routes. This is the list; there is no other.
pub fn router(state: GatewayState) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(calls::chat_completions))
        .route("/v1/messages", post(calls::messages))
        .route("/v1/embeddings", post(calls::embeddings))
        .route("/v1/feedback", post(feedback::feedback))
        .route("/v1/collections", get(collections::list))
        .route(
            "/v1/collections/{name}",
            put(collections::put)
                .get(collections::get)
                .delete(collections::delete),
        )
        .route(
            "/v1/collections/{name}/items",
            post(collections::add_items).delete(collections::delete_items),
        )
        .route("/v1/search", post(search::search))
        .route("/v1/models", get(listing::models))
        .route("/v1/providers", get(listing::providers))
        .route("/v1/cache/stats", get(listing::cache_stats))
        .route("/v1/cache/entries", delete(cache_entries::delete))
        .route("/metrics", get(metrics::metrics))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::method_not_allowed)
        .layer(middleware::from_fn_with_state(state.clone(), guard::check))
        .with_state(state)
}
