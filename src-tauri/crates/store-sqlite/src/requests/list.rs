//! Lists requests by filter, newest first, a page at a time.

use super::row::StoredRequest;
use crate::error::{from_sqlx, inconsistent};
use sqlx::SqlitePool;
use weir_contract::model::request::{CostBasis, RequestFilter, RequestRow, RequestStatus};
use weir_engine::store::StoreError;

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

/// One query per column that can lead: SQLite uses an index only for a condition that is always there. The other
/// conditions are the same everywhere.
macro_rules! fetch {
    ($leading:literal, $value:expr, $page:expr, $readers:expr) => {{
        let (page, value): (&Page<'_>, _) = (&$page, $value);
        let filter = page.filter;
        let tier = filter.tier.map(|tier| tier.as_str());
        let cache = filter.cache.map(|cache| cache.as_str());
        let status = filter.status.map(|status| status.as_str());
        let cost_basis = filter.cost_basis.map(|basis| basis.as_str());
        let min_duration_us = filter.min_duration_ms.map(|ms| ms.saturating_mul(1000));
        sqlx::query_as!(
            StoredRequest,
            "SELECT * FROM requests WHERE "
                + $leading
                + " AND started_ms >= ?2 AND started_ms < ?3
                    AND (started_ms, seq) < (?4, ?5)
                    AND (?6 IS NULL OR intent = ?6)
                    AND (?7 IS NULL OR model = ?7)
                    AND (?8 IS NULL OR provider = ?8)
                    AND (?9 IS NULL OR tier = ?9)
                    AND (?10 IS NULL OR user_name = ?10)
                    AND (?11 IS NULL OR key_id = ?11)
                    AND (?12 IS NULL OR cache = ?12)
                    AND (?13 IS NULL OR status = ?13)
                    AND (?14 IS NULL OR EXISTS (SELECT 1 FROM json_each(variants) WHERE json_each.value = ?14))
                    AND (?15 IS NULL OR duration_us >= ?15)
                    AND (?16 IS NULL OR cost_basis = ?16)
                  ORDER BY started_ms DESC, seq DESC LIMIT ?17",
            value,
            page.from_ms,
            page.to_ms,
            page.after.started_ms,
            page.after.seq,
            filter.intent,
            filter.model,
            filter.provider,
            tier,
            filter.user,
            filter.key_id,
            cache,
            status,
            filter.variant,
            min_duration_us,
            cost_basis,
            page.limit
        )
        .fetch_all($readers)
        .await
    }};
}

pub(super) async fn list(
    readers: &SqlitePool,
    filter: &RequestFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Vec<RequestRow>, StoreError> {
    let (from_ms, to_ms) = filter
        .range
        .map_or((i64::MIN, i64::MAX), |range| (range.from_ms, range.to_ms));
    let after = match cursor {
        Some(id) => position(readers, id).await?,
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
        fetch!("?1 AND cost_basis = 'unsettled'", true, page, readers)
    } else if let Some(user) = text(&filter.user) {
        fetch!("user_name = ?1 AND user_name <> ''", user, page, readers)
    } else if let Some(status) = status.map(RequestStatus::as_str) {
        fetch!("status = ?1 AND status <> 'ok'", status, page, readers)
    } else if let Some(key_id) = text(&filter.key_id) {
        fetch!("key_id = ?1 AND key_id <> ''", key_id, page, readers)
    } else if let Some(intent) = text(&filter.intent) {
        fetch!("intent = ?1 AND intent <> ''", intent, page, readers)
    } else if let Some(model) = text(&filter.model) {
        fetch!("model = ?1 AND model <> ''", model, page, readers)
    } else {
        fetch!("?1", true, page, readers)
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

async fn position(readers: &SqlitePool, id: &str) -> Result<Position, StoreError> {
    let found = sqlx::query_as!(Position, "SELECT started_ms, seq FROM requests WHERE id = ?", id)
        .fetch_optional(readers)
        .await
        .map_err(from_sqlx)?;
    if let Some(position) = found {
        return Ok(position);
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
