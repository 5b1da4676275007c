//! Trying a draft on the recorded requests of the last 24 hours, before it is saved.

use super::state;
use crate::{backend::call, components::field::FormError, contexts::clock, format};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::limits::LimitsSimulate,
    model::limit::{Limit, LimitSimulation, SimulatedCaller},
};

const HOURS: u32 = 24;
/// Callers that are shown; the reply names a few more.
const SHOWN: usize = 8;

/// The button, and below it what the draft would have done.
#[component]
pub fn Simulation(
    /// Reads the form, or says what to correct.
    draft: Callback<(), Result<Limit, String>>,
    #[prop(into)] testid: String,
) -> impl IntoView {
    let told = RwSignal::new(None::<LimitSimulation>);
    let (problem, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let simulate = move |_| {
        if busy.get_untracked() {
            return;
        }
        let limit = match untrack(|| draft.run(())) {
            Ok(limit) => limit,
            Err(text) => return problem.set(Some(text)),
        };
        problem.set(None);
        busy.set(true);
        spawn_local(async move {
            match call(LimitsSimulate { limit, hours: HOURS }).await {
                Ok(reply) => told.set(Some(reply)),
                Err(error) => {
                    told.set(None);
                    problem.set(Some(error.message));
                }
            }
            busy.set(false);
        });
    };
    view! {
        <div class="simulation">
            <button type="button" data-testid=testid aria-disabled=move || busy.get().to_string() on:click=simulate>"Try on the last 24 hours"</button>
            <FormError error=problem/>
            <div role="status">{move || told.get().map(|told| view! { <Outcome told/> })}</div>
        </div>
    }
}

#[component]
fn Outcome(told: LimitSimulation) -> impl IntoView {
    let line = |caller: SimulatedCaller| {
        let count = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
        view! {
            <tr><td>{format::visible(&caller.caller)}</td><td class="num">{count(caller.refused)}</td><td class="num">{count(caller.requests)}</td>
                <td>{clock::moment(caller.first_ms)}</td><td>{clock::moment(caller.last_ms)}</td></tr>
        }
    };
    let hidden = told.callers_refused.saturating_sub(SHOWN as u64);
    let busiest = told
        .by_hour
        .iter()
        .filter(|hour| hour.refused > 0)
        .max_by_key(|hour| hour.refused);
    let when = busiest.map(|hour| {
        let refused = format::count(i64::try_from(hour.refused).unwrap_or(i64::MAX));
        format!(" Most in the hour from {}: {refused}.", clock::moment(hour.at_ms))
    });
    let took = format::duration_us(told.took_us);
    let sentence = format!(
        "{}{} Replayed in {took}.",
        state::outcome(&told),
        when.unwrap_or_default()
    );
    let lines: Vec<_> = told.worst.into_iter().take(SHOWN).map(line).collect();
    view! {
        <p>{sentence}</p>
        {(!lines.is_empty()).then(|| view! {
            <div class="scroll"><table class="dense"><thead><tr><th scope="col">"Caller"</th><th scope="col" class="num">"Refused"</th><th scope="col" class="num">"Requests"</th>
                <th scope="col">"First refused"</th><th scope="col">"Last refused"</th></tr></thead><tbody>{lines}</tbody></table></div>
        })}
        {(hidden > 0).then(|| view! { <p class="muted">{format!("And {} more.", format::plural(i64::try_from(hidden).unwrap_or(i64::MAX), "caller", "callers"))}</p> })}
    }
}
