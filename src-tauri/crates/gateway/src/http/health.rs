//! Whether the process lives, and whether it can take calls.

use super::GatewayState;
use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

/// Always 200 while the process answers at all.
pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

/// 200 when the database answers; 503 with the reason when it does not.
pub(super) async fn ready(State(state): State<GatewayState>) -> (StatusCode, Json<Value>) {
    let settings = state.engine.settings();
    match state.engine.store.config_version().await {
        Ok(_) if !state.engine.store_is_broken() => {
            let mut ready = json!({"status": "ready", "config_version": settings.version});
            // Calls are answered without it, so it never makes a gateway unready.
            if let Some(shared) = state.engine.shared_cache() {
                ready["redis"] = shared
                    .problem()
                    .map_or_else(|| json!("ready"), |problem| json!(problem));
            }
            (StatusCode::OK, Json(ready))
        }
        Ok(_) => not_ready("the last write to the database failed"),
        Err(problem) => not_ready(&problem.to_string()),
    }
}

fn not_ready(reason: &str) -> (StatusCode, Json<Value>) {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(json!({"status": "not ready", "reason": reason})),
    )
}
