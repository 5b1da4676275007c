//! Keeping a rule or a channel quiet for a while, and ending that.

use crate::{
    backend::call,
    contexts::{Query, clock, use_shell},
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{command::alerts::AlertsSnooze, model::alert::SnoozeOf};

/// Hours and words.
const CHOICES: [(i64, &str); 4] = [(1, "1 hour"), (4, "4 hours"), (24, "1 day"), (168, "7 days")];

/// A choice of how long, or a button that ends it.
#[component]
pub fn SnoozeControl<T: Send + Sync + 'static>(
    of: SnoozeOf,
    name: String,
    #[prop(into)] until_ms: Signal<Option<i64>>,
    list: Query<T>,
) -> impl IntoView {
    let shell = use_shell();
    let name = StoredValue::new(name);
    let set = move |until_ms: Option<i64>| {
        let name = name.get_value();
        spawn_local(async move {
            let said = match until_ms {
                Some(until_ms) => format!("Snoozed \"{name}\" until {}.", clock::moment(until_ms)),
                None => format!("\"{name}\" is told again."),
            };
            match call(AlertsSnooze { of, name, until_ms }).await {
                Ok(()) => shell.say(said),
                Err(error) => shell.complain(&error),
            }
            list.reload();
        });
    };
    let label = format!("Snooze {} {}", of.as_str(), name.get_value());
    let chosen = move |event| {
        if let Ok(hours) = event_target_value(&event).parse::<i64>() {
            set(Some(clock::now_ms() + hours * 3_600_000));
        }
    };
    let options = || {
        CHOICES
            .map(|(hours, word)| view! { <option value=hours.to_string()>{word}</option> })
            .collect_view()
    };
    view! {
        <Show when=move || until_ms.get().is_none() fallback=move || view! { <button type="button" class="small" on:click=move |_| set(None)>"End snooze"</button> }>
            <select class="small" aria-label=label.clone() prop:value="" on:change=chosen><option value="">"Snooze…"</option>{options()}</select>
        </Show>
    }
}
