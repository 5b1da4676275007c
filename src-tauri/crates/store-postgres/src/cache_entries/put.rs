//! Puts an entry, or replaces it.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_engine::store::{CacheEntry, StoreError};

pub(super) async fn put(pool: &PgPool, entry: &CacheEntry) -> Result<(), StoreError> {
    let row = &entry.row;
    sqlx::query!(
        "INSERT INTO cache_entries (
             key, label, intent, provider, model, tier, team, created_ms, expires_ms, last_hit_ms, hits, bytes,
             cost_nanousd, app_version, tenant, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (key) DO UPDATE SET
             label = excluded.label, intent = excluded.intent, provider = excluded.provider, model = excluded.model,
             tier = excluded.tier, team = excluded.team, created_ms = excluded.created_ms,
             expires_ms = excluded.expires_ms, last_hit_ms = excluded.last_hit_ms, hits = excluded.hits,
             bytes = excluded.bytes, cost_nanousd = excluded.cost_nanousd, app_version = excluded.app_version,
             tenant = excluded.tenant, after_clear = excluded.after_clear,
             body = excluded.body",
        storable(&row.key).into_owned(),
        storable(&row.label).into_owned(),
        storable(&row.intent).into_owned(),
        storable(&row.provider).into_owned(),
        storable(&row.model).into_owned(),
        row.tier.map_or("", |tier| tier.as_str()),
        storable(&row.team).into_owned(),
        row.created_ms,
        row.expires_ms,
        row.last_hit_ms,
        row.hits,
        row.bytes,
        row.cost_nanousd.0,
        storable(&entry.app_version).into_owned(),
        storable(&entry.tenant).into_owned(),
        entry.body
    )
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
