//! Tiers and intents, to read; they are written in the configuration file.

use crate::{components::state::Panel, contexts::query, format};
use leptos::prelude::*;
use weir_contract::command::providers::{IntentsList, TiersList};

/// The ladder.
#[component]
pub fn Tiers() -> impl IntoView {
    let tiers = query(|| TiersList {});
    let rows = move || {
        tiers.value.get().unwrap_or_default().into_iter().map(|tier| {
            let models = if tier.models.is_empty() { format::NOTHING.to_owned() } else { tier.models.join(", then ") };
            view! { <tr><th scope="row">{tier.tier.as_str()}</th><td>{format::visible(&models)}</td></tr> }
        }).collect_view()
    };
    view! {
        <section class="card"><h2>"Tiers"<span class="unit">"cheapest first; set in the configuration file"</span></h2>
            <Panel query=tiers rows=4><table><thead><tr><th scope="col">"Tier"</th><th scope="col">"Models, in the order they are tried"</th></tr></thead><tbody>{rows}</tbody></table></Panel></section>
    }
}

/// The intents' rules.
#[component]
pub fn Intents() -> impl IntoView {
    let intents = query(|| IntentsList {});
    let rows = move || {
        intents.value.get().unwrap_or_default().into_iter().map(|intent| {
            let key = if intent.cache_key.is_empty() {
                view! { <span class="muted">"the exact text"</span> }.into_any()
            } else {
                view! { <code>{format::visible(&intent.cache_key)}</code> }.into_any()
            };
            view! {
                <tr><th scope="row">{format::visible(&intent.name)}</th><td class="muted">{format::visible(&intent.description)}</td>
                    <td>{format!("{} to {}", intent.lowest_tier, intent.highest_tier)}</td><td>{key}</td>
                    <td class="num">{format::seconds(intent.cache_ttl_seconds)}</td></tr>
            }
        }).collect_view()
    };
    view! {
        <section class="card"><h2>"Intents"<span class="unit">"set in the configuration file"</span></h2>
            <Panel query=intents rows=4><div class="scroll" tabindex="0" role="region" aria-label="Intents"><table><thead><tr><th scope="col">"Intent"</th><th scope="col">"Meaning"</th><th scope="col">"Tiers"</th><th scope="col">"Cache key"</th>
                <th scope="col" class="num">"Kept for"</th></tr></thead><tbody>{rows}</tbody></table></div></Panel></section>
    }
}
