//! `cache.clear`: removes entries from the database, then from memory.

use super::selector;
use crate::{Admin, from_store};
use weir_contract::{ApiError, command::cache::CacheClear, model::cache::CacheExtent};
use weir_engine::store::StoreError;

/// Removes the selection and says what went.
///
/// # Errors
/// `InvalidArgument` for an empty selector; failures of the database, after which nothing was removed.
pub async fn clear(admin: &Admin, command: CacheClear) -> Result<CacheExtent, ApiError> {
    selector::check(&command.selector)?;
    // The database goes first: the other way round a request in between would bring the entry back into memory.
    let gone = admin
        .store
        .clear_entries(&command.selector)
        .await
        .map_err(from_store)?;
    admin.live.forget_cached(&command.selector).await;
    announce(admin, &command).await?;
    Ok(gone)
}

/// Leaves word in the configuration, where gateways in other processes look every second, so that they empty their memory too.
async fn announce(admin: &Admin, command: &CacheClear) -> Result<(), ApiError> {
    let items = admin.store.config_items().await.map_err(from_store)?;
    let last = items
        .iter()
        .find(|item| item.kind == "cache_clear")
        .map_or(0, |item| item.version);
    let body = serde_json::to_string(&command.selector)
        .map_err(|problem| ApiError::new(weir_contract::ErrorCode::Internal, problem.to_string()))?;
    match admin
        .store
        .save_config(
            "cache_clear",
            "latest",
            &body,
            last,
            &admin.who,
            admin.clock.now_ms(),
        )
        .await
    {
        // Somebody announced a clear after ours was done; that word empties the memories of this one as well.
        Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
        Err(problem) => Err(from_store(problem)),
    }
}
