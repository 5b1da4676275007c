//! Chooses the span of time: four presets and two typed moments.

use crate::{
    contexts::{RangeChoice, clock, range, use_shell},
    local_time,
    route::Route,
};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// The picker; its choice goes into the hash, so that back and links work.
#[component]
pub fn RangePicker() -> impl IntoView {
    let shell = use_shell();
    let is_open = RwSignal::new(false);
    let (place, opener) = (NodeRef::<html::Div>::new(), NodeRef::<html::Button>::new());
    // Wherever else the pointer goes down, the popover is in the way.
    let on_press = window_event_listener(ev::pointerdown, move |event| {
        let pressed = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        let is_inside = place
            .get_untracked()
            .is_some_and(|place| place.contains(pressed.as_ref()));
        if is_open.get_untracked() && !is_inside {
            is_open.set(false);
        }
    });
    on_cleanup(move || on_press.remove());
    let escape = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && is_open.get_untracked() {
            is_open.set(false);
            if let Some(opener) = opener.get_untracked() {
                // Focusing a button that is on the page cannot fail.
                let _ = opener.focus();
            }
        }
    };
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
        <div class="range" node_ref=place on:keydown=escape>
            <div class="segments" role="group" aria-label="Time range">
                {RangeChoice::PRESETS.map(preset).collect_view()}
                <button type="button" node_ref=opener aria-pressed=move || is_custom().to_string() aria-expanded=move || is_open.get().to_string()
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
    let first = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(first) = first.get() {
            // Focusing a field that is on the page cannot fail.
            let _ = first.focus();
        }
    });
    let field = |label: &'static str, value: RwSignal<String>, node: NodeRef<html::Input>| {
        view! {
            <label class="field"><span class="field-label">{label}</span>
                <input type="datetime-local" node_ref=node prop:value=move || value.get() on:input=move |event| value.set(event_target_value(&event))/>
            </label>
        }
    };
    view! {
        <form class="popover" on:submit=apply>
            {field("From", from, first)}
            {field("To", to, NodeRef::new())}
            <p class="field-hint">{clock::zone_name(shown.to_ms)}</p>
            <crate::components::field::FormError error=problem/>
            <button type="submit" class="primary">"Show this range"</button>
        </form>
    }
}
