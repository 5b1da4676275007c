//! `cache.clear`: removes entries from the database, then from memory.

use super::selector;
use crate::{Admin, from_store};
use weir_contract::{ApiError, command::cache::CacheClear, model::cache::CacheExtent};

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
    Ok(gone)
}
