//! The figures at the top of the overview.
use super::command;
use crate::model::{chart::Overview, time::TimeRange};

command! {
    /// Spend, saved, requests, hit rate, error rate and latency, with the period before.
    OverviewGet = "overview.get" { range: TimeRange } -> Overview
}
