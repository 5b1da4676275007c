//! The filter of the requests page, to and from the hash. Plain data.

use crate::route::Route;
use weir_contract::model::{
    request::{CacheOutcome, CostBasis, RequestFilter, RequestStatus},
    tier::Tier,
    time::TimeRange,
};

/// The names a filter may have in the hash, in the order chips are shown.
pub const NAMES: [&str; 12] = [
    "bucket_from",
    "bucket_to",
    "intent",
    "model",
    "provider",
    "tier",
    "user",
    "key",
    "cache",
    "status",
    "basis",
    "variant",
];
/// The least duration, in milliseconds.
pub const MIN_MS: &str = "min_ms";

/// Reads the filter; `range` holds unless a chart's bucket narrows it.
#[must_use]
pub fn filter(route: &Route, range: TimeRange) -> RequestFilter {
    let text = |name: &str| {
        route
            .get(name)
            .filter(|value| !value.is_empty())
            .map(ToOwned::to_owned)
    };
    RequestFilter {
        range: Some(bucket(route).unwrap_or(range)),
        intent: text("intent"),
        model: text("model"),
        provider: text("provider"),
        tier: route.get("tier").and_then(Tier::parse),
        user: text("user"),
        key_id: text("key"),
        cache: route.get("cache").and_then(CacheOutcome::parse),
        status: route.get("status").and_then(RequestStatus::parse),
        cost_basis: route.get("basis").and_then(CostBasis::parse),
        variant: text("variant"),
        min_duration_ms: route.get(MIN_MS).and_then(|text| text.parse().ok()),
    }
}

/// The chart bucket that narrows the range, if the hash names one.
#[must_use]
pub fn bucket(route: &Route) -> Option<TimeRange> {
    let from_ms = route.get("bucket_from")?.parse().ok()?;
    let to_ms = route.get("bucket_to")?.parse().ok()?;
    (from_ms < to_ms).then_some(TimeRange { from_ms, to_ms })
}

/// One removable chip: the hash names it stands for, and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    pub names: Vec<&'static str>,
    pub text: String,
}

/// A filter's value as the table says it.
#[must_use]
pub fn word(value: &str) -> &str {
    match value {
        "response" => "hit",
        "semantic" => "semantic hit",
        "client_gone" => "client gone",
        other => other,
    }
}

/// The chips of a route; `moment` writes a time.
#[must_use]
pub fn chips(route: &Route, moment: impl Fn(i64) -> String) -> Vec<Chip> {
    let mut chips = Vec::new();
    if let Some(range) = bucket(route) {
        let text = format!("{} to {}", moment(range.from_ms), moment(range.to_ms));
        chips.push(Chip {
            names: vec!["bucket_from", "bucket_to"],
            text,
        });
    }
    for name in &NAMES[2..] {
        if let Some(value) = route.get(name).filter(|value| !value.is_empty()) {
            chips.push(Chip {
                names: vec![name],
                text: format!("{name}: {}", word(value)),
            });
        }
    }
    if let Some(value) = route.get(MIN_MS) {
        chips.push(Chip {
            names: vec![MIN_MS],
            text: format!("at least {value} ms"),
        });
    }
    chips
}

/// The route with these names removed.
#[must_use]
pub fn without(route: &Route, names: &[&str]) -> Route {
    let query = route
        .query
        .iter()
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .cloned()
        .collect();
    Route {
        page: route.page.clone(),
        query,
    }
}

/// The route with this filter set, or removed when the value is empty.
#[must_use]
pub fn with(route: &Route, name: &str, value: &str) -> Route {
    let mut route = without(route, &[name]);
    if !value.is_empty() {
        route.query.push((name.to_owned(), value.to_owned()));
    }
    route
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: TimeRange = TimeRange {
        from_ms: 0,
        to_ms: 100,
    };

    #[test]
    fn a_charts_point_becomes_a_filter_with_chips() {
        let route = Route::from_hash(
            "#/requests?range=24h&bucket_from=10&bucket_to=20&tier=T1&variant=a%3Dnew&min_ms=900",
        );
        let filter = filter(&route, RANGE);
        assert_eq!(
            filter.range,
            Some(TimeRange {
                from_ms: 10,
                to_ms: 20
            })
        );
        assert_eq!((filter.tier, filter.min_duration_ms), (Some(Tier::T1), Some(900)));
        assert_eq!(filter.variant.as_deref(), Some("a=new"));
        let chips = chips(&route, |ms| ms.to_string());
        assert_eq!(chips.len(), 4);
        assert_eq!((word("response"), word("faq")), ("hit", "faq"));
        assert_eq!(bucket(&without(&route, &chips[0].names)), None);
    }

    #[test]
    fn nonsense_does_not_filter() {
        let route = Route::from_hash("#/requests?tier=T9&cache=maybe&bucket_from=30&bucket_to=20&intent=");
        assert_eq!(
            filter(&route, RANGE),
            RequestFilter {
                range: Some(RANGE),
                ..RequestFilter::default()
            }
        );
    }

    #[test]
    fn setting_and_clearing_go_round() {
        let route = Route::from_hash("#/requests?range=1h");
        let set = with(&route, "status", "failed");
        assert_eq!(set.get("status"), Some("failed"));
        assert_eq!(with(&set, "status", ""), route);
    }
}
