//! One change: who, what, the fields that differ, and its undo.

use super::state;
use crate::{contexts::clock, format};
use leptos::prelude::*;
use weir_contract::model::change::{ChangeState, Difference, UndoStanding};

/// Fields shown at once; the rest opens.
const SHOWN_FIELDS: usize = 4;

/// A row of the table.
#[component]
pub fn Line(state: ChangeState, undoing: RwSignal<Option<ChangeState>>) -> impl IntoView {
    let change = state.change.clone();
    let id = format!("change-{}", change.seq);
    let user = if change.actor.user.is_empty() {
        change.actor.door.clone()
    } else {
        change.actor.user.clone()
    };
    let reason = (!change.reason.is_empty())
        .then(|| view! { <p class="muted">{format!("“{}”", format::visible(&change.reason))}</p> });
    let undoes = change
        .undoes
        .map(|seq| view! { <p class="muted">{format!("takes back change {seq}")}</p> });
    let (differences, standing) = (state.differences.clone(), state.undo.clone());
    let label = format!("Undo change {} of {}", change.seq, state::what(&change));
    let act = match standing {
        UndoStanding::Possible => {
            let state = state.clone();
            view! { <button type="button" class="small" aria-label=label data-testid="change-undo" on:click=move |_| undoing.set(Some(state.clone()))>"Undo…"</button> }.into_any()
        }
        UndoStanding::Undone { by } => {
            view! { <span class="muted">{format!("undone by change {by}")}</span> }.into_any()
        }
        UndoStanding::Impossible { why } => view! { <span class="muted">{why}</span> }.into_any(),
    };
    view! {
        <tr id=id>
            <th scope="row" class="num">{change.seq}</th>
            <td>{clock::moment(change.at_ms)}</td>
            <td title=state::who_exactly(&change.actor)>{format::visible(&user)}</td>
            <td class="wrap">{state::what(&change)}" "{state::deed(&change)}<p class="muted"><code>{change.command.clone()}</code></p>{reason}{undoes}</td>
            <td class="wrap"><Fields differences/></td>
            <td class="wrap">{act}</td>
        </tr>
    }
}

/// The fields that differ.
#[component]
pub fn Fields(differences: Vec<Difference>) -> impl IntoView {
    let line = |one: Difference| {
        let before = state::value(&one.path, one.before.as_deref());
        let after = state::value(&one.path, one.after.as_deref());
        view! { <li><span class="muted">{state::field(&one.path)}": "</span><del>{before}</del>" → "<ins>{after}</ins></li> }
    };
    let rest: Vec<Difference> = differences.iter().skip(SHOWN_FIELDS).cloned().collect();
    let more = (!rest.is_empty()).then(|| {
        let summary = format!("{} more", rest.len());
        view! { <details><summary>{summary}</summary><ul class="plain">{rest.into_iter().map(line).collect_view()}</ul></details> }
    });
    let first = differences.into_iter().take(SHOWN_FIELDS).map(line);
    view! { <ul class="plain">{first.collect_view()}</ul>{more} }
}
