//! `requests.list`: recorded requests, newest first, a page at a time.

use super::spans;
use crate::{Admin, check, from_store};
use weir_contract::{
    ApiError,
    command::requests::{RequestPage, RequestsList},
    model::request::RequestFilter,
};

/// A page of the requests that pass the filter.
///
/// # Errors
/// `InvalidArgument` for a limit outside 1 to 200 or a filter that cannot match; failures of the database.
pub async fn list(admin: &Admin, command: RequestsList) -> Result<RequestPage, ApiError> {
    check::page_size(command.limit)?;
    check_filter(&command.filter)?;
    let cursor = command.cursor.as_deref();
    if let Some(cursor) = cursor
        && (cursor.is_empty() || cursor.len() > 64)
    {
        return Err(ApiError::invalid(
            "cursor: send back next_cursor of the page before, or null for the first page",
        ));
    }
    // One row more than asked for tells whether there is a next page.
    let wanted = command.limit + 1;
    let mut rows = Vec::new();
    for range in spans::of_filter(admin, &command.filter).await? {
        let filter = RequestFilter {
            range: Some(range),
            ..command.filter.clone()
        };
        let missing = wanted.saturating_sub(u32::try_from(rows.len()).unwrap_or(wanted));
        if missing == 0 {
            break;
        }
        let more = admin.store.list_requests(&filter, cursor, missing).await;
        rows.extend(more.map_err(from_store)?);
    }
    let page_size = command.limit as usize;
    let more = rows.len() > page_size;
    rows.truncate(page_size);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(RequestPage { rows, next_cursor })
}

fn check_filter(filter: &RequestFilter) -> Result<(), ApiError> {
    if let Some(range) = filter.range
        && range.from_ms >= range.to_ms
    {
        return Err(ApiError::invalid("filter.range: from_ms must be before to_ms"));
    }
    if filter
        .min_duration_ms
        .is_some_and(|least| !(0..=i64::MAX / 1_000).contains(&least))
    {
        return Err(ApiError::invalid(
            "filter.min_duration_ms: milliseconds, 0 or more",
        ));
    }
    if let Some(variant) = &filter.variant
        && !variant.contains('=')
    {
        return Err(ApiError::invalid(
            "filter.variant: write it as rollout=variant, such as \"cheap-model=new\"",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{RequestFilter, check_filter};
    use weir_contract::model::time::TimeRange;

    #[test]
    fn filters_that_cannot_match_are_refused() {
        let with = |change: fn(&mut RequestFilter)| {
            let mut filter = RequestFilter::default();
            change(&mut filter);
            check_filter(&filter)
        };
        assert!(check_filter(&RequestFilter::default()).is_ok());
        assert!(with(|filter| filter.range = Some(TimeRange { from_ms: 2, to_ms: 2 })).is_err());
        assert!(with(|filter| filter.min_duration_ms = Some(-1)).is_err());
        assert!(with(|filter| filter.min_duration_ms = Some(i64::MAX)).is_err());
        assert!(with(|filter| filter.variant = Some("new".into())).is_err());
        assert!(with(|filter| filter.variant = Some("a=new".into())).is_ok());
    }
}
