//! Puts an entry, or replaces it.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::{CacheEntry, StoreError};

pub(super) struct Put(pub(super) CacheEntry);

#[async_trait]
impl Operation for Put {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let row = &self.0.row;
        let tier = row.tier.map_or("", |tier| tier.as_str());
        // A number above those that wide clears mean, also where newer entries were deleted.
        sqlx::query!(
            "INSERT OR REPLACE INTO cache_entries (
                 seq, key, label, intent, provider, model, tier, team, created_ms, expires_ms, last_hit_ms, hits, bytes,
                 cost_nanousd, app_version, tenant, body)
             VALUES (1 + max((SELECT coalesce(max(seq), 0) FROM cache_entries),
                             (SELECT coalesce(max(last_entry), 0) FROM cache_wide_clears)),
                 ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row.key,
            row.label,
            row.intent,
            row.provider,
            row.model,
            tier,
            row.team,
            row.created_ms,
            row.expires_ms,
            row.last_hit_ms,
            row.hits,
            row.bytes,
            row.cost_nanousd.0,
            self.0.app_version,
            self.0.tenant,
            self.0.body
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}
