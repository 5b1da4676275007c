//! The four charts.
use super::command;
use crate::model::{
    chart::{ChartData, ChartKind},
    time::TimeRange,
};

command! {
    /// One chart's series over a range; the bucket width is chosen so that there are at most 90 buckets.
    ChartsGet = "charts.get" { kind: ChartKind, range: TimeRange } -> ChartData
}
