//! `cache.purge_clear`: removes the rows of a clear before its time.

use super::end_clear::end_clear;
use crate::Admin;
use weir_contract::{ApiError, command::cache::CachePurgeClear, model::cache::CacheExtent};
use weir_engine::store::ClearEnd;

/// Makes a clear final and says what was removed.
///
/// # Errors
/// `NotFound` for a clear that there is not, `Conflict` for one that was undone or purged; failures of the database.
pub async fn purge_clear(admin: &Admin, command: CachePurgeClear) -> Result<CacheExtent, ApiError> {
    end_clear(admin, command.id, ClearEnd::Purged).await
}
