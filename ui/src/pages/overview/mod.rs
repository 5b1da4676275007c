//! The overview: six figures, what needs an admin, four charts.

pub mod state;

use crate::{
    charts::ChartFigure,
    components::{
        icon::{Icon, Symbol},
        state::{Failure, Skeleton},
    },
    contexts::{clock, query, use_shell},
    route::Page,
};
use leptos::prelude::*;
use state::{Kpi, Trend};
use weir_contract::{
    command::overview::OverviewGet,
    model::chart::{ChartKind, Overview as Figures},
};

/// The page.
#[component]
pub fn Overview() -> impl IntoView {
    let shell = use_shell();
    let overview = query(move || OverviewGet {
        range: shell.time_range(),
    });
    let kpis = Memo::new(move |_| {
        overview.value.with(|figures| {
            figures
                .as_ref()
                .map(|figures| Kpi::ALL.map(|kpi| kpi.read(figures)))
        })
    });
    let card = move |(index, kpi): (usize, Kpi)| {
        let shown = Memo::new(move |_| kpis.with(|kpis| kpis.as_ref().map(|kpis| kpis[index].clone())));
        view! { <KpiCard kpi shown/> }
    };
    view! {
        <Failure query=overview/>
        <section class="kpis" aria-label="Key figures" class:stale=move || overview.is_stale.get()>
            {Kpi::ALL.into_iter().enumerate().map(card).collect_view()}
        </section>
        <AttentionList figures=overview.value failed=Signal::derive(move || overview.error.with(Option::is_some))/>
        <section class="charts" aria-label="Charts">
            <ChartFigure kind=ChartKind::Cost title="Cost" unit="dollars by tier" testid="chart-cost"/>
            <ChartFigure kind=ChartKind::Latency title="Latency" unit="from arrival to last byte" testid="chart-latency"/>
            <ChartFigure kind=ChartKind::HitRate title="Cache hit rate" unit="percent by intent" testid="chart-hit-rate"/>
            <ChartFigure kind=ChartKind::Rollout title="Rollout" unit="percent on the new variant" testid="chart-rollout"/>
        </section>
    }
}

#[component]
fn KpiCard(kpi: Kpi, shown: Memo<Option<state::Reading>>) -> impl IntoView {
    let shell = use_shell();
    let link = move || {
        shell.href_with(
            if kpi == Kpi::HitRate {
                Page::Cache
            } else {
                Page::Requests
            },
            kpi.filter(),
        )
    };
    let value = move || {
        shown
            .get()
            .map_or_else(|| crate::format::NOTHING.to_owned(), |reading| reading.value)
    };
    let title = move || shown.get().map(|reading| reading.exact).unwrap_or_default();
    let delta = move || {
        shown.get().map(|reading| {
            let class = match reading.trend {
                Trend::Better => "delta better",
                Trend::Worse => "delta worse",
                Trend::Neutral => "delta",
            };
            let word = match reading.trend {
                Trend::Better => " better",
                Trend::Worse => " worse",
                Trend::Neutral => "",
            };
            let before = reading.has_before.then(|| shell.range.get().previous_label());
            view! { <span class=class>{reading.delta}{word}</span><span class="muted before">{before}</span> }
        })
    };
    // "$0.0000164" is as wide as the card in large figures.
    let is_long = move || value().chars().count() > 8;
    // Each part stays in one piece, so that a narrow card breaks between "p50 338 ms" and "p99 2,610 ms".
    let note = move || {
        let note = shown.get().map(|reading| reading.note).unwrap_or_default();
        let parts: Vec<_> = note.split_inclusive(", ").map(ToOwned::to_owned).collect();
        parts
            .into_iter()
            .map(|part| view! { <span>{part}</span> })
            .collect_view()
    };
    view! {
        <a class="card kpi" href=link>
            <span class="kpi-label">{kpi.label()}</span>
            <span class="kpi-value" class:long=is_long data-testid=kpi.testid() title=title>{value}</span>
            <span class="kpi-delta">{delta}</span>
            <span class="kpi-note">{note}</span>
        </a>
    }
}

#[component]
fn AttentionList(figures: RwSignal<Option<Figures>>, failed: Signal<bool>) -> impl IntoView {
    let shell = use_shell();
    let items =
        Memo::new(move |_| figures.with(|figures| figures.as_ref().map(|figures| figures.attention.clone())));
    let is_quiet = Memo::new(move |_| {
        figures.with(|figures| {
            figures
                .as_ref()
                .is_some_and(|figures| figures.current.requests == 0)
        })
    });
    let content = move || {
        match items.get() {
        None if failed.get() => view! { <p class="nothing muted">"Not known while the figures cannot be read."</p> }.into_any(),
        None => view! { <Skeleton rows=1/> }.into_any(),
        Some(items) if items.is_empty() => {
            let checked = move || figures.with(|figures| figures.as_ref().map_or(0, |figures| figures.as_of_ms));
            view! {
                <p class="nothing"><Icon symbol=Symbol::Check/>"Nothing needs you."<span class="muted">{move || format!("Checked {}", clock::moment(checked()))}</span>
                    <Show when=move || is_quiet.get()><a class="next" href=move || shell.href(Page::Start)>"No requests in this range: send one"</a></Show></p>
            }
            .into_any()
        }
        Some(items) => items
            .into_iter()
            .map(|item| {
                let page = Page::from_path(&item.page);
                let word = page.title();
                view! {
                    <a class="attention-item" href=move || shell.href(page.clone())>
                        <Icon symbol=Symbol::Warning/><span>{item.message}</span><em>{word}<Icon symbol=Symbol::Arrow/></em>
                    </a>
                }
            })
            .collect_view()
            .into_any(),
    }
    };
    view! { <section class="card attention" aria-label="Needs attention" data-testid="attention">{content}</section> }
}
