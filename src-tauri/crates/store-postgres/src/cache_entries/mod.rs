//! The response cache's rows.

mod clear;
mod clears;
mod expire;
mod flight;
mod put;
mod select;

use crate::{PostgresStore, requests::read_tier, text::storable};
use async_trait::async_trait;
use weir_contract::{
    NanoUsd,
    model::cache::{CacheEntryRow, CacheExtent, CacheSelector},
};
use weir_engine::{
    change::Act,
    store::{CacheEntry, CacheStore, ClearStore, Clearing, FlightTurn, StoreError},
};

#[async_trait]
impl CacheStore for PostgresStore {
    async fn get_entry(&self, key: &str, now_ms: i64) -> Result<Option<CacheEntry>, StoreError> {
        let found = self.asked(
sqlx::query!(
            "SELECT key AS \"key!\", label AS \"label!\", intent AS \"intent!\", provider AS \"provider!\", model AS \"model!\",
                    tier AS \"tier!\", team AS \"team!\", created_ms AS \"created_ms!\", expires_ms AS \"expires_ms!\",
                    last_hit_ms, hits AS \"hits!\", bytes AS \"bytes!\", cost_nanousd AS \"cost_nanousd!\",
                    app_version AS \"app_version!\", tenant AS \"tenant!\", body AS \"body!\"
             FROM served_entries WHERE key = $1 AND expires_ms > $2",
            storable(key).into_owned(),
            now_ms
        ).fetch_optional(self.pool())).await?;
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
        self.present(put::put(self.pool(), &entry)).await
    }

    async fn list_entries(
        &self,
        selector: &CacheSelector,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CacheEntryRow>, StoreError> {
        self.present(select::list(self.pool(), selector, cursor, limit))
            .await
    }

    async fn extent(&self, selector: &CacheSelector) -> Result<CacheExtent, StoreError> {
        self.present(select::extent(self.pool(), selector)).await
    }

    async fn clear_entries(
        &self,
        selector: &CacheSelector,
        act: Option<&Act>,
    ) -> Result<CacheExtent, StoreError> {
        match act {
            Some(act) => Ok(self.clear(&Clearing::of(selector.clone()), act).await?.extent),
            None => self.present(clear::drop_at_once(self, selector)).await,
        }
    }

    fn shares_flights(&self) -> bool {
        true
    }

    async fn take_flight(
        &self,
        key: &str,
        gateway_id: &str,
        app_version: &str,
        now_ms: i64,
    ) -> Result<FlightTurn, StoreError> {
        flight::take(self, key, gateway_id, app_version, now_ms).await
    }

    async fn land_flight(&self, key: &str, gateway_id: &str) -> Result<(), StoreError> {
        flight::land(self, key, gateway_id).await
    }

    async fn expire_entries(&self, now_ms: i64, app_version: &str) -> Result<u64, StoreError> {
        self.present(expire::expire(self.pool(), now_ms, app_version))
            .await
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
