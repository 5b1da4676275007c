//! One request explained: its facts, every decision in order, and its bodies behind a button.

pub mod facts;

use crate::{
    components::{
        badge::{CacheBadge, SimulatedBadge, StatusBadge},
        copy::CopyButton,
        icon::{Icon, Symbol},
        state::Panel,
    },
    contexts::{query, use_shell},
    format,
    pages::ledger::correct::Cost,
    route::Page,
};
use leptos::prelude::*;
use weir_contract::{
    command::requests::RequestsGet,
    model::request::{RequestDetail, TraceStep},
};

/// The page.
#[component]
pub fn Request(id: String) -> impl IntoView {
    let shell = use_shell();
    let wanted = id.clone();
    let detail = query(move || RequestsGet { id: wanted.clone() });
    let reload = Callback::new(move |()| detail.reload());
    let content = move || {
        detail
            .value
            .get()
            .map(|detail| view! { <Explained detail reload/> })
    };
    view! {
        <div class="crumb"><a href=move || shell.href(Page::Requests)><Icon symbol=Symbol::Back/>"Requests"</a>
            <code>{id.clone()}</code><CopyButton text=Signal::stored(id) label="Copy the request's id"/></div>
        <Panel query=detail rows=8>{content}</Panel>
    }
}

#[component]
fn Explained(detail: RequestDetail, reload: Callback<()>) -> impl IntoView {
    let RequestDetail {
        row,
        trace,
        request_body,
        response_body,
        corrections,
    } = detail;
    let total_us = row.duration_us.max(1);
    let starts_us: Vec<i64> = std::iter::once(0)
        .chain(trace.iter().map(|step| step.at_us))
        .collect();
    let steps = trace
        .into_iter()
        .zip(starts_us)
        .map(|(step, from_us)| view! { <Step step from_us total_us/> })
        .collect_view();
    view! {
        <div class="explain">
            <section class="card"><h2>"Facts"</h2>
                <div class="badges"><StatusBadge status=row.status/><CacheBadge cache=row.cache/>{row.simulated.then(|| view! { <SimulatedBadge/> })}</div>
                {facts::groups(&row).into_iter().map(|group| view! { <Group group/> }).collect_view()}
            </section>
            <div class="stack">
                <Cost row=row.clone() corrections reload/>
                <section class="card"><h2>"What happened, in order"</h2>
                    <ol class="trace">{steps}</ol>
                </section>
                <Body title="Request body" body=request_body/>
                <Body title="Answer body" body=response_body/>
            </div>
        </div>
    }
}

#[component]
fn Group(group: facts::Group) -> impl IntoView {
    let lines = group
        .lines
        .into_iter()
        .map(|(name, value)| view! { <dt>{name}</dt><dd>{format::visible(&value)}</dd> })
        .collect_view();
    view! { <h3 class="facts-head">{group.title}</h3><dl class="facts">{lines}</dl> }
}

/// One decision; the bar is the time since the one before, on the scale of the whole request.
#[component]
fn Step(step: TraceStep, from_us: i64, total_us: i64) -> impl IntoView {
    let share = |us: i64| (us as f64 / total_us as f64 * 100.0).clamp(0.0, 100.0);
    let (left, right) = (share(from_us), share(step.at_us));
    let facts = step.facts.into_iter().map(|(name, value)| view! { <span class="fact"><span class="muted">{format::visible(&name)}</span>" "{format::visible(&value)}</span> });
    view! {
        <li><span class="trace-at num">{format::duration_us(step.at_us)}</span>
            <div class="trace-body"><strong>{format::visible(&step.stage)}</strong><p>{format::visible(&step.decision)}</p>
                <div class="trace-facts">{facts.collect_view()}</div>
                <div class="trace-track" aria-hidden="true"><i style:margin-left=format!("min({left:.1}%, 100% - 2px)") style:width=format!("{:.1}%", (right - left).max(0.0))></i></div>
            </div>
        </li>
    }
}

/// Bodies stay hidden until asked for; they are text and never markup.
#[component]
fn Body(title: &'static str, body: Option<String>) -> impl IntoView {
    let is_revealed = RwSignal::new(false);
    let content = move || match (&body, is_revealed.get()) {
        (None, _) => {
            view! { <p class="muted">"Not kept: bodies are switched off, or their time is over."</p> }
                .into_any()
        }
        (Some(_), false) => {
            view! { <p class="muted">"Hidden. It may hold what people wrote."</p> }.into_any()
        }
        (Some(text), true) => {
            view! { <pre class="body" tabindex="0">{format::visible(text)}</pre> }.into_any()
        }
    };
    view! {
        <section class="card"><header class="chart-head"><h2>{title}</h2>
            <button type="button" class="small" aria-pressed=move || is_revealed.get().to_string() on:click=move |_| is_revealed.update(|on| *on = !*on)>
                {move || if is_revealed.get() { "Hide" } else { "Reveal" }}</button></header>
            {content}
        </section>
    }
}
