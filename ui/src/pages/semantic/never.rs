//! Questions that somebody said must never match, each with its undo.

use super::name_of;
use crate::{
    backend::call,
    components::state::{Empty, Panel},
    contexts::{Query, clock, use_shell},
    format, local_time,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{command::semantic::SemanticAllow, model::semantic::SemanticNeverPair};

/// The list.
#[component]
pub fn NeverPairs(never: Query<Vec<SemanticNeverPair>>) -> impl IntoView {
    let lines = move || {
        let pairs = never.value.get().unwrap_or_default();
        pairs
            .into_iter()
            .map(|pair| view! { <NeverLine pair never/> })
            .collect_view()
    };
    let is_empty = move || never.value.with(|pairs| pairs.as_ref().is_none_or(Vec::is_empty));
    view! {
        <section class="card flush" data-testid="semantic-never"><h2 class="pad">"Questions that never match"<span class="unit">"newest first"</span></h2>
            <Panel query=never>
                <Show when=move || !is_empty() fallback=|| view! { <Empty title="No pair is forbidden">"A hit that somebody calls a wrong answer puts its two questions here."</Empty> }>
                    <div class="scroll tall"><table class="dense"><thead><tr>
                        <th scope="col">"One"</th><th scope="col">"The other"</th><th scope="col">"Intent"</th>
                        <th scope="col">"Said by"</th><th scope="col">"When"</th><th scope="col"><span class="sr">"Act"</span></th>
                    </tr></thead><tbody>{lines}</tbody></table></div>
                </Show>
            </Panel>
        </section>
    }
}

#[component]
fn NeverLine(pair: SemanticNeverPair, never: Query<Vec<SemanticNeverPair>>) -> impl IntoView {
    let shell = use_shell();
    let label = format!("Let {} and {} match again", pair.one, pair.other);
    let asked = pair.clone();
    let allow = move |_| {
        let SemanticNeverPair {
            group, one, other, ..
        } = asked.clone();
        spawn_local(async move {
            match call(SemanticAllow { group, one, other }).await {
                Ok(_) => never.reload(),
                Err(error) => shell.complain(&error),
            }
        });
    };
    view! {
        <tr><th scope="row" class="wrap">{format::visible(&pair.one)}</th><td class="wrap">{format::visible(&pair.other)}</td>
            <td>{name_of(&pair.intent)}</td><td>{format::visible(&pair.who)}</td>
            <td title=clock::moment(pair.at_ms)>{local_time::ago(pair.at_ms, clock::now_ms())}</td>
            <td class="num"><button type="button" class="small" aria-label=label on:click=allow>"Undo"</button></td></tr>
    }
}
