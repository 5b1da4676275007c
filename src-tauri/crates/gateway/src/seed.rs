//! What a database begins with when it has never been configured.

use crate::config::Config;
use weir_engine::store::{Store, StoreError};

/// Writes the starting caps, limits and rollouts into a database that has never been configured.
///
/// # Errors
/// The store's.
pub async fn seed(store: &dyn Store, config: &Config, now_ms: i64) -> Result<(), StoreError> {
    if store.config_version().await? > 0 {
        return Ok(());
    }
    let mut items: Vec<(&str, String, String)> = Vec::new();
    let json = |value: serde_json::Result<String>| {
        value.map_err(|problem| StoreError::Incompatible(problem.to_string()))
    };
    for cap in config.file.starting_caps() {
        items.push(("cap", cap.name.clone(), json(serde_json::to_string(&cap))?));
    }
    for limit in config.file.starting_limits() {
        items.push(("limit", limit.name.clone(), json(serde_json::to_string(&limit))?));
    }
    for rollout in &config.file.rollouts {
        items.push((
            "rollout",
            rollout.name.clone(),
            json(serde_json::to_string(rollout))?,
        ));
    }
    for (kind, name, body) in items {
        store
            .save_config(kind, &name, &body, 0, "first start", now_ms)
            .await?;
    }
    Ok(())
}
