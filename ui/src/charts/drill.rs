//! From a point on a chart to the requests behind it.

use super::shape::Frame;
use weir_contract::model::chart::{ChartData, ChartKind};

/// How near a line the pointer must be to mean that line, in pixels.
const REACH: f64 = 14.0;

/// The query for the requests page: the bucket, and what the series stands for.
#[must_use]
pub fn filters(data: &ChartData, index: usize, series: Option<usize>) -> Vec<(String, String)> {
    let start = data.from_ms + index as i64 * data.bucket_ms;
    let mut query = vec![
        ("bucket_from".to_owned(), start.to_string()),
        ("bucket_to".to_owned(), (start + data.bucket_ms).to_string()),
    ];
    let Some(series) = series.and_then(|series| data.series.get(series)) else {
        return query;
    };
    let (name, value) = match data.kind {
        ChartKind::Cost if series.name == "cache" => ("cache", "response".to_owned()),
        ChartKind::Cost => ("tier", series.name.clone()),
        ChartKind::HitRate => ("intent", series.name.clone()),
        ChartKind::Rollout => ("variant", format!("{}=new", series.name)),
        // A bucket's value stands for its 2 % wide step, so the filter starts a little below it.
        ChartKind::Latency => match series.values.get(index).copied().flatten() {
            Some(ms) => ("min_ms", ((ms * 0.98) as i64).to_string()),
            None => return query,
        },
    };
    query.push((name.to_owned(), value));
    query
}

/// The series under the pointer: the bar it stands on, or the line it is near.
#[must_use]
pub fn series_at(
    data: &ChartData,
    frame: &Frame,
    index: usize,
    y: f64,
    is_shown: impl Fn(&str) -> bool,
) -> Option<usize> {
    let shown = data
        .series
        .iter()
        .enumerate()
        .filter(|(_, series)| is_shown(&series.name));
    let values =
        shown.filter_map(|(position, series)| Some((position, series.values.get(index).copied().flatten()?)));
    if data.kind == ChartKind::Cost {
        let mut top = 0.0;
        for (position, value) in values {
            top += value;
            if y >= frame.y_of(top) && y <= frame.bottom {
                return Some(position);
            }
        }
        return None;
    }
    let distance = |value: f64| (frame.y_of(value) - y).abs();
    values
        .filter(|(_, value)| distance(*value) <= REACH)
        .min_by(|left, right| distance(left.1).total_cmp(&distance(right.1)))
        .map(|(position, _)| position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::model::chart::Series;

    fn data(kind: ChartKind) -> ChartData {
        let series = |name: &str, value: f64| Series {
            name: name.to_owned(),
            values: vec![None, Some(value)],
        };
        ChartData {
            kind,
            from_ms: 1_000,
            bucket_ms: 100,
            buckets: 2,
            series: vec![series("T0", 10.0), series("T1", 30.0)],
        }
    }

    const FRAME: Frame = Frame {
        left: 0.0,
        right: 200.0,
        top: 0.0,
        bottom: 100.0,
        y_max: 100.0,
        buckets: 2,
    };

    #[test]
    fn a_bar_is_found_by_its_place_in_the_stack() {
        let data = data(ChartKind::Cost);
        assert_eq!(series_at(&data, &FRAME, 1, 95.0, |_| true), Some(0));
        assert_eq!(series_at(&data, &FRAME, 1, 70.0, |_| true), Some(1));
        assert_eq!(series_at(&data, &FRAME, 1, 20.0, |_| true), None);
        assert_eq!(series_at(&data, &FRAME, 1, 80.0, |name| name == "T1"), Some(1));
    }

    #[test]
    fn a_line_is_found_when_near() {
        let data = data(ChartKind::HitRate);
        assert_eq!(series_at(&data, &FRAME, 1, 72.0, |_| true), Some(1));
        assert_eq!(series_at(&data, &FRAME, 0, 72.0, |_| true), None);
    }

    #[test]
    fn filters_name_the_bucket_and_the_series() {
        let query = filters(&data(ChartKind::Cost), 1, Some(1));
        assert!(query.contains(&("bucket_from".to_owned(), "1100".to_owned())));
        assert!(query.contains(&("tier".to_owned(), "T1".to_owned())));
        assert!(
            filters(&data(ChartKind::Rollout), 1, Some(0))
                .contains(&("variant".to_owned(), "T0=new".to_owned()))
        );
        assert_eq!(filters(&data(ChartKind::Latency), 0, Some(0)).len(), 2);
    }
}
