//! What a database begins with when it has never been configured.

use crate::config::Config;
use weir_contract::model::alert::{AlertChannel, ChannelTarget, usual_rules};
use weir_engine::{
    change::Act,
    store::{Store, StoreError},
};

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
        match store
            .save_config(kind, &name, &body, 0, &Act::of_weir("first start", now_ms))
            .await
        {
            // Another gateway starts on the same database at the same time.
            Ok(_) | Err(StoreError::Conflict { .. }) => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// Marks that the usual alert rules were written once: whoever deletes them all does not get them back.
const ALERTS_SEEDED: &str = "alerts_seeded";

/// Writes the usual alert rules into a database that has never had any. They stand on the alerts page; where there is a
/// window, its notifications are a channel of theirs.
///
/// # Errors
/// The store's.
pub async fn seed_alerts(store: &dyn Store, has_window: bool, now_ms: i64) -> Result<(), StoreError> {
    let items = store.config_items().await?;
    let is_done =
        |item: &weir_engine::store::ConfigItem| item.kind == "setting" && item.name == ALERTS_SEEDED;
    if items.iter().any(is_done) {
        return Ok(());
    }
    let json = |value: serde_json::Result<String>| {
        value.map_err(|problem| StoreError::Incompatible(problem.to_string()))
    };
    let mut wanted = Vec::new();
    let desktop = AlertChannel {
        name: "desktop".to_owned(),
        target: ChannelTarget::Desktop,
        enabled: true,
    };
    let channels = if has_window {
        wanted.push((
            weir_admin::channels::KIND,
            desktop.name.clone(),
            json(serde_json::to_string(&desktop))?,
        ));
        vec![desktop.name]
    } else {
        Vec::new()
    };
    for rule in usual_rules(&channels) {
        let body = json(serde_json::to_string(&rule))?;
        wanted.push((weir_admin::alerts::KIND, rule.name, body));
    }
    wanted.push(("setting", ALERTS_SEEDED.to_owned(), "true".to_owned()));
    for (kind, name, body) in wanted {
        match store
            .save_config(kind, &name, &body, 0, &Act::of_weir("first start", now_ms))
            .await
        {
            // Another gateway that starts at the same time was first.
            Ok(_) | Err(StoreError::Conflict { .. }) => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}
