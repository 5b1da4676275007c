//! Saying what a request truly cost: the dialog, and the place for it on the request's page.

use crate::{
    components::{adding::AddDialog, field::TextField},
    contexts::{clock, use_shell},
    format,
};
use leptos::prelude::*;
use weir_contract::{
    NanoUsd,
    command::ledger::{CorrectedRequest, LedgerCorrect},
    model::{
        ledger::Correction,
        request::{CostBasis, RequestRow},
    },
};

/// Asks for the true cost and where it is from; `reload` runs when it worked.
#[component]
pub fn CorrectDialog(chosen: RwSignal<Option<RequestRow>>, reload: Callback<()>) -> impl IntoView {
    let shell = use_shell();
    let (cost, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        let row = chosen.get();
        if let Some(row) = &row {
            cost.set(format::with_cents(row.cost_nanousd));
            reason.set(String::new());
        }
        open.set(row.is_some());
    });
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true) && !is_open {
            chosen.set(None);
        }
        is_open
    });
    let read = Callback::new(move |()| {
        let row = chosen
            .get()
            .ok_or_else(|| "The request is not there any more; close this and look again.".to_owned())?;
        if reason.with(|reason| reason.trim().is_empty()) {
            return Err("Say where the true cost is from, such as the provider's usage export.".to_owned());
        }
        Ok(LedgerCorrect {
            request_id: row.id,
            expected_nanousd: row.cost_nanousd,
            true_nanousd: NanoUsd::parse_decimal(&cost.get())?,
            reason: reason.get().trim().to_owned(),
        })
    });
    let added = Callback::new(move |corrected: CorrectedRequest| {
        let moved: Vec<String> = corrected
            .moved
            .iter()
            .map(|one| format!("\"{}\"", one.cap))
            .collect();
        let caps = if moved.is_empty() {
            "No cap had counted it.".to_owned()
        } else {
            format!("The caps {} follow.", moved.join(", "))
        };
        let cost = format::money_exact(corrected.row.cost_nanousd);
        shell.say(format!("The request costs {cost} now. {caps}"));
        reload.run(());
    });
    let charged = move || chosen.with(|row| row.as_ref().map(|row| format::money_exact(row.cost_nanousd)));
    view! {
        <AddDialog open title="Correct the cost" act="Correct" read added testid="correct-save">
            <p class="muted">"Charged now: "{charged}". The correction is added to the ledger; nothing there is changed or removed."</p>
            <div class="fields"><TextField label="True cost of the whole request" value=cost prefix="$" testid="correct-cost".to_owned()/>
                <TextField label="Where it is from" value=reason hint="Kept with your name" testid="correct-reason".to_owned()/></div>
        </AddDialog>
    }
}

/// On the page of a request whose cost is or was an estimate: its corrections, and the way to one.
#[component]
pub fn Cost(row: RequestRow, corrections: Vec<Correction>, reload: Callback<()>) -> impl IntoView {
    let chosen = RwSignal::new(None::<RequestRow>);
    let is_unsettled = row.cost_basis == CostBasis::Unsettled;
    (is_unsettled || !corrections.is_empty()).then(|| {
        let says = if is_unsettled {
            "The provider never said what was used, so this is charged by estimate."
        } else {
            "The cost was an estimate and has been corrected."
        };
        let lines = corrections.into_iter().map(|one| {
            let (before, after) = (format::money_exact(one.before_nanousd), format::money_exact(one.after_nanousd));
            view! { <li><strong>{format!("{before} to {after}")}</strong>" by "{format::visible(&one.who)}", "{clock::moment(one.at_ms)}": "{format::visible(&one.reason)}</li> }
        });
        view! {
            <section class="card" data-testid="request-cost"><h2>"Cost"</h2><p class="muted">{says}</p>
                <ul>{lines.collect_view()}</ul>
                <button type="button" on:click=move |_| chosen.set(Some(row.clone()))>"Correct the cost…"</button>
                <CorrectDialog chosen reload/>
            </section>
        }
    })
}
