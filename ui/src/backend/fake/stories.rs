//! Made-up lists of requests, and one request explained.

use super::{
    request::{GAP_MS, row},
    shelf::Shelf,
    trace::trace,
};
use weir_contract::{
    ApiError,
    command::requests::{RequestPage, RequestsList},
    model::{
        gateway::ProfileKind,
        request::{RequestDetail, RequestFilter, RequestRow},
    },
};

/// How far back the list looks for rows that match.
const FARTHEST: i64 = 20_000;

fn matches(filter: &RequestFilter, row: &RequestRow) -> bool {
    let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
    filter
        .range
        .is_none_or(|range| (range.from_ms..range.to_ms).contains(&row.started_ms))
        && same(&filter.intent, &row.intent)
        && same(&filter.model, &row.model)
        && same(&filter.provider, &row.provider)
        && same(&filter.user, &row.user)
        && same(&filter.key_id, &row.key_id)
        && filter.tier.is_none_or(|tier| row.tier == Some(tier))
        && filter.cache.is_none_or(|cache| row.cache == cache)
        && filter.status.is_none_or(|status| row.status == status)
        && filter.cost_basis.is_none_or(|basis| row.cost_basis == basis)
        && filter
            .variant
            .as_ref()
            .is_none_or(|variant| row.variants.contains(variant))
        && filter
            .min_duration_ms
            .is_none_or(|least| row.duration_us >= least * 1_000)
}

pub(super) fn list(shelf: &Shelf, list: &RequestsList) -> RequestPage {
    if shelf.profile != Some(ProfileKind::Sample) {
        // The first request of a local profile "arrives" a while after the door was opened, so that the waiting row can be seen.
        let arrived = shelf.now_ms - shelf.opened_ms > 20_000;
        let rows = if arrived {
            vec![row(shelf.opened_ms / GAP_MS + 3)]
        } else {
            Vec::new()
        };
        return RequestPage {
            rows,
            next_cursor: None,
        };
    }
    let newest = (shelf.now_ms - 9_000).div_euclid(GAP_MS);
    let start = list
        .cursor
        .as_ref()
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(newest);
    let end = list
        .filter
        .range
        .map_or(start, |range| start.min(range.to_ms / GAP_MS));
    let limit = list.limit as usize;
    let mut rows: Vec<RequestRow> = Vec::with_capacity(limit);
    let mut next_cursor = None;
    for slot in (end - FARTHEST..=end).rev() {
        if rows.len() == limit {
            next_cursor = Some(slot.to_string());
            break;
        }
        let row = row(slot);
        if list
            .filter
            .range
            .is_some_and(|range| row.started_ms < range.from_ms - GAP_MS)
        {
            break;
        }
        if matches(&list.filter, &row) {
            rows.push(row);
        }
    }
    RequestPage { rows, next_cursor }
}

pub(super) fn detail(_shelf: &Shelf, id: &str) -> Result<RequestDetail, ApiError> {
    let slot = id
        .rsplit('-')
        .next()
        .and_then(|hex| i64::from_str_radix(hex, 16).ok());
    let Some(row) = slot.map(row).filter(|row| row.id == id) else {
        return Err(ApiError::not_found(format!("There is no request \"{id}\".")));
    };
    let trace = trace(&row);
    let body = "{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"Sample text, made up. <b>Not bold.</b> \u{202e}reversed\"}]}";
    let answer = "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"A made-up answer.\"}}]}";
    Ok(RequestDetail {
        row,
        trace,
        request_body: Some(body.to_owned()),
        response_body: Some(answer.to_owned()),
        corrections: Vec::new(),
    })
}
