//! `cache.undo_clear`: serves again what a clear took out of service.

use super::end_clear::end_clear;
use crate::Admin;
use weir_contract::{
    ApiError,
    command::cache::CacheUndoClear,
    model::cache::{CacheExtent, CacheSelector},
};
use weir_engine::store::ClearEnd;

/// Takes a clear back and says what is served again.
///
/// # Errors
/// `NotFound` for a clear that there is not, `Conflict` for one that was undone or purged; failures of the database.
pub async fn undo_clear(admin: &Admin, command: CacheUndoClear) -> Result<CacheExtent, ApiError> {
    let extent = end_clear(admin, command.id, ClearEnd::Undone).await?;
    // The questions of restored answers are read anew.
    admin.live.forget_cached(&CacheSelector::All).await;
    Ok(extent)
}
