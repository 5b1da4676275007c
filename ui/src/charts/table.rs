//! The table behind a chart: the same numbers, one row per bucket, newest first.

use super::scale::value_text;
use crate::{contexts::clock, format};
use leptos::prelude::*;
use weir_contract::model::chart::ChartData;

/// Every bucket and series as a table.
#[component]
pub fn ChartTable(data: ChartData, caption: &'static str) -> impl IntoView {
    let head = data
        .series
        .iter()
        .map(|series| view! { <th scope="col" class="num">{series.name.clone()}</th> })
        .collect_view();
    let rows = (0..data.buckets)
        .rev()
        .map(|index| {
            let cells = data
                .series
                .iter()
                .map(|series| {
                    let value = series.values.get(index).copied().flatten();
                    let text = value.map_or_else(
                        || format::NOTHING.to_owned(),
                        |value| value_text(data.kind, value),
                    );
                    view! { <td class="num">{text}</td> }
                })
                .collect_view();
            let at_ms = data.from_ms + index as i64 * data.bucket_ms;
            view! { <tr><th scope="row">{clock::moment(at_ms)}</th>{cells}</tr> }
        })
        .collect_view();
    view! {
        <div class="chart-table" tabindex="0" role="region" aria-label=format!("{caption}, as a table")>
            <table>
                <thead><tr><th scope="col">"From"</th>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
