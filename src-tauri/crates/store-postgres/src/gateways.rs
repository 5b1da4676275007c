//! Gateways that live, and what they run.

use crate::{PostgresStore, error::from_sqlx, text::storable};
use async_trait::async_trait;
use sqlx::PgPool;
use weir_engine::store::{GatewayReport, GatewayStore, KnownGateway, StoreError};

/// A sign of life. Time never goes back.
pub(crate) async fn beat(pool: &PgPool, gateway_id: &str, now_ms: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO gateways (id, first_ms, last_beat_ms) VALUES ($1, $2, $2)
         ON CONFLICT (id) DO UPDATE SET last_beat_ms = greatest(gateways.last_beat_ms, excluded.last_beat_ms)",
        storable(gateway_id).into_owned(),
        now_ms
    )
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

#[async_trait]
impl GatewayStore for PostgresStore {
    async fn report_gateway(&self, report: &GatewayReport) -> Result<(), StoreError> {
        self.asked(
            sqlx::query!(
                "UPDATE gateways SET address = $2, version = $3, config_version = $4, config_problem = $5, cache_seq = $6, limits_at = $7 WHERE id = $1",
            storable(&report.id).into_owned(),
            storable(&report.address).into_owned(),
            storable(&report.version).into_owned(),
            report.config_version,
                storable(&report.config_problem).into_owned(),
                report.cache_seq,
                storable(&report.limits_at).into_owned()
            )
            .execute(self.pool()),
        )
        .await
        .map(|_| ())
    }

    async fn list_gateways(&self) -> Result<Vec<KnownGateway>, StoreError> {
        let rows = self
            .asked(
                sqlx::query!(
                    "SELECT id, address, version, config_version, config_problem, limits_at, cache_seq, first_ms, last_beat_ms FROM gateways
             WHERE address <> '' ORDER BY first_ms, id"
        )
                .fetch_all(self.pool()),
            )
            .await?;
        let known = rows.into_iter().map(|row| KnownGateway {
            report: GatewayReport {
                id: row.id,
                address: row.address,
                version: row.version,
                config_version: row.config_version,
                config_problem: row.config_problem,
                limits_at: row.limits_at,
                cache_seq: row.cache_seq,
            },
            first_ms: row.first_ms,
            last_beat_ms: row.last_beat_ms,
        });
        Ok(known.collect())
    }
}
