//! Trying a draft of a cap on recorded traffic before it is saved.

use super::{form::CapFields, words};
use crate::{backend::call, components::field::FormError, format};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::caps::CapsSimulate,
    model::cap::{CapAction, CapSimulation, CapTrip, SimulatedRefusal, SimulatedStep},
};

/// The button, and below it what the last 30 days would have been.
#[component]
pub fn Simulate(fields: CapFields, #[prop(into)] testid: String) -> impl IntoView {
    let (found, problem, busy) = (
        RwSignal::new(None::<CapSimulation>),
        RwSignal::new(None::<String>),
        RwSignal::new(false),
    );
    // What was found is of the draft as it was; once that is changed it says nothing any more.
    Effect::new(move |_| {
        let _ = fields.draft();
        found.set(None);
    });
    let run = move |_| {
        if busy.get_untracked() {
            return;
        }
        let cap = match untrack(|| fields.draft().read()) {
            Ok(cap) => cap,
            Err(text) => return problem.set(Some(text)),
        };
        problem.set(None);
        busy.set(true);
        spawn_local(async move {
            match call(CapsSimulate { cap }).await {
                Ok(simulation) => found.set(Some(simulation)),
                Err(error) => problem.set(Some(error.message)),
            }
            busy.set(false);
        });
    };
    view! {
        <div class="stack">
            <div class="inline-form">
                <button type="button" data-testid=testid aria-disabled=move || busy.get().to_string() on:click=run>"Try on the last 30 days"</button>
                <FormError error=problem/>
            </div>
            <div aria-live="polite">{move || found.get().map(|simulation| view! { <Outcome simulation/> })}</div>
        </div>
    }
}

#[component]
fn Outcome(simulation: CapSimulation) -> impl IntoView {
    let headline = headline(&simulation);
    let steps = simulation.steps.into_iter().map(step_row).collect_view();
    let refusals = (!simulation.refusals.is_empty()).then(|| {
        let rows = simulation.refusals.into_iter().map(refusal_row).collect_view();
        view! {
            <details><summary>"When it would have refused, the dearest first"</summary>
                <table><thead><tr><th scope="col">"From"</th><th scope="col">"Whose"</th><th scope="col" class="num">"Requests"</th><th scope="col" class="num">"Dollars"</th></tr></thead><tbody>{rows}</tbody></table></details>
        }
    });
    let is_cut = simulation
        .is_cut
        .then(|| view! { <p class="muted">"Only the 100 largest values were looked at."</p> });
    view! {
        <p data-testid="cap-simulated">{headline}</p>
        <table>
            <thead><tr><th scope="col">"Step"</th><th scope="col" class="num">"Times"</th><th scope="col">"First"</th><th scope="col" class="num">"Requests while it acted"</th><th scope="col" class="num">"Dollars"</th></tr></thead>
            <tbody>{steps}</tbody>
        </table>
        {refusals}
        <Trips trips=simulation.trips/>
        {is_cut}
    }
}

/// The simulation in one sentence.
#[must_use]
pub fn headline(simulation: &CapSimulation) -> String {
    let of_all = format!(
        "of {} requests that cost {} from {}",
        format::count(simulation.requests),
        format::money(simulation.spent_nanousd),
        simulation.range_text
    );
    if simulation.refused_requests == 0 {
        return format!("It would have refused none {of_all}.");
    }
    format!(
        "It would have refused {} ({}) {of_all}.",
        format::count(simulation.refused_requests),
        format::money(simulation.refused_nanousd)
    )
}

fn step_row(step: SimulatedStep) -> impl IntoView {
    let what = format!("at {} % {}", step.step.percent, words::effect(step.step.action));
    let first = if step.first_text.is_empty() {
        "never".to_owned()
    } else {
        step.first_text
    };
    let counts = step.step.action != CapAction::Notify || step.times > 0;
    view! {
        <tr><td>{what}</td><td class="num">{format::count(step.times)}</td><td>{first}</td>
            <td class="num">{counts.then(|| format::count(step.requests))}</td>
            <td class="num" title=format::money_exact(step.cost_nanousd)>{counts.then(|| format::money(step.cost_nanousd))}</td></tr>
    }
}

fn refusal_row(refused: SimulatedRefusal) -> impl IntoView {
    view! {
        <tr><td>{refused.from_text}</td><td>{refused.value}</td><td class="num">{format::count(refused.requests)}</td>
            <td class="num" title=format::money_exact(refused.cost_nanousd)>{format::money(refused.cost_nanousd)}</td></tr>
    }
}

/// At which hours the forecast changed the ladder, or would have.
#[component]
pub fn Trips(trips: Vec<CapTrip>) -> impl IntoView {
    (!trips.is_empty()).then(|| {
        let rows = trips.into_iter().map(|trip| view! { <li>{trip_in_words(&trip)}</li> });
        view! { <details data-testid="cap-trips"><summary>"When its forecast changed the ladder"</summary><ul>{rows.collect_view()}</ul></details> }
    })
}

/// One of them.
#[must_use]
pub fn trip_in_words(trip: &CapTrip) -> String {
    let whose = if trip.value.is_empty() {
        String::new()
    } else {
        format!(" for {}", trip.value)
    };
    let what = match trip.tiers_down {
        0 => "the whole ladder again".to_owned(),
        1 => "one tier lower".to_owned(),
        tiers => format!("{tiers} tiers lower"),
    };
    format!(
        "{}{whose}: {what}, with {} spent and {} forecast for the month.",
        trip.at_text,
        format::money(trip.spent_nanousd),
        format::money(trip.forecast_nanousd)
    )
}
