//! Reads balances: of one cap by period, and of the values of a cap by what they spent.

use crate::error::from_sqlx;
use sqlx::SqlitePool;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{CapBalance, StoreError},
};

/// Each of these periods in which the cap was used, oldest first.
pub(super) async fn of_cap(
    readers: &SqlitePool,
    cap: &str,
    counted: CountedStarts,
) -> Result<Vec<(i64, CapBalance)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT period_start_ms AS \"period_start_ms!\", spent_nanousd, unsettled_nanousd, reserved_nanousd, committed_nanousd,
                coalesce((SELECT sum(max(spent_nanousd + reserved_nanousd - granted_nanousd + returned_nanousd, 0))
                          FROM leases
                          WHERE leases.cap = balances.cap AND leases.period_start_ms = balances.period_start_ms), 0)
                    AS \"overspent!: i64\"
         FROM cap_balances AS balances WHERE cap = ? AND period_start_ms BETWEEN ? AND ? ORDER BY period_start_ms",
        cap,
        counted.first_ms,
        counted.last_ms
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let balance = rows.into_iter().map(|row| {
        let balance = CapBalance {
            spent_nanousd: NanoUsd(row.spent_nanousd),
            unsettled_nanousd: NanoUsd(row.unsettled_nanousd),
            reserved_nanousd: NanoUsd(row.reserved_nanousd),
            committed_nanousd: NanoUsd(row.committed_nanousd),
            overspent_nanousd: NanoUsd(row.overspent),
        };
        (row.period_start_ms, balance)
    });
    Ok(balance.collect())
}

/// The caps whose names begin so, summed up over these periods, the largest spend first.
pub(super) async fn top(
    readers: &SqlitePool,
    prefix: &str,
    counted: CountedStarts,
    most: u32,
) -> Result<Vec<(String, CapBalance)>, StoreError> {
    // Beyond every name with this beginning. The plus keeps SQLite from going through all periods of those names.
    let end = format!("{prefix}{}", char::MAX);
    let rows = sqlx::query!(
        "SELECT cap AS \"cap!\", sum(spent_nanousd) AS \"spent!: i64\", sum(unsettled_nanousd) AS \"unsettled!: i64\",
                sum(reserved_nanousd) AS \"reserved!: i64\", sum(committed_nanousd) AS \"committed!: i64\"
         FROM cap_balances WHERE period_start_ms BETWEEN ? AND ? AND +cap >= ? AND +cap < ?
         GROUP BY cap ORDER BY 2 DESC, cap LIMIT ?",
        counted.first_ms,
        counted.last_ms,
        prefix,
        end,
        most
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let balance = rows.into_iter().map(|row| {
        let balance = CapBalance {
            spent_nanousd: NanoUsd(row.spent),
            unsettled_nanousd: NanoUsd(row.unsettled),
            reserved_nanousd: NanoUsd(row.reserved),
            committed_nanousd: NanoUsd(row.committed),
            // Nobody grants by these sums.
            overspent_nanousd: NanoUsd::ZERO,
        };
        (row.cap, balance)
    });
    Ok(balance.collect())
}
