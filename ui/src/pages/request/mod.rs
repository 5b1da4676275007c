//! One request explained: its facts, every decision in order, and its bodies behind a button.

use crate::{
    components::{
        badge::{CacheBadge, SimulatedBadge, StatusBadge},
        copy::CopyButton,
        icon::{Icon, Symbol},
        state::Panel,
    },
    contexts::{clock, query, use_shell},
    format,
    pages::requests::row::or_nothing,
    route::Page,
};
use leptos::prelude::*;
use weir_contract::{
    command::requests::RequestsGet,
    model::{
        request::{RequestDetail, RequestRow, TraceStep},
        tier::Tier,
    },
};

/// The page.
#[component]
pub fn Request(id: String) -> impl IntoView {
    let shell = use_shell();
    let wanted = id.clone();
    let detail = query(move || RequestsGet { id: wanted.clone() });
    let content = move || detail.value.get().map(|detail| view! { <Explained detail/> });
    view! {
        <div class="crumb"><a href=move || shell.href(Page::Requests)><Icon symbol=Symbol::Back/>"Requests"</a>
            <code>{id.clone()}</code><CopyButton text=Signal::stored(id) label="Copy the request's id"/></div>
        <Panel query=detail rows=8>{content}</Panel>
    }
}

#[component]
fn Explained(detail: RequestDetail) -> impl IntoView {
    let RequestDetail {
        row,
        trace,
        request_body,
        response_body,
    } = detail;
    let total_us = row.duration_us.max(1);
    view! {
        <div class="explain">
            <section class="card"><h2>"Facts"</h2>
                <div class="badges"><StatusBadge status=row.status/><CacheBadge cache=row.cache/>{row.simulated.then(|| view! { <SimulatedBadge/> })}</div>
                <dl class="facts">{facts(&row).into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{format::visible(&value)}</dd> }).collect_view()}</dl>
            </section>
            <section class="card"><h2>"What happened, in order"</h2>
                <ol class="trace">{trace.into_iter().map(|step| view! { <Step step total_us/> }).collect_view()}</ol>
            </section>
        </div>
        <Body title="Request body" body=request_body/>
        <Body title="Answer body" body=response_body/>
    }
}

#[component]
fn Step(step: TraceStep, total_us: i64) -> impl IntoView {
    let share = (step.at_us as f64 / total_us as f64 * 100.0).clamp(0.0, 100.0);
    let facts = step.facts.into_iter().map(|(name, value)| view! { <span class="fact"><span class="muted">{format::visible(&name)}</span>" "{format::visible(&value)}</span> });
    view! {
        <li><span class="trace-at num">{format::duration_us(step.at_us)}</span>
            <div class="trace-body"><strong>{format::visible(&step.stage)}</strong><p>{format::visible(&step.decision)}</p>
                <div class="trace-facts">{facts.collect_view()}</div>
                <div class="trace-track" aria-hidden="true"><i style:width=format!("{share:.1}%")></i></div>
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
        <section class="card body-card"><header class="chart-head"><h2>{title}</h2>
            <button type="button" class="small" aria-pressed=move || is_revealed.get().to_string() on:click=move |_| is_revealed.update(|on| *on = !*on)>
                {move || if is_revealed.get() { "Hide" } else { "Reveal" }}</button></header>
            {content}
        </section>
    }
}

fn facts(row: &RequestRow) -> Vec<(&'static str, String)> {
    let tokens = row.tokens;
    vec![
        (
            "Arrived",
            format!(
                "{} ({})",
                clock::moment(row.started_ms),
                clock::zone_name(row.started_ms)
            ),
        ),
        ("Intent", or_nothing(&row.intent)),
        ("Asked for", or_nothing(&row.requested_model)),
        (
            "Served by",
            format!("{} / {}", or_nothing(&row.provider), or_nothing(&row.model)),
        ),
        ("Tier", row.tier.map_or(format::NOTHING, Tier::as_str).to_owned()),
        (
            "Endpoint",
            format!("{}{}", row.endpoint, if row.streamed { ", streamed" } else { "" }),
        ),
        ("Total time", format::duration_us(row.duration_us)),
        ("First byte", format::duration_us(row.first_byte_us)),
        ("At providers", format::duration_us(row.upstream_us)),
        ("In Weir", format::duration_us(row.duration_us - row.upstream_us)),
        ("Attempts", row.attempts.to_string()),
        (
            "Input tokens",
            format!(
                "{} fresh, {} cache read, {} cache write",
                format::count(tokens.input),
                format::count(tokens.cache_read),
                format::count(tokens.cache_write)
            ),
        ),
        (
            "Output tokens",
            format!(
                "{} visible, {} reasoning",
                format::count(tokens.output),
                format::count(tokens.reasoning)
            ),
        ),
        (
            "Cost",
            format!(
                "{} ({})",
                format::money_exact(row.cost_nanousd),
                if row.price_unknown {
                    "price unknown, highest of the tier"
                } else {
                    row.cost_basis.as_str()
                }
            ),
        ),
        ("Saved", format::money_exact(row.saved_nanousd)),
        ("Price used", or_nothing(&row.price_id)),
        ("HTTP status", row.http_status.to_string()),
        ("Error", or_nothing(&row.error)),
        ("User", or_nothing(&row.user)),
        ("Session", or_nothing(&row.session)),
        ("Event", or_nothing(&row.event)),
        (
            "Key and team",
            format!("{} / {}", or_nothing(&row.key_id), or_nothing(&row.team)),
        ),
        ("Client", or_nothing(&row.client_ip)),
        ("Variants", or_nothing(&row.variants.join(", "))),
        ("Tags", or_nothing(&row.tags.join(", "))),
    ]
}
