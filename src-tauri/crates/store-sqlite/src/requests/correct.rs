//! Sets the true cost of a recorded request, in its row and in the rollups that have counted it.

use crate::error::from_sqlx;
use sqlx::SqliteConnection;
use weir_engine::store::{Dimension, Grain, StoreError};

/// Sets the cost and marks it settled. A request that no rollup has counted yet is counted later with the true cost.
pub(crate) async fn correct_request_row(
    connection: &mut SqliteConnection,
    id: &str,
    true_nanousd: i64,
) -> Result<(), StoreError> {
    let row = sqlx::query!(
        "SELECT seq, started_ms, tier, provider, model, intent, key_id, user_name, team, event, variants, cost_nanousd,
                cost_basis = 'unsettled' AS \"is_unsettled!: bool\",
                seq <= (SELECT last_seq FROM rollup_cursor) AS \"is_counted!: bool\"
         FROM requests WHERE id = ?",
        id
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    sqlx::query!(
        "UPDATE requests SET cost_nanousd = ?, cost_basis = 'settled' WHERE seq = ?",
        true_nanousd,
        row.seq
    )
    .execute(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    if !row.is_counted {
        return Ok(());
    }
    let change = true_nanousd - row.cost_nanousd;
    let unsettled = if row.is_unsettled { row.cost_nanousd } else { 0 };
    let variants: Vec<String> = serde_json::from_str(&row.variants).unwrap_or_default();
    let mut values = vec![
        (Dimension::All, ""),
        (Dimension::Tier, row.tier.as_str()),
        (Dimension::Provider, row.provider.as_str()),
        (Dimension::Model, row.model.as_str()),
        (Dimension::Intent, row.intent.as_str()),
        (Dimension::Key, row.key_id.as_str()),
        // By hour only; there are no minutes to be corrected.
        (Dimension::User, row.user_name.as_str()),
        (Dimension::Team, row.team.as_str()),
        (Dimension::Event, row.event.as_str()),
    ];
    values.extend(
        variants
            .iter()
            .map(|variant| (Dimension::Variant, variant.as_str())),
    );
    for grain in [Grain::Minute, Grain::Hour] {
        let length_ms = grain.length_ms();
        let at_ms = row.started_ms.div_euclid(length_ms) * length_ms;
        let grain = match grain {
            Grain::Minute => "minute",
            Grain::Hour => "hour",
        };
        for (dimension, value) in &values {
            let dimension = dimension.as_str();
            // Rows that are past their time are gone, and nothing is counted in them any more.
            sqlx::query!(
                "UPDATE rollup_counters SET cost_nanousd = cost_nanousd + ?, unsettled_nanousd = unsettled_nanousd - ?
                 WHERE grain = ? AND dimension = ? AND at_ms = ? AND value = ?",
                change,
                unsettled,
                grain,
                dimension,
                at_ms,
                value
            )
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        }
    }
    Ok(())
}
