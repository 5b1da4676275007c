//! The dialog in which a new member of a list is written and sent.

use crate::{
    backend::call,
    components::{confirm::Dialog, field::FormError},
    contexts::use_shell,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::Command;

/// Shows the fields given as children. `read` turns them into the command, or says what to correct; `added` runs
/// when the command worked, and the dialog closes.
#[component]
pub fn AddDialog<C>(
    open: RwSignal<bool>,
    title: &'static str,
    /// The word on the button.
    act: &'static str,
    read: Callback<(), Result<C, String>>,
    added: Callback<C::Reply>,
    #[prop(optional)] testid: Option<&'static str>,
    children: ChildrenFn,
) -> impl IntoView
where
    C: Command + 'static,
    C::Reply: 'static,
{
    let shell = use_shell();
    let (problem, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let send = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        let command = match untrack(|| read.run(())) {
            Ok(command) => command,
            Err(text) => return problem.set(Some(text)),
        };
        busy.set(true);
        spawn_local(async move {
            match call(command).await {
                Ok(reply) => {
                    problem.set(None);
                    open.set(false);
                    added.run(reply);
                }
                Err(error) => {
                    // What was typed stays in this dialog, below the other one.
                    if let Some(conflict) = error.conflict {
                        shell.conflict.set(Some(*conflict));
                    }
                    problem.set(Some(error.message));
                }
            }
            busy.set(false);
        });
    });
    let children = StoredValue::new(children);
    view! {
        <Dialog open title=Signal::stored(title.to_owned())>
            <form on:submit=move |event| { event.prevent_default(); send.run(()); }>
                {children.with_value(|children| children())}
                <FormError error=problem/>
                <div class="dialog-acts"><button type="button" on:click=move |_| open.set(false)>"Cancel"</button>
                    <button type="submit" class="primary" data-testid=testid>{act}</button></div>
            </form>
        </Dialog>
    }
}
