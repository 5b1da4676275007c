//! Deleting one member of a list: a quiet button, and a dialog that names the act and says what it means.

use crate::{
    backend::call,
    components::confirm::Dialog,
    contexts::{Query, use_shell},
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::Command;

/// The button and its dialog. `act` names the deed, as in `Delete cap "team"`; `meaning` says what it leads to,
/// and `done` is said afterwards.
#[component]
pub fn DeleteButton<C, T>(
    label: &'static str,
    act: String,
    meaning: &'static str,
    done: &'static str,
    command: Callback<(), C>,
    list: Query<T>,
) -> impl IntoView
where
    C: Command<Reply = ()> + 'static,
    T: Send + Sync + 'static,
{
    let shell = use_shell();
    let (asking, busy) = (RwSignal::new(false), RwSignal::new(false));
    let title = Signal::stored(format!("{act}?"));
    let go = move |_| {
        busy.set(true);
        spawn_local(async move {
            match call(command.run(())).await {
                Ok(()) => shell.say(done),
                Err(error) => shell.complain(&error),
            }
            // The card may be gone with what was deleted; its signals with it.
            let _ = (asking.try_set(false), busy.try_set(false));
            list.reload();
        });
    };
    view! {
        <button type="button" class="danger-quiet" on:click=move |_| asking.set(true)>{label}</button>
        <Dialog open=asking title>
            <p class="muted">{meaning}</p>
            <div class="dialog-acts"><button type="button" autofocus=true on:click=move |_| asking.set(false)>"Cancel"</button>
                <button type="button" class="danger" disabled=move || busy.get() on:click=go>{act.clone()}</button></div>
        </Dialog>
    }
}
