//! Lists requests by filter, newest first, a page at a time, and finds one by its id.

use super::row::StoredRequest;
use crate::{
    error::{from_sqlx, inconsistent},
    text::storable,
};
use sqlx::PgPool;
use weir_contract::model::request::{CostBasis, RequestFilter, RequestRow, RequestStatus};
use weir_engine::store::StoreError;

const DAY_MS: i64 = 86_400_000;

/// What the page before ended with. Rows are ordered by time, then by order of recording.
struct Position {
    started_ms: i64,
    seq: i64,
}

const NEWEST: Position = Position {
    started_ms: i64::MAX,
    seq: i64::MAX,
};

/// What is asked of every query alike.
struct Page<'a> {
    filter: &'a RequestFilter,
    from_ms: i64,
    to_ms: i64,
    after: Position,
    limit: i64,
}

/// One query per column that can lead, each with an index of its own. The other conditions are the same everywhere.
macro_rules! fetch {
    ($leading:literal, $value:expr, $page:expr, $pool:expr) => {{
        let (page, value): (&Page<'_>, &str) = (&$page, $value);
        let filter = page.filter;
        sqlx::query_as!(
            StoredRequest,
            "SELECT seq, id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed, key_id, team,
                    user_name, session, event, tags, client_ip, intent, requested_model, tier, provider, model,
                    simulated, cache, variants, status, http_status, error, attempts, input_tokens,
                    cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanousd,
                    saved_nanousd, cost_basis, price_id, price_unknown
             FROM requests WHERE "
                + $leading
                + " AND started_ms >= $2 AND started_ms < $3
                    AND started_ms <= $4 AND (started_ms, seq) < ($4, $5)
                    AND ($6::text IS NULL OR intent = $6)
                    AND ($7::text IS NULL OR model = $7)
                    AND ($8::text IS NULL OR provider = $8)
                    AND ($9::text IS NULL OR tier = $9)
                    AND ($10::text IS NULL OR user_name = $10)
                    AND ($11::text IS NULL OR key_id = $11)
                    AND ($12::text IS NULL OR cache = $12)
                    AND ($13::text IS NULL OR status = $13)
                    AND ($14::text IS NULL OR $14 = ANY (variants))
                    AND ($15::bigint IS NULL OR duration_us >= $15)
                    AND ($16::text IS NULL OR cost_basis = $16)
                  ORDER BY started_ms DESC, seq DESC LIMIT $17",
            storable(value).into_owned(),
            page.from_ms,
            page.to_ms,
            page.after.started_ms,
            page.after.seq,
            clean(&filter.intent),
            clean(&filter.model),
            clean(&filter.provider),
            filter.tier.map(|tier| tier.as_str()),
            clean(&filter.user),
            clean(&filter.key_id),
            filter.cache.map(|cache| cache.as_str()),
            filter.status.map(|status| status.as_str()),
            clean(&filter.variant),
            filter.min_duration_ms.map(|ms| ms.saturating_mul(1000)),
            filter.cost_basis.map(|basis| basis.as_str()),
            page.limit
        )
        .fetch_all($pool)
        .await
    }};
}

pub(super) async fn list(
    pool: &PgPool,
    filter: &RequestFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Vec<RequestRow>, StoreError> {
    let (from_ms, to_ms) = filter
        .range
        .map_or((i64::MIN, i64::MAX), |range| (range.from_ms, range.to_ms));
    let after = match cursor {
        Some(id) => position(pool, id).await?,
        None => NEWEST,
    };
    let page = Page {
        filter,
        from_ms,
        to_ms,
        after,
        limit: i64::from(limit),
    };
    let status = filter.status.filter(|status| *status != RequestStatus::Ok);
    // From the value that is likely the rarest to the likely most frequent.
    let stored = if filter.cost_basis == Some(CostBasis::Unsettled) {
        fetch!("$1 = '' AND cost_basis = 'unsettled'", "", page, pool)
    } else if let Some(user) = text(&filter.user) {
        fetch!("user_name = $1 AND user_name <> ''", user, page, pool)
    } else if let Some(status) = status.map(RequestStatus::as_str) {
        fetch!("status = $1 AND status <> 'ok'", status, page, pool)
    } else if let Some(key_id) = text(&filter.key_id) {
        fetch!("key_id = $1 AND key_id <> ''", key_id, page, pool)
    } else if let Some(intent) = text(&filter.intent) {
        fetch!("intent = $1 AND intent <> ''", intent, page, pool)
    } else if let Some(model) = text(&filter.model) {
        fetch!("model = $1 AND model <> ''", model, page, pool)
    } else {
        fetch!("$1 = ''", "", page, pool)
    };
    stored
        .map_err(from_sqlx)?
        .into_iter()
        .map(RequestRow::try_from)
        .collect()
}

fn text(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}

fn clean(value: &Option<String>) -> Option<String> {
    value.as_deref().map(|text| storable(text).into_owned())
}

/// The request with this id. Its time is in the id, and leads to its day; an id that tells none is looked for in all.
pub(super) async fn find(pool: &PgPool, id: &str) -> Result<Option<StoredRequest>, StoreError> {
    if let Some(at_ms) = time_of(id) {
        let near = find_between(pool, id, at_ms - DAY_MS, at_ms + DAY_MS).await?;
        if near.is_some() {
            return Ok(near);
        }
    }
    find_between(pool, id, i64::MIN, i64::MAX).await
}

/// When the request with this id began.
pub(crate) async fn started_ms_of(pool: &PgPool, id: &str) -> Result<Option<i64>, StoreError> {
    Ok(find(pool, id).await?.map(|found| found.started_ms))
}

async fn find_between(
    pool: &PgPool,
    id: &str,
    from_ms: i64,
    to_ms: i64,
) -> Result<Option<StoredRequest>, StoreError> {
    sqlx::query_as!(
        StoredRequest,
        "SELECT seq, id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed, key_id, team,
                user_name, session, event, tags, client_ip, intent, requested_model, tier, provider, model,
                simulated, cache, variants, status, http_status, error, attempts, input_tokens,
                cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanousd,
                saved_nanousd, cost_basis, price_id, price_unknown
         FROM requests WHERE id = $1 AND started_ms BETWEEN $2 AND $3",
        storable(id).into_owned(),
        from_ms,
        to_ms
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)
}

async fn position(pool: &PgPool, id: &str) -> Result<Position, StoreError> {
    if let Some(found) = find(pool, id).await? {
        return Ok(Position {
            started_ms: found.started_ms,
            seq: found.seq,
        });
    }
    // The row has expired since. What is left that is older has, too, except in the same millisecond.
    time_of(id).map_or_else(
        || {
            Err(inconsistent(
                "requests",
                "id",
                id,
                "there is no such request to continue after; start again at the first page",
            ))
        },
        |started_ms| Ok(Position { started_ms, seq: 0 }),
    )
}

/// The UNIX milliseconds in a UUID of version 7.
fn time_of(id: &str) -> Option<i64> {
    let hex: String = id.chars().filter(|digit| *digit != '-').collect();
    (hex.len() == 32 && hex.as_bytes().get(12) == Some(&b'7'))
        .then(|| i64::from_str_radix(hex.get(..12)?, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::time_of;

    #[test]
    fn a_version_seven_id_tells_its_time() {
        assert_eq!(
            time_of("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
            Some(1_645_557_742_000)
        );
        assert_eq!(time_of("5f1e0a4e-9d7b-4c1f-8a52-1b2c3d4e5f60"), None);
        assert_eq!(time_of("no id"), None);
    }
}
