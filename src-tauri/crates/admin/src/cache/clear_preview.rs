//! `cache.clear_preview`: what a clear would remove, without removing it.

use super::selector;
use crate::{Admin, from_store};
use weir_contract::{ApiError, command::cache::CacheClearPreview, model::cache::CacheExtent};

/// Entries, bytes and saved dollars of the selection.
///
/// # Errors
/// `InvalidArgument` for an empty selector; failures of the database.
pub async fn clear_preview(admin: &Admin, command: CacheClearPreview) -> Result<CacheExtent, ApiError> {
    selector::check(&command.selector)?;
    admin.store.extent(&command.selector).await.map_err(from_store)
}
