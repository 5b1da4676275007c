//! The response cache's rows.

mod clear;
mod clears;
mod end_clear;
mod expire;
mod put;
mod select;
mod wide_clears;

use crate::{SqliteStore, error::from_sqlx, requests::read_tier};
use async_trait::async_trait;
use weir_contract::{
    NanoUsd,
    model::cache::{CacheEntryRow, CacheExtent, CacheSelector},
};
use weir_engine::{
    change::Act,
    store::{CacheEntry, CacheStore, ClearStore, Clearing, StoreError},
};

#[async_trait]
impl CacheStore for SqliteStore {
    async fn get_entry(&self, key: &str, now_ms: i64) -> Result<Option<CacheEntry>, StoreError> {
        let found = sqlx::query!(
            "SELECT key, label, intent, provider, model, tier, team, created_ms, expires_ms, last_hit_ms, hits, bytes,
                    cost_nanousd, app_version, tenant, body
             FROM served_entries WHERE key = ? AND expires_ms > ?",
            key,
            now_ms
        )
        .fetch_optional(self.readers())
        .await
        .map_err(from_sqlx)?;
        let Some(found) = found else { return Ok(None) };
        let row = StoredEntry {
            key: found.key,
            label: found.label,
            intent: found.intent,
            provider: found.provider,
            model: found.model,
            tier: found.tier,
            team: found.team,
            created_ms: found.created_ms,
            expires_ms: found.expires_ms,
            last_hit_ms: found.last_hit_ms,
            hits: found.hits,
            bytes: found.bytes,
            cost_nanousd: found.cost_nanousd,
        };
        Ok(Some(CacheEntry {
            row: row.try_into()?,
            app_version: found.app_version,
            tenant: found.tenant,
            body: found.body,
        }))
    }

    async fn put_entry(&self, entry: CacheEntry) -> Result<(), StoreError> {
        self.write(put::Put(entry)).await
    }

    async fn list_entries(
        &self,
        selector: &CacheSelector,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CacheEntryRow>, StoreError> {
        select::list(self.readers(), selector, cursor, limit).await
    }

    async fn extent(&self, selector: &CacheSelector) -> Result<CacheExtent, StoreError> {
        let mut connection = self.readers().acquire().await.map_err(from_sqlx)?;
        select::extent(&mut connection, selector).await
    }

    async fn clear_entries(
        &self,
        selector: &CacheSelector,
        act: Option<&Act>,
    ) -> Result<CacheExtent, StoreError> {
        match act {
            Some(act) => Ok(self.clear(&Clearing::of(selector.clone()), act).await?.extent),
            None => self.write(clear::Drop(selector.clone())).await,
        }
    }

    async fn expire_entries(&self, now_ms: i64, app_version: &str) -> Result<u64, StoreError> {
        let app_version = app_version.to_owned();
        self.write(expire::Expire { now_ms, app_version }).await
    }
}

/// The columns of `cache_entries` that lists show.
struct StoredEntry {
    key: String,
    label: String,
    intent: String,
    provider: String,
    model: String,
    tier: String,
    team: String,
    created_ms: i64,
    expires_ms: i64,
    last_hit_ms: Option<i64>,
    hits: i64,
    bytes: i64,
    cost_nanousd: i64,
}

impl TryFrom<StoredEntry> for CacheEntryRow {
    type Error = StoreError;

    fn try_from(stored: StoredEntry) -> Result<CacheEntryRow, StoreError> {
        Ok(CacheEntryRow {
            tier: read_tier("cache_entries", &stored.key, &stored.tier)?,
            key: stored.key,
            label: stored.label,
            intent: stored.intent,
            provider: stored.provider,
            model: stored.model,
            team: stored.team,
            created_ms: stored.created_ms,
            expires_ms: stored.expires_ms,
            last_hit_ms: stored.last_hit_ms,
            hits: stored.hits,
            bytes: stored.bytes,
            cost_nanousd: NanoUsd(stored.cost_nanousd),
        })
    }
}
