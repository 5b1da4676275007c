//! The page's commands on the response cache.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::cache::{CacheClear, CacheClearPreview, CacheEntryPage, CacheList, CacheStatsGet},
    model::cache::{CacheExtent, CacheStats},
};

/// `cache.stats`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_stats(profile: State<'_, Profile>, args: CacheStatsGet) -> Result<CacheStats, ApiError> {
    profile.call(args).await
}

/// `cache.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_list(profile: State<'_, Profile>, args: CacheList) -> Result<CacheEntryPage, ApiError> {
    profile.call(args).await
}

/// `cache.clear_preview`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_clear_preview(
    profile: State<'_, Profile>,
    args: CacheClearPreview,
) -> Result<CacheExtent, ApiError> {
    profile.call(args).await
}

/// `cache.clear`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn cache_clear(profile: State<'_, Profile>, args: CacheClear) -> Result<CacheExtent, ApiError> {
    profile.call(args).await
}
