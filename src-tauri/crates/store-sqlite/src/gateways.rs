//! Gateways that live, and what they run.

use crate::{SqliteStore, error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::{GatewayReport, GatewayStore, KnownGateway, StoreError};

/// A sign of life. Time never goes back.
pub(crate) struct Beat {
    pub(crate) gateway_id: String,
    pub(crate) now_ms: i64,
}

#[async_trait]
impl Operation for Beat {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO gateways (id, first_ms, last_beat_ms) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET last_beat_ms = max(last_beat_ms, excluded.last_beat_ms)",
            self.gateway_id,
            self.now_ms,
            self.now_ms
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}

/// What a gateway says of itself.
struct Report(GatewayReport);

#[async_trait]
impl Operation for Report {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let report = &self.0;
        sqlx::query!(
            "UPDATE gateways SET address = ?, version = ?, config_version = ?, config_problem = ?, cache_seq = ?, limits_at = ? WHERE id = ?",
            report.address,
            report.version,
            report.config_version,
            report.config_problem,
            report.cache_seq,
            report.limits_at,
            report.id
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}

#[async_trait]
impl GatewayStore for SqliteStore {
    async fn report_gateway(&self, report: &GatewayReport) -> Result<(), StoreError> {
        self.write(Report(report.clone())).await
    }

    async fn list_gateways(&self) -> Result<Vec<KnownGateway>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, address, version, config_version, config_problem, limits_at, cache_seq, first_ms, last_beat_ms FROM gateways
             WHERE address <> '' ORDER BY first_ms, id"
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
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
