//! What somebody else saved meanwhile, beside what was to be saved here. Nothing was overwritten.

use crate::{
    components::confirm::Dialog,
    contexts::{clock, use_shell},
    format,
    pages::changes::state,
};
use leptos::prelude::*;
use weir_contract::model::change::ConflictField;

/// Opens by itself when the shell is told of a conflict.
#[component]
pub fn ConflictDialog() -> impl IntoView {
    let shell = use_shell();
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(shell.conflict.with(Option::is_some)));
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true) && !is_open {
            shell.conflict.set(None);
        }
        is_open
    });
    let said = move || {
        shell.conflict.get().map(|conflict| {
            let by = if conflict.who.is_empty() {
                String::new()
            } else {
                format!(" by {} at {}", conflict.who, clock::moment(conflict.at_ms))
            };
            let what = format!("{} \"{}\"", conflict.kind.replace('_', " "), conflict.name);
            let now = if conflict.version == 0 {
                format!("{what} was removed{by}.")
            } else {
                format!("{what} was changed{by}; it is at version {} now.", conflict.version)
            };
            view! {
                <p>{format::visible(&now)}</p>
                <div class="scroll"><table data-testid="conflict-table"><thead><tr><th scope="col">"Field"</th><th scope="col">"When you began"</th><th scope="col">"Now"</th><th scope="col">"Yours"</th></tr></thead>
                    <tbody>{conflict.fields.into_iter().map(|field| view! { <Line field/> }).collect_view()}</tbody></table></div>
            }
        })
    };
    view! {
        <Dialog open title=Signal::stored("Somebody changed it first".to_owned())>
            {said}
            <p class="muted">"Nothing was overwritten. Close this, look at what is there now, and repeat what you still want of yours."</p>
            <div class="dialog-acts"><button type="button" class="primary" data-testid="conflict-close" on:click=move |_| { open.set(false); shell.refresh(); }>"Look at it"</button></div>
        </Dialog>
    }
}

#[component]
fn Line(field: ConflictField) -> impl IntoView {
    let cell = |value: &Option<String>| state::value(&field.path, value.as_deref());
    let (base, theirs, mine) = (cell(&field.base), cell(&field.theirs), cell(&field.mine));
    view! { <tr><th scope="row">{state::field(&field.path)}</th><td class="wrap">{base}</td><td class="wrap">{theirs}</td><td class="wrap">{mine}</td></tr> }
}
