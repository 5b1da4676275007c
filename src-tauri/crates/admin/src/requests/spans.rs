//! Where requests that a filter names can lie. The rollups know the hours in which a provider, tier or variant was asked, so
//! a search for one that was never there, or long ago, does not read all requests.

use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    model::{request::RequestFilter, time::TimeRange},
};
use weir_engine::store::Dimension;

const HOUR_MS: i64 = 3_600_000;
/// What is younger may not be in the rollups yet.
const UNCOUNTED_MS: i64 = 2 * HOUR_MS;
/// What is older may be in the rollups no more.
const COUNTED_FOR_MS: i64 = 399 * 24 * HOUR_MS;

/// Spans that hold all requests of the filter, the newest first; together no longer than the filter's own.
pub(super) async fn of_filter(admin: &Admin, filter: &RequestFilter) -> Result<Vec<TimeRange>, ApiError> {
    let range = filter.range.unwrap_or(TimeRange {
        from_ms: i64::MIN,
        to_ms: i64::MAX,
    });
    let named = [
        (Dimension::Provider, filter.provider.clone()),
        (Dimension::Variant, filter.variant.clone()),
        (Dimension::Tier, filter.tier.map(|tier| tier.as_str().to_owned())),
    ];
    let rarest = named
        .into_iter()
        .find_map(|(dimension, value)| Some((dimension, value.filter(|text| !text.is_empty())?)));
    let Some((dimension, value)) = rarest else {
        return Ok(vec![range]);
    };
    let now_ms = admin.clock.now_ms();
    let counted = TimeRange {
        from_ms: range.from_ms.max(now_ms - COUNTED_FOR_MS),
        to_ms: range.to_ms.min(now_ms + HOUR_MS),
    };
    let counted = TimeRange {
        from_ms: counted.from_ms - counted.from_ms.rem_euclid(HOUR_MS),
        ..counted
    };
    let hours = admin.store.value_hours(dimension, &value, counted).await;
    let hours = hours.map_err(from_store)?;
    let asked = hours.first().zip(hours.last());
    Ok(spans(
        range,
        asked.map(|(first, last)| (first.at_ms, last.at_ms + HOUR_MS)),
        now_ms,
    ))
}

/// The spans, where the value was asked between these moments as far as the rollups know.
fn spans(range: TimeRange, asked: Option<(i64, i64)>, now_ms: i64) -> Vec<TimeRange> {
    let cut = |from_ms: i64, to_ms: i64| TimeRange {
        from_ms: from_ms.max(range.from_ms),
        to_ms: to_ms.min(range.to_ms),
    };
    let (young_ms, old_ms) = (now_ms - UNCOUNTED_MS, now_ms - COUNTED_FOR_MS);
    let counted = asked.map(|(first, last)| cut(first.max(old_ms), last.min(young_ms)));
    let all = [
        Some(cut(young_ms, i64::MAX)),
        counted,
        Some(cut(i64::MIN, old_ms)),
    ];
    let all = all.into_iter().flatten();
    all.filter(|span| span.from_ms < span.to_ms).collect()
}

#[cfg(test)]
mod tests {
    use super::{COUNTED_FOR_MS, HOUR_MS, UNCOUNTED_MS, spans};
    use weir_contract::model::time::TimeRange;

    const NOW_MS: i64 = 1_790_000_000_000;

    fn holds(spans: &[TimeRange], at_ms: i64) -> usize {
        let holding = spans
            .iter()
            .filter(|span| (span.from_ms..span.to_ms).contains(&at_ms));
        holding.count()
    }

    #[test]
    fn what_was_asked_lies_in_one_span_and_what_was_not_in_none_but_where_nobody_knows() {
        let always = TimeRange {
            from_ms: i64::MIN,
            to_ms: i64::MAX,
        };
        let (first, last) = (NOW_MS - 500 * HOUR_MS, NOW_MS - 300 * HOUR_MS);
        let found = spans(always, Some((first, last)), NOW_MS);
        for (at_ms, times) in [
            (NOW_MS + 5, 1),
            (NOW_MS - UNCOUNTED_MS, 1),
            (NOW_MS - UNCOUNTED_MS - 1, 0),
            (last, 0),
            (last - 1, 1),
            (first, 1),
            (first - 1, 0),
            (NOW_MS - COUNTED_FOR_MS, 0),
            (NOW_MS - COUNTED_FOR_MS - 1, 1),
        ] {
            assert_eq!(holds(&found, at_ms), times, "{at_ms}: {found:?}");
        }
        assert!(
            found.is_sorted_by(|one, other| one.from_ms >= other.to_ms),
            "newest first"
        );
        let nowhere = spans(always, None, NOW_MS);
        assert_eq!(holds(&nowhere, last - 1), 0);
        assert_eq!(holds(&nowhere, NOW_MS - 1), 1);
    }

    #[test]
    fn a_filters_own_span_is_never_left() {
        let range = TimeRange {
            from_ms: NOW_MS - 10 * HOUR_MS,
            to_ms: NOW_MS - 5 * HOUR_MS,
        };
        let found = spans(range, Some((NOW_MS - 20 * HOUR_MS, NOW_MS)), NOW_MS);
        assert_eq!(found, [range]);
        assert_eq!(spans(range, None, NOW_MS), []);
    }
}
