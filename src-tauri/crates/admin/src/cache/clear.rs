//! `cache.clear`: takes entries out of service, in the database first and then in every gateway's memory.

use super::selector;
use crate::{Admin, from_store};
use weir_contract::{ApiError, command::cache::CacheClear, model::cache::CacheCleared};
use weir_engine::store::{Clearing, UNDO_CLEAR_MS};

/// Clears the selection and says what that was.
///
/// # Errors
/// `InvalidArgument` for an empty selector; failures of the database, after which nothing was cleared. A purge that fails on its
/// way has cleared all and removed a part; housekeeping removes the rest.
pub async fn clear(admin: &Admin, command: CacheClear) -> Result<CacheCleared, ApiError> {
    selector::check(&command.selector)?;
    let act = admin.act();
    let clearing = Clearing {
        purge: command.purge,
        ..Clearing::of(command.selector)
    };
    // The database goes first: the other way round a request in between would bring the entry back into memory.
    let cleared = admin.store.clear(&clearing, &act).await.map_err(from_store)?;
    admin.live.forget_cached(&clearing.selector).await;
    Ok(CacheCleared {
        id: cleared.seq,
        entries: cleared.extent.entries,
        bytes: cleared.extent.bytes,
        saved_nanousd: cleared.extent.saved_nanousd,
        collection_items: cleared.extent.collection_items,
        undo_until_ms: (!clearing.purge).then_some(act.now_ms + UNDO_CLEAR_MS),
    })
}
