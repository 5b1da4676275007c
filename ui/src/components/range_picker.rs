//! Chooses the span of time: four presets and two typed moments.

use crate::{
    contexts::{RangeChoice, clock, range, use_shell},
    local_time,
    route::Route,
};
use leptos::prelude::*;

/// The picker; its choice goes into the hash, so that back and links work.
#[component]
pub fn RangePicker() -> impl IntoView {
    let shell = use_shell();
    let is_open = RwSignal::new(false);
    let choose = move |choice: RangeChoice| {
        let route = shell.route.get_untracked();
        let mut query = choice.query();
        let is_range = |name: &str| ["range", "from", "to"].contains(&name);
        query.extend(route.query.into_iter().filter(|(name, _)| !is_range(name)));
        shell.go(&Route {
            page: route.page,
            query,
        }
        .to_hash());
        is_open.set(false);
    };
    let preset = move |choice: RangeChoice| {
        view! {
            <button type="button" aria-pressed=move || (shell.range.get() == choice).to_string() on:click=move |_| choose(choice)>{choice.label()}</button>
        }
    };
    let is_custom = move || matches!(shell.range.get(), RangeChoice::Custom(_));
    view! {
        <div class="range" on:keydown=move |event| if event.key() == "Escape" { is_open.set(false) }>
            <div class="segments" role="group" aria-label="Time range">
                {RangeChoice::PRESETS.map(preset).collect_view()}
                <button type="button" aria-pressed=move || is_custom().to_string() aria-expanded=move || is_open.get().to_string()
                    on:click=move |_| is_open.update(|open| *open = !*open)>"Custom"</button>
            </div>
            <Show when=move || is_open.get()><CustomRange on_choose=move |range| choose(RangeChoice::Custom(range))/></Show>
        </div>
    }
}

#[component]
fn CustomRange(on_choose: impl Fn(weir_contract::model::time::TimeRange) + 'static) -> impl IntoView {
    let shell = use_shell();
    let shown = shell.range.get_untracked().resolve(clock::now_ms());
    let value = |ms: i64| RwSignal::new(local_time::input_value(ms, clock::offset_minutes(ms)));
    let (from, to) = (value(shown.from_ms), value(shown.to_ms));
    let problem = RwSignal::new(None::<String>);
    let apply = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match range::custom(
            &from.get_untracked(),
            &to.get_untracked(),
            clock::offset_minutes(shown.to_ms),
        ) {
            Ok(range) => on_choose(range),
            Err(text) => problem.set(Some(text)),
        }
    };
    let field = |label: &'static str, value: RwSignal<String>| {
        view! {
            <label class="field"><span class="field-label">{label}</span>
                <input type="datetime-local" prop:value=move || value.get() on:input=move |event| value.set(event_target_value(&event))/>
            </label>
        }
    };
    view! {
        <form class="popover" on:submit=apply>
            {field("From", from)}
            {field("To", to)}
            <p class="field-hint">{clock::zone_name(shown.to_ms)}</p>
            <crate::components::field::FormError error=problem/>
            <button type="submit" class="primary">"Show this range"</button>
        </form>
    }
}
