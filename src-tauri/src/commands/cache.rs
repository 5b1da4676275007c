//! The page's commands on the response cache.

use crate::asking::Asking;
use weir_contract::{
    ApiError,
    command::cache::{
        CacheClear, CacheClearPreview, CacheClears, CacheEntryPage, CacheList, CachePurgeClear,
        CacheStatsGet, CacheUndoClear,
    },
    model::cache::{CacheClearRow, CacheCleared, CacheExtent, CacheStats},
};

/// `cache.stats`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_stats(asking: Asking, args: CacheStatsGet) -> Result<CacheStats, ApiError> {
    asking.call(args).await
}

/// `cache.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_list(asking: Asking, args: CacheList) -> Result<CacheEntryPage, ApiError> {
    asking.call(args).await
}

/// `cache.clear_preview`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_clear_preview(asking: Asking, args: CacheClearPreview) -> Result<CacheExtent, ApiError> {
    asking.call(args).await
}

/// `cache.clear`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_clear(asking: Asking, args: CacheClear) -> Result<CacheCleared, ApiError> {
    asking.call(args).await
}

/// `cache.undo_clear`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_undo_clear(asking: Asking, args: CacheUndoClear) -> Result<CacheExtent, ApiError> {
    asking.call(args).await
}

/// `cache.purge_clear`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_purge_clear(asking: Asking, args: CachePurgeClear) -> Result<CacheExtent, ApiError> {
    asking.call(args).await
}

/// `cache.clears`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_clears(asking: Asking, args: CacheClears) -> Result<Vec<CacheClearRow>, ApiError> {
    asking.call(args).await
}
