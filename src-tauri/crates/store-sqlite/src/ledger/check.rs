//! Derives the balances anew and compares.

use crate::error::from_sqlx;
use sqlx::SqlitePool;
use weir_contract::NanoUsd;
use weir_engine::store::{LeaseKey, StoreError};

/// Every sum that differs, as (what, derived, kept). `lease_id` names the sum: `spent`, `unsettled`, `committed`, `reserved`.
pub(super) async fn check(readers: &SqlitePool) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError> {
    // Movements that are derived count up, balances that are kept count down; both sides of one statement see the same
    // moment.
    let differing = sqlx::query!(
        "WITH derived (what, cap, period, amount) AS (
             SELECT 'spent', cap, period_start_ms, amount_nanousd FROM ledger WHERE kind = 'charge'
             UNION ALL
             SELECT 'unsettled', cap, period_start_ms, amount_nanousd FROM ledger WHERE kind = 'charge' AND settled = 0
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
