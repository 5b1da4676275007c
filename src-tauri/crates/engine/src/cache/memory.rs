//! The part of the response cache that lives in memory, in front of the database.

use super::entry::CachedAnswer;
use std::sync::Arc;
use weir_contract::model::cache::CacheSelector;

/// Answers in memory, bounded by bytes; the least useful go first.
pub struct MemoryCache {
    entries: moka::sync::Cache<String, Arc<CachedAnswer>>,
}

impl MemoryCache {
    /// An empty cache of at most `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: u64) -> MemoryCache {
        let entries = moka::sync::Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|key: &String, cached: &Arc<CachedAnswer>| {
                // The decoded answer stands beside its encoded body, hence twice.
                u32::try_from(key.len() + 2 * cached.entry.body.len() + 512).unwrap_or(u32::MAX)
            })
            .build();
        MemoryCache { entries }
    }

    /// The answer, if it is here, not expired and of this app version.
    #[must_use]
    pub fn get(&self, key: &str, now_ms: i64, app_version: &str) -> Option<Arc<CachedAnswer>> {
        let cached = self.entries.get(key)?;
        if cached.entry.row.expires_ms <= now_ms || cached.entry.app_version != app_version {
            self.entries.invalidate(key);
            return None;
        }
        Some(cached)
    }

    /// Puts or replaces an answer.
    pub fn put(&self, cached: Arc<CachedAnswer>) {
        self.entries.insert(cached.entry.row.key.clone(), cached);
    }

    /// Removes what the selector means.
    pub fn forget(&self, selector: &CacheSelector) {
        if matches!(selector, CacheSelector::All) {
            self.entries.invalidate_all();
            return;
        }
        if let CacheSelector::Entry(key) = selector {
            self.entries.invalidate(key.as_str());
            return;
        }
        for (key, cached) in &self.entries {
            if selector.means(&cached.entry.row) {
                self.entries.invalidate(key.as_str());
            }
        }
    }

    /// Entries and bytes held now.
    #[must_use]
    pub fn size(&self) -> (i64, i64) {
        self.entries.run_pending_tasks();
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        (
            count(self.entries.entry_count()),
            count(self.entries.weighted_size()),
        )
    }
}
