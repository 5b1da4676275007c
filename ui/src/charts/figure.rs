//! One chart on the page: its data, its heading and switch to the table, and the parts put together.

use super::{
    legend::Legend, picture::Picture, plot, reading::Reading, shape::Drawing, summary, table::ChartTable,
};
use crate::{
    components::{
        icon::{Icon, Symbol},
        state::{Failure, Skeleton},
    },
    contexts::{clock, query, use_shell},
};
use leptos::{ev, html, prelude::*};
use weir_contract::{command::charts::ChartsGet, model::chart::ChartKind};

/// A chart with its own data.
#[component]
pub fn ChartFigure(
    kind: ChartKind,
    title: &'static str,
    unit: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let shell = use_shell();
    let charts = query(move || ChartsGet {
        kind,
        range: shell.time_range(),
    });
    let plot = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0_u32);
    let measure = move || {
        if let Some(element) = plot.get() {
            let now = element.client_width().max(0).unsigned_abs();
            if width.get_untracked() != now {
                width.set(now);
            }
        }
    };
    Effect::new(move |_| measure());
    let on_resize = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || on_resize.remove());
    let hidden = RwSignal::new(Vec::<String>::new());
    let drawing = Memo::new(move |_| {
        let width = width.get();
        charts.value.with(|data| match data {
            Some(data) if width > 0 => {
                let offset = clock::offset_minutes(data.from_ms + data.bucket_ms * data.buckets as i64);
                plot::draw(data, width, offset, |name| {
                    hidden.with(|hidden| !hidden.iter().any(|other| other == name))
                })
            }
            _ => Drawing::default(),
        })
    });
    let figure = Reading {
        shell,
        kind,
        title,
        data: charts.value,
        drawing,
        hidden,
        cursor: RwSignal::new(None),
        plot,
    };
    let as_table = RwSignal::new(false);
    let caption = move || {
        charts.value.with(|data| {
            data.as_ref().map_or_else(
                || {
                    if charts.error.with(Option::is_some) {
                        String::new()
                    } else {
                        "Loading…".to_owned()
                    }
                },
                // An empty chart says so in its middle; once is enough.
                |data| {
                    if summary::is_empty(data) {
                        String::new()
                    } else {
                        summary::sentence(data, clock::offset_minutes(data.from_ms))
                    }
                },
            )
        })
    };
    view! {
        <figure class="card chart" data-testid=testid class:stale=move || charts.is_stale.get() class:tiers=kind == ChartKind::Cost>
            <header class="chart-head">
                <h2>{title}<span class="unit">{unit}</span></h2>
                <button type="button" class="quiet small" aria-pressed=move || as_table.get().to_string()
                    on:click=move |_| as_table.update(|on| *on = !*on)>
                    <Icon symbol=Symbol::Table/>{move || if as_table.get() { "Chart" } else { "Table" }}
                </button>
            </header>
            <div class="plot" node_ref=plot class:hidden=move || as_table.get()>
                <Picture figure/>
                <Show when=move || charts.value.with(Option::is_none)>
                    <div class="plot-over"><Show when=move || charts.error.with(Option::is_none) fallback=move || view! { <Failure query=charts/> }>
                        <Skeleton rows=4/>
                    </Show></div>
                </Show>
                <Show when=move || charts.value.with(|data| data.as_ref().is_some_and(summary::is_empty))>
                    <div class="plot-over muted"><p>{summary::EMPTY}</p></div>
                </Show>
            </div>
            <Show when=move || as_table.get()>
                {move || charts.value.get().map(|data| view! { <ChartTable data caption=title/> })}
            </Show>
            <Legend figure/>
            <figcaption>{caption}</figcaption>
        </figure>
    }
}
