//! Reads the rollups, summed to the steps of a chart.

use super::name;
use crate::error::{from_sqlx, inconsistent};
use sqlx::PgPool;
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

/// The pieces of a range as the arrays that a statement takes.
struct Pieces {
    grains: Vec<String>,
    froms_ms: Vec<i64>,
    tos_ms: Vec<i64>,
}

impl Pieces {
    fn of(pieces: &[RollupPiece]) -> Pieces {
        Pieces {
            grains: pieces.iter().map(|piece| name(piece.grain).to_owned()).collect(),
            froms_ms: pieces.iter().map(|piece| piece.from_ms).collect(),
            tos_ms: pieces.iter().map(|piece| piece.to_ms).collect(),
        }
    }
}

/// Sums per step and value, by time, then value.
pub(super) async fn counters(
    pool: &PgPool,
    dimension: Dimension,
    grain: Grain,
    range: TimeRange,
    step_ms: i64,
) -> Result<Vec<RollupPoint>, StoreError> {
    check_step(grain, step_ms)?;
    let pieces = Pieces::of(&counter_pieces(dimension, grain, range, step_ms));
    let rows = sqlx::query!(
        "SELECT $1 + (at_ms - $1) / $2 * $2 AS \"at_ms!\", value,
                sum(requests)::bigint AS \"requests!\", sum(hits)::bigint AS \"hits!\", sum(misses)::bigint AS \"misses!\",
                sum(bypassed)::bigint AS \"bypassed!\", sum(errors)::bigint AS \"errors!\",
                sum(refused)::bigint AS \"refused!\", sum(cost_nanousd)::bigint AS \"cost_nanousd!\",
                sum(saved_nanousd)::bigint AS \"saved_nanousd!\", sum(unsettled_nanousd)::bigint AS \"unsettled_nanousd!\",
                sum(price_unknown)::bigint AS \"price_unknown!\", sum(simulated)::bigint AS \"simulated!\",
                sum(input_tokens)::bigint AS \"input_tokens!\",
                sum(cache_read_tokens)::bigint AS \"cache_read_tokens!\",
                sum(cache_write_tokens)::bigint AS \"cache_write_tokens!\",
                sum(output_tokens)::bigint AS \"output_tokens!\", sum(reasoning_tokens)::bigint AS \"reasoning_tokens!\"
         FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS piece (grain, from_ms, to_ms)
         JOIN rollup_counters AS counted ON counted.grain = piece.grain AND counted.dimension = $6
              AND counted.at_ms >= piece.from_ms AND counted.at_ms < piece.to_ms
         GROUP BY 1, value ORDER BY 1, value",
        range.from_ms,
        step_ms,
        &pieces.grains,
        &pieces.froms_ms,
        &pieces.tos_ms,
        dimension.as_str()
    )
    .fetch_all(pool)
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
    pool: &PgPool,
    grain: Grain,
    range: TimeRange,
    step_ms: i64,
) -> Result<Vec<LatencyPoint>, StoreError> {
    check_step(grain, step_ms)?;
    let pieces = Pieces::of(&rollup_pieces(grain, range, step_ms));
    sqlx::query_as!(
        LatencyPoint,
        "SELECT $1 + (at_ms - $1) / $2 * $2 AS \"at_ms!\", bucket, sum(n)::bigint AS \"n!\"
         FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS piece (grain, from_ms, to_ms)
         JOIN rollup_latency AS counted ON counted.grain = piece.grain
              AND counted.at_ms >= piece.from_ms AND counted.at_ms < piece.to_ms
         GROUP BY 1, bucket ORDER BY 1, bucket",
        range.from_ms,
        step_ms,
        &pieces.grains,
        &pieces.froms_ms,
        &pieces.tos_ms
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)
}
