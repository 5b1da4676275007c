//! Derives the balances anew and compares; keeps what came of it.

use crate::{
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_contract::{NanoUsd, model::ledger::LedgerCheck};
use weir_engine::store::{LeaseKey, StoreError};

/// Every sum that differs, as (what, derived, kept). `lease_id` names the sum: `spent`, `unsettled`, `committed`, `reserved`.
pub(super) async fn check(readers: &SqlitePool) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError> {
    // Movements that are derived count up, balances that are kept count down; both sides of one statement see the same
    // moment.
    let differing = sqlx::query!(
        "WITH derived (what, cap, period, amount) AS (
             SELECT 'spent', cap, period_start_ms, amount_nanousd FROM ledger WHERE kind IN ('charge', 'correction')
             UNION ALL
             SELECT 'unsettled', cap, period_start_ms, amount_nanousd FROM ledger AS charge
             WHERE kind = 'charge' AND settled = 0 AND NOT EXISTS (
                 SELECT 1 FROM ledger AS more
                 WHERE more.kind = 'correction' AND more.reservation_id = charge.reservation_id
                   AND more.cap = charge.cap AND more.period_start_ms = charge.period_start_ms)
             UNION ALL
             SELECT 'committed', cap, period_start_ms,
                    CASE kind WHEN 'grant' THEN amount_nanousd ELSE -amount_nanousd END
             FROM ledger WHERE kind IN ('grant', 'return')
             UNION ALL
             SELECT 'reserved', json_extract(lease.value, '$.cap'), json_extract(lease.value, '$.period_start_ms'),
                    coalesce(json_extract(lease.value, '$.amount_nanousd'), amount_nanousd)
             FROM reservations, json_each(leases) AS lease
         ),
         kept (what, cap, period, amount) AS (
             SELECT 'spent', cap, period_start_ms, spent_nanousd FROM cap_balances
             UNION ALL SELECT 'unsettled', cap, period_start_ms, unsettled_nanousd FROM cap_balances
             UNION ALL SELECT 'committed', cap, period_start_ms, committed_nanousd FROM cap_balances
             UNION ALL SELECT 'reserved', cap, period_start_ms, reserved_nanousd FROM cap_balances
         ),
         sides (what, cap, period, derived, kept) AS (
             SELECT what, cap, period, amount, 0 FROM derived UNION ALL SELECT what, cap, period, 0, amount FROM kept
         )
         SELECT what AS \"what!: String\", cap AS \"cap!: String\", period AS \"period!: i64\",
                sum(derived) AS \"derived!: i64\", sum(kept) AS \"kept!: i64\"
         FROM sides GROUP BY what, cap, period HAVING sum(derived) <> sum(kept) ORDER BY cap, period, what"
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(differing
        .into_iter()
        .map(|row| {
            let key = LeaseKey {
                cap: row.cap,
                period_start_ms: row.period,
                lease_id: row.what,
            };
            (key, NanoUsd(row.derived), NanoUsd(row.kept))
        })
        .collect())
}

/// The newest result that was kept.
pub(crate) async fn last(readers: &SqlitePool) -> Result<Option<LedgerCheck>, StoreError> {
    let kept = sqlx::query!("SELECT at_ms, mismatches FROM ledger_checks ORDER BY at_ms DESC LIMIT 1")
        .fetch_optional(readers)
        .await
        .map_err(from_sqlx)?;
    let Some(kept) = kept else { return Ok(None) };
    let mismatches = serde_json::from_str(&kept.mismatches)
        .map_err(|error| inconsistent("ledger_checks", "mismatches", &kept.at_ms.to_string(), error))?;
    Ok(Some(LedgerCheck {
        at_ms: kept.at_ms,
        mismatches,
    }))
}

/// Keeps the newest result of a check.
pub(crate) struct SaveCheck(pub(crate) LedgerCheck);

const CHECKS_KEPT_MS: i64 = 30 * 86_400_000;

#[async_trait]
impl Operation for SaveCheck {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let check = &self.0;
        let mismatches = serde_json::to_string(&check.mismatches)
            .map_err(|error| inconsistent("ledger_checks", "mismatches", "new", error))?;
        let oldest_ms = check.at_ms.saturating_sub(CHECKS_KEPT_MS);
        sqlx::query!(
            "INSERT INTO ledger_checks (at_ms, mismatches) VALUES (?, ?)
             ON CONFLICT DO UPDATE SET mismatches = excluded.mismatches;
             DELETE FROM ledger_checks WHERE at_ms < ?",
            check.at_ms,
            mismatches,
            oldest_ms
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}
