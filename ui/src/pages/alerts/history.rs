//! What was raised, and what became of each delivery.

use super::channel_text;
use crate::{
    components::{
        badge::Badge,
        state::{Empty, Panel},
    },
    contexts::{clock, query, use_shell},
    format,
    route::Page,
};
use leptos::prelude::*;
use weir_contract::{
    command::alerts::AlertsHistory,
    model::alert::{AlertEvent, Delivery},
};

/// Alerts shown first, and most that are shown at all: older ones are reached by script.
const FIRST: u32 = 20;
const MOST: u32 = 200;

/// The table.
#[component]
pub fn History() -> impl IntoView {
    let limit = RwSignal::new(FIRST);
    let events = query(move || AlertsHistory {
        before_id: None,
        limit: limit.get(),
    });
    let is_empty = move || {
        events
            .value
            .with(|events| events.as_ref().is_none_or(Vec::is_empty))
    };
    let has_more = move || {
        let shown = events.value.with(|events| events.as_ref().map_or(0, Vec::len));
        limit.get() < MOST && shown >= limit.get() as usize
    };
    view! {
        <section class="card"><h2>"History"</h2>
            <Panel query=events rows=3>
                <Show when=move || !is_empty() fallback=|| view! { <Empty title="Nothing was raised">"Every alert and every test will stand here, with what became of it."</Empty> }>
                    <div class="scroll"><table data-testid="alert-history"><thead><tr><th scope="col">"When"</th><th scope="col">"What"</th><th scope="col">"Rule"</th><th scope="col">"Told"</th></tr></thead>
                        <tbody>{move || events.value.get().unwrap_or_default().into_iter().map(|event| view! { <Line event/> }).collect_view()}</tbody></table></div>
                    <Show when=has_more><button type="button" class="small" on:click=move |_| limit.set(MOST)>"Show older"</button></Show>
                </Show>
            </Panel>
        </section>
    }
}

#[component]
fn Line(event: AlertEvent) -> impl IntoView {
    let shell = use_shell();
    let page = Page::from_path(&event.page);
    let rule = if event.rule.is_empty() {
        "test".to_owned()
    } else {
        event.rule.clone()
    };
    let told = if event.deliveries.is_empty() {
        view! { <span class="muted">"this page alone"</span> }.into_any()
    } else {
        event
            .deliveries
            .into_iter()
            .map(|delivery| view! { <Told delivery/> })
            .collect_view()
            .into_any()
    };
    view! {
        <tr>
            <td>{clock::moment(event.raised_ms)}</td>
            <td class="wrap"><a href=move || shell.href(page.clone())>{format::visible(&event.title)}</a><p class="muted">{format::visible(&event.message)}</p></td>
            <td>{rule}</td>
            <td class="wrap">{told}</td>
        </tr>
    }
}

#[component]
fn Told(delivery: Delivery) -> impl IntoView {
    let (word, tone) = channel_text::outcome(delivery.state, delivery.attempts);
    let attempts = (delivery.attempts > 1).then(|| {
        format!(
            " after {}",
            format::plural(i64::from(delivery.attempts), "attempt", "attempts")
        )
    });
    view! {
        <p>{delivery.channel}" "<Badge text=word tone/>{attempts}</p>
        <p class="muted">{format::visible(&delivery.note)}</p>
    }
}
