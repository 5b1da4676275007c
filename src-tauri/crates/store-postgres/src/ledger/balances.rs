//! Reads balances: of one cap by period, and of the values of a cap by what they spent.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{CapBalance, StoreError},
};

/// Each of these periods in which the cap was used, oldest first.
pub(super) async fn of_cap(
    pool: &PgPool,
    cap: &str,
    counted: CountedStarts,
) -> Result<Vec<(i64, CapBalance)>, StoreError> {
    let mut found = of_caps(pool, &[(cap.to_owned(), counted)]).await?;
    Ok(found.pop().unwrap_or_default())
}

/// The same of several caps, in their order, by one statement.
pub(super) async fn of_caps(
    pool: &PgPool,
    wanted: &[(String, CountedStarts)],
) -> Result<Vec<Vec<(i64, CapBalance)>>, StoreError> {
    let mut found = vec![Vec::new(); wanted.len()];
    if wanted.is_empty() {
        return Ok(found);
    }
    let caps: Vec<String> = wanted.iter().map(|(cap, _)| storable(cap).into_owned()).collect();
    let firsts: Vec<i64> = wanted.iter().map(|(_, counted)| counted.first_ms).collect();
    let lasts: Vec<i64> = wanted.iter().map(|(_, counted)| counted.last_ms).collect();
    let rows = sqlx::query!(
        "SELECT wanted.at AS \"at!\", period_start_ms AS \"period_start_ms!\", spent_nanousd AS \"spent!\",
                unsettled_nanousd AS \"unsettled!\", reserved_nanousd AS \"reserved!\", committed_nanousd AS \"committed!\",
                overspent_nanousd AS \"overspent!\"
         FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS wanted (cap, first_ms, last_ms, at)
         -- For each alone, which the offset keeps so, and only its own leases are summed up.
         CROSS JOIN LATERAL (
             SELECT * FROM cap_balances
             WHERE cap_balances.cap = wanted.cap
               AND cap_balances.period_start_ms BETWEEN wanted.first_ms AND wanted.last_ms
             OFFSET 0
         ) AS balance
         ORDER BY wanted.at, period_start_ms",
        &caps,
        &firsts,
        &lasts
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    for row in rows {
        let balance = CapBalance {
            spent_nanousd: NanoUsd(row.spent),
            unsettled_nanousd: NanoUsd(row.unsettled),
            reserved_nanousd: NanoUsd(row.reserved),
            committed_nanousd: NanoUsd(row.committed),
            overspent_nanousd: NanoUsd(row.overspent),
        };
        // The ordinality counts from 1.
        if let Some(of_cap) = usize::try_from(row.at - 1).ok().and_then(|at| found.get_mut(at)) {
            of_cap.push((row.period_start_ms, balance));
        }
    }
    Ok(found)
}

/// The caps whose names begin so, summed up over these periods, the largest spend first.
pub(super) async fn top(
    pool: &PgPool,
    prefix: &str,
    counted: CountedStarts,
    most: u32,
) -> Result<Vec<(String, CapBalance)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT cap AS \"cap!\", sum(spent_nanousd)::bigint AS \"spent!\", sum(unsettled_nanousd)::bigint AS \"unsettled!\",
                sum(reserved_nanousd)::bigint AS \"reserved!\", sum(committed_nanousd)::bigint AS \"committed!\"
         FROM cap_balances WHERE period_start_ms BETWEEN $1 AND $2 AND starts_with(cap, $3)
         GROUP BY cap ORDER BY 2 DESC, cap LIMIT $4",
        counted.first_ms,
        counted.last_ms,
        storable(prefix).into_owned(),
        i64::from(most)
    )
    .fetch_all(pool)
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
