//! Whether a change can be taken back, and by what: the one place that knows.

use crate::{Admin, alerts, caps, channels, from_store, limits, providers, rollouts};
use std::collections::HashMap;
use weir_contract::{
    ApiError,
    model::change::{Change, UndoStanding},
};

/// What is there now: the version of every configuration item and virtual key.
pub(super) struct Present {
    versions: HashMap<(String, String), i64>,
}

impl Present {
    pub(super) async fn read(admin: &Admin) -> Result<Present, ApiError> {
        let items = admin.store.config_items().await.map_err(from_store)?;
        let keys = admin.store.list_keys().await.map_err(from_store)?;
        let items = items
            .into_iter()
            .map(|item| ((item.kind, item.name), item.version));
        let keys = keys
            .into_iter()
            .filter(|key| key.revoked_ms.is_none())
            .map(|key| (("virtual_key".to_owned(), key.id), key.version));
        Ok(Present {
            versions: items.chain(keys).collect(),
        })
    }

    /// 0 when it is not there.
    pub(super) fn version(&self, kind: &str, name: &str) -> i64 {
        let key = (kind.to_owned(), name.to_owned());
        self.versions.get(&key).copied().unwrap_or(0)
    }
}

pub(super) async fn of(
    admin: &Admin,
    present: &Present,
    change: &Change,
    undone_by: Option<i64>,
) -> Result<UndoStanding, ApiError> {
    if let Some(by) = undone_by {
        return Ok(UndoStanding::Undone { by });
    }
    if let Some(why) = never(change) {
        return Ok(impossible(why));
    }
    let Some(source) = admin.store.undo_source(change.seq).await.map_err(from_store)? else {
        return Ok(impossible("what was before is no longer kept; change it by hand"));
    };
    let there = present.version(&source.kind, &source.name);
    let wanted = match &change.after {
        Some(_) => source.version,
        None => 0,
    };
    if there != wanted {
        return Ok(impossible(if there == 0 {
            "it does not exist any more; undo its removal first"
        } else {
            "it was changed again since; undo the later change first"
        }));
    }
    Ok(UndoStanding::Possible)
}

fn impossible(why: &str) -> UndoStanding {
    UndoStanding::Impossible { why: why.to_owned() }
}

/// Why changes of this sort are never taken back.
fn never(change: &Change) -> Option<&'static str> {
    let kinds = [
        caps::KIND,
        limits::KIND,
        rollouts::KIND,
        alerts::KIND,
        channels::KIND,
        providers::KIND,
    ];
    if kinds.contains(&change.kind.as_str()) {
        return None;
    }
    match (change.kind.as_str(), change.command.as_str()) {
        (providers::SETTING_KIND, _) if change.name == providers::DEFAULT_PROVIDER_SETTING => None,
        // What changed it is told by what is kept for an undo: only what an admin wrote.
        ("virtual_key", "keys.update" | "audit.undo") => None,
        ("virtual_key", "keys.create") => Some("to take a key back, revoke it"),
        ("virtual_key", _) => Some("a secret that was stopped stays so; make a new key or rotate this one"),
        ("request", _) => Some("to take a correction back, correct the cost again"),
        ("bill", _) => Some("bills stay as they were imported"),
        ("cache" | "cache_clear", _) => {
            Some("a clear is undone on the cache page, or by cache.undo_clear, within 24 hours")
        }
        ("snooze", _) => Some("snooze it again, or end the snooze, on the alerts page"),
        _ => Some("this was done by Weir itself"),
    }
}
