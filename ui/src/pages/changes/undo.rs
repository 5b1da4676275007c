//! Taking a change back: what will be as it was, and why.

use super::{row::Fields, state};
use crate::{
    components::{adding::AddDialog, field::TextField},
    contexts::use_shell,
};
use leptos::prelude::*;
use weir_contract::{
    command::audit::AuditUndo,
    model::change::{ChangeState, Difference},
};

/// Asks for the reason; `reload` runs when it worked.
#[component]
pub fn UndoDialog(chosen: RwSignal<Option<ChangeState>>, reload: Callback<()>) -> impl IntoView {
    let shell = use_shell();
    let (reason, open) = (RwSignal::new(String::new()), RwSignal::new(false));
    Effect::new(move |_| {
        let is_chosen = chosen.with(Option::is_some);
        if is_chosen {
            reason.set(String::new());
        }
        open.set(is_chosen);
    });
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true) && !is_open {
            chosen.set(None);
        }
        is_open
    });
    let read = Callback::new(move |()| {
        let seq = chosen.with(|state| state.as_ref().map(|state| state.change.seq));
        let seq =
            seq.ok_or_else(|| "The change is not there any more; close this and look again.".to_owned())?;
        Ok(AuditUndo {
            seq,
            reason: reason.get().trim().to_owned(),
        })
    });
    let added = Callback::new(move |made: ChangeState| {
        shell.say(format!("{} is as it was before.", state::what(&made.change)));
        reload.run(());
        shell.refresh();
    });
    let back = move || {
        chosen.get().map(|state| {
            // The way back, so the sides change places.
            let turned = state.differences.into_iter().map(|one| Difference {
                path: one.path,
                before: one.after,
                after: one.before,
            });
            let what = state::what(&state.change);
            view! { <p>{format!("This makes {what} as it was before change {}:", state.change.seq)}</p><Fields differences=turned.collect()/> }
        })
    };
    view! {
        <AddDialog open title="Undo the change" act="Undo" read added testid="undo-send">
            {back}
            <p class="muted">"It is one more change, and can itself be undone."</p>
            <div class="fields"><TextField label="Reason" value=reason hint="Kept with your name; may be empty" testid="undo-reason".to_owned()/></div>
        </AddDialog>
    }
}
