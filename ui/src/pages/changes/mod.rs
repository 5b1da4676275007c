//! The log of changes: who changed what, when and why, what differs, and the way back.

pub mod chain;
pub mod row;
pub mod state;
pub mod undo;

use crate::{
    components::{
        field::{SelectField, TextField, choices},
        state::{Empty, Panel},
    },
    contexts::query,
};
use chain::Chain;
use leptos::prelude::*;
use row::Line;
use undo::UndoDialog;
use weir_contract::{
    command::audit::AuditList,
    model::change::{ChangeFilter, ChangeState},
};

const PAGE_ROWS: u32 = 50;

/// The page.
#[component]
pub fn Changes() -> impl IntoView {
    let (text, kind) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let before_seq = RwSignal::new(None::<i64>);
    let undoing = RwSignal::new(None::<ChangeState>);
    // Another search begins with its newest change.
    Effect::new(move |was: Option<(String, String)>| {
        let now = (text.get(), kind.get());
        if was.is_some_and(|was| was != now) {
            before_seq.set(None);
        }
        now
    });
    let page = query(move || AuditList {
        filter: ChangeFilter {
            text: Some(text.get().trim().to_owned()).filter(|text| !text.is_empty()),
            kind: Some(kind.get()).filter(|kind| !kind.is_empty()),
            ..ChangeFilter::default()
        },
        before_seq: before_seq.get(),
        limit: PAGE_ROWS,
    });
    let changes = move || page.value.get().map(|page| page.changes).unwrap_or_default();
    let next = move || {
        page.value
            .with(|page| page.as_ref().and_then(|page| page.next_before_seq))
    };
    let lines = move || {
        changes()
            .into_iter()
            .map(|state| view! { <Line state undoing/> })
            .collect_view()
    };
    let reload = Callback::new(move |()| page.reload());
    view! {
        <div class="stack">
            <section class="card" data-testid="changes"><h2>"Changes"</h2>
                <p class="muted">"Every act of an admin, written in the same transaction as the act itself. Nothing here is changed or removed. People and secrets stand here only as marks."</p>
                <div class="fields"><TextField label="Search" value=text hint="Name, operation, user, reason, or a value" testid="changes-search".to_owned()/>
                    <SelectField label="What" value=kind options=Signal::stored(choices(&state::KINDS)) testid="changes-kind".to_owned()/></div>
                <Panel query=page>
                    <Show when=move || !changes().is_empty() fallback=|| view! { <Empty title="No such change">"Search for something else, or look at everything."</Empty> }>
                        <div class="scroll"><table data-testid="changes-table"><thead><tr>
                            <th scope="col" class="num">"No."</th><th scope="col">"When"</th><th scope="col">"Who"</th><th scope="col">"What"</th>
                            <th scope="col">"Before → after"</th><th scope="col"><span class="sr">"Act"</span></th></tr></thead>
                            <tbody>{lines}</tbody></table></div>
                        <div class="table-foot">
                            <Show when=move || before_seq.get().is_some()><button type="button" class="small" on:click=move |_| before_seq.set(None)>"Newest"</button></Show>
                            <Show when=move || next().is_some()><button type="button" class="small" data-testid="changes-older" on:click=move |_| before_seq.set(next())>"Older"</button></Show>
                        </div>
                    </Show>
                </Panel>
                <UndoDialog chosen=undoing reload/>
            </section>
            <Chain/>
        </div>
    }
}
