//! Derives the balances anew and compares.

use crate::error::from_sqlx;
use sqlx::PgPool;
use weir_contract::NanoUsd;
use weir_engine::store::{LeaseKey, StoreError};

/// Every sum that differs, as (what, derived, kept). `lease_id` names the sum: `spent`, `unsettled`, `committed`, `reserved`.
pub(super) async fn check(pool: &PgPool) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError> {
    // Movements that are derived count up, balances that are kept count down; both sides of one statement see the same
    // moment.
    let differing = sqlx::query!(
        "WITH derived (what, cap, period, amount) AS (
             SELECT 'spent', cap, period_start_ms, amount_nanousd FROM ledger WHERE kind IN ('charge', 'correction')
             UNION ALL
             SELECT 'unsettled', cap, period_start_ms, amount_nanousd FROM ledger AS charge
             WHERE kind = 'charge' AND NOT settled AND NOT EXISTS (
                 SELECT 1 FROM ledger AS more
                 WHERE more.kind = 'correction' AND more.reservation_id = charge.reservation_id
                   AND more.cap = charge.cap AND more.period_start_ms = charge.period_start_ms)
             UNION ALL
             SELECT 'committed', cap, period_start_ms,
                    CASE kind WHEN 'grant' THEN amount_nanousd ELSE -amount_nanousd END
             FROM ledger WHERE kind IN ('grant', 'return')
             UNION ALL
             SELECT 'reserved', lease.cap, lease.period_start_ms,
                    coalesce(lease.amount_nanousd, reservations.amount_nanousd)
             FROM reservations, json_to_recordset(leases) AS lease (
                 cap text, period_start_ms bigint, amount_nanousd bigint)
         ),
         kept (what, cap, period, amount) AS (
             SELECT 'spent', cap, period_start_ms, spent_nanousd FROM cap_balances
             UNION ALL SELECT 'unsettled', cap, period_start_ms, unsettled_nanousd FROM cap_balances
             UNION ALL SELECT 'committed', cap, period_start_ms, committed_nanousd FROM cap_balances
             UNION ALL SELECT 'reserved', cap, period_start_ms, reserved_nanousd FROM cap_balances
         ),
         sides (what, cap, period, derived, kept) AS (
             SELECT what, cap COLLATE \"C\", period, amount, 0 FROM derived
             UNION ALL SELECT what, cap COLLATE \"C\", period, 0, amount FROM kept
         )
         SELECT what AS \"what!\", cap AS \"cap!\", period AS \"period!\",
                sum(derived)::bigint AS \"derived!\", sum(kept)::bigint AS \"kept!\"
         FROM sides GROUP BY what, cap, period HAVING sum(derived) <> sum(kept) ORDER BY cap, period, what"
    )
    .fetch_all(pool)
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
