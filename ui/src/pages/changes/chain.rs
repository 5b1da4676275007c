//! The check of the log's chain, asked for now, and the head to note elsewhere.

use super::state;
use crate::{backend::call, components::copy::CopyButton, contexts::use_shell};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{command::audit::AuditVerify, model::change::ChainCheck};

/// The section.
#[component]
pub fn Chain() -> impl IntoView {
    let shell = use_shell();
    let (found, busy) = (RwSignal::new(None::<ChainCheck>), RwSignal::new(false));
    let check = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let verify = AuditVerify {
                known_seq: None,
                known_sha256: None,
            };
            match call(verify).await {
                Ok(check) => found.set(Some(check)),
                Err(error) => shell.complain(&error),
            }
            busy.set(false);
        });
    };
    let said = move || {
        found.get().map(|check| {
            let head = Signal::stored(format!("{} {}", check.head_seq, check.head_sha256));
            let role = if check.problem.is_some() { "alert" } else { "status" };
            view! {
                <p role=role data-testid="chain-verdict">{state::verdict(&check)}</p>
                <div class="secret"><code>{move || head.get()}</code><CopyButton text=head label="Copy the head of the log"/></div>
            }
        })
    };
    view! {
        <section class="card"><h2>"The chain"</h2>
            <p class="muted">"Each row holds the hash of the one before. A row that was changed, removed or put in breaks it. That the end was not cut off is shown only by a head noted earlier, elsewhere: "<code>"weir-gateway admin call audit.verify"</code>" takes one."</p>
            {said}
            <button type="button" data-testid="chain-check" aria-disabled=move || busy.get().to_string() on:click=check>"Check now"</button>
        </section>
    }
}
