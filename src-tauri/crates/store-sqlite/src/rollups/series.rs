//! Reads the rollups, summed to the steps of a chart.

use super::name;
use crate::error::{from_sqlx, inconsistent};
use sqlx::SqlitePool;
use weir_contract::model::time::TimeRange;
use weir_engine::store::{
    Counters, Dimension, Grain, LatencyPoint, RollupPiece, RollupPoint, StoreError, counter_pieces,
    rollup_pieces,
};

fn check_step(grain: Grain, step_ms: i64) -> Result<(), StoreError> {
    if step_ms > 0 && step_ms % grain.length_ms() == 0 {
        return Ok(());
    }
    let problem = format!("a step of {step_ms} ms is no multiple of the {}", name(grain));
    Err(inconsistent("rollup_counters", "at_ms", "any", problem))
}

/// The pieces of a range as the JSON that a statement takes: grain, from, to.
fn listed(pieces: &[RollupPiece]) -> String {
    let rows = pieces
        .iter()
        .map(|piece| (name(piece.grain), piece.from_ms, piece.to_ms));
    serde_json::json!(rows.collect::<Vec<_>>()).to_string()
}

/// Sums per step and value, by time, then value.
pub(super) async fn counters(
    readers: &SqlitePool,
    dimension: Dimension,
    grain: Grain,
    range: TimeRange,
    step_ms: i64,
) -> Result<Vec<RollupPoint>, StoreError> {
    check_step(grain, step_ms)?;
    let pieces = listed(&counter_pieces(dimension, grain, range, step_ms));
    let dimension = dimension.as_str();
    let rows = sqlx::query!(
        "SELECT ?1 + (at_ms - ?1) / ?2 * ?2 AS \"at_ms!: i64\", counted.value AS \"value!\",
                sum(requests) AS \"requests!: i64\", sum(hits) AS \"hits!: i64\", sum(misses) AS \"misses!: i64\",
                sum(bypassed) AS \"bypassed!: i64\", sum(errors) AS \"errors!: i64\",
                sum(refused) AS \"refused!: i64\", sum(cost_nanousd) AS \"cost_nanousd!: i64\",
                sum(saved_nanousd) AS \"saved_nanousd!: i64\", sum(unsettled_nanousd) AS \"unsettled_nanousd!: i64\",
                sum(price_unknown) AS \"price_unknown!: i64\", sum(simulated) AS \"simulated!: i64\",
                sum(input_tokens) AS \"input_tokens!: i64\", sum(cache_read_tokens) AS \"cache_read_tokens!: i64\",
                sum(cache_write_tokens) AS \"cache_write_tokens!: i64\",
                sum(output_tokens) AS \"output_tokens!: i64\", sum(reasoning_tokens) AS \"reasoning_tokens!: i64\"
         FROM json_each(?3) AS piece CROSS JOIN rollup_counters AS counted NOT INDEXED
         WHERE counted.grain = piece.value ->> 0 AND counted.dimension = ?4
           AND counted.at_ms >= piece.value ->> 1 AND counted.at_ms < piece.value ->> 2
         GROUP BY 1, counted.value ORDER BY 1, counted.value",
        range.from_ms,
        step_ms,
        pieces,
        dimension
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let points = rows.into_iter().map(|row| RollupPoint {
        at_ms: row.at_ms,
        value: row.value,
        counters: Counters {
            requests: row.requests,
            hits: row.hits,
            misses: row.misses,
            bypassed: row.bypassed,
            errors: row.errors,
            refused: row.refused,
            cost_nanousd: row.cost_nanousd,
            saved_nanousd: row.saved_nanousd,
            unsettled_nanousd: row.unsettled_nanousd,
            price_unknown: row.price_unknown,
            simulated: row.simulated,
            input_tokens: row.input_tokens,
            cache_read_tokens: row.cache_read_tokens,
            cache_write_tokens: row.cache_write_tokens,
            output_tokens: row.output_tokens,
            reasoning_tokens: row.reasoning_tokens,
        },
    });
    Ok(points.collect())
}

/// Counts per step and bucket, by time, then bucket.
pub(super) async fn latency(
    readers: &SqlitePool,
    grain: Grain,
    range: TimeRange,
    step_ms: i64,
) -> Result<Vec<LatencyPoint>, StoreError> {
    check_step(grain, step_ms)?;
    let pieces = listed(&rollup_pieces(grain, range, step_ms));
    sqlx::query_as!(
        LatencyPoint,
        "SELECT ?1 + (at_ms - ?1) / ?2 * ?2 AS \"at_ms!: i64\", bucket AS \"bucket!: i32\", sum(n) AS \"n!: i64\"
         FROM json_each(?3) AS piece CROSS JOIN rollup_latency AS counted
         WHERE counted.grain = piece.value ->> 0
           AND counted.at_ms >= piece.value ->> 1 AND counted.at_ms < piece.value ->> 2
         GROUP BY 1, bucket ORDER BY 1, bucket",
        range.from_ms,
        step_ms,
        pieces
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)
}
