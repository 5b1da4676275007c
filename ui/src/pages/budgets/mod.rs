//! Budget caps: where each stands, and its form.

pub mod form;
pub mod manner;
pub mod simulate;
pub mod state;
pub mod words;

use crate::{
    backend::call,
    components::{
        adding::AddDialog,
        badge::{Badge, Tone},
        delete::DeleteButton,
        field::{FormError, TextField},
        gauge::{self, Gauge},
        icon::{Icon, Symbol},
        state::{Empty, Panel},
    },
    contexts::{Query, clock, query, use_shell},
    format, local_time,
    pages::ledger::Ledger,
};
use form::{CapDetails, CapFields};
use leptos::{prelude::*, task::spawn_local};
use simulate::{Simulate, Trips};
use state::CapDraft;
use weir_contract::{
    command::caps::{CapsDelete, CapsList, CapsSave},
    model::cap::{CapAction, CapPeriod, CapState, CapSubject, CapValueState},
};

type Caps = Query<Vec<CapState>>;

/// The page.
#[component]
pub fn Budgets() -> impl IntoView {
    let caps = query(|| CapsList {});
    let names = caps.names();
    let is_adding = RwSignal::new(false);
    view! {
        <div class="page-head"><p class="lead">"A call reserves money before it is made and settles after. A strict cap is never passed; a balanced one says by how much it can be."</p>
            <button type="button" class="primary" on:click=move |_| is_adding.set(true)><Icon symbol=Symbol::Plus/>"New cap"</button></div>
        <Panel query=caps>
            <Show when=move || names.with(|names| !names.is_empty()) fallback=|| view! { <Empty title="No caps">"Spend is not held by anything. Add a daily cap to start with."</Empty> }>
                <div class="stack"><For each=move || names.get() key=|name| name.clone() let:name><CapCard name caps/></For></div>
            </Show>
        </Panel>
        <Ledger/>
        <NewCap is_adding caps/>
    }
}

#[component]
fn CapCard(name: String, caps: Caps) -> impl IntoView {
    let state = caps.member(name.clone());
    view! {
        <section class="card cap" data-testid=format!("cap-{name}")>
            {state.get_untracked().map(|first| view! { <CapStanding state/><CapForm first state caps/> })}
        </section>
    }
}

#[component]
fn CapStanding(state: Memo<Option<CapState>>) -> impl IntoView {
    let parts = Signal::derive(move || {
        state.with(|state| {
            state.as_ref().map_or((0, 0, 0), |state| {
                (
                    state.spent_nanousd.0,
                    state.reserved_nanousd.0,
                    state.cap.limit_nanousd.0,
                )
            })
        })
    });
    let alert = Signal::derive(move || {
        state.with(|state| state.as_ref().map_or(100, |state| state.cap.alert_percent()))
    });
    let label = Signal::derive(move || state.with(|state| state.as_ref().map(in_words).unwrap_or_default()));
    let head = move || {
        state.get().map(|state| {
        let share = (state.spent_nanousd.0 + state.reserved_nanousd.0) as f64 / state.cap.limit_nanousd.0.max(1) as f64 * 100.0;
        let (word, tone) = match (state.cap.enabled, share) {
            (false, _) => ("switched off", Tone::Neutral),
            (_, share) if share >= 99.95 => ("reached", Tone::Bad),
            (_, share) if share >= f64::from(state.cap.alert_percent()) => ("needs attention", Tone::Warn),
            _ => ("on track", Tone::Good),
        };
        view! { <header class="card-head"><h2>{state.cap.name.clone()}</h2><Badge text=word tone/><span class="muted">{words::sentence(&state.cap)}</span></header> }
    })
    };
    let amounts = move || {
        state.get().map(|state| {
        let unsettled = (state.unsettled_nanousd.0 > 0).then(|| format!(", of which {} estimated", format::money(state.unsettled_nanousd)));
        view! {
            <div class="amounts">
                <span class="key spent"><b title=format::money_exact(state.spent_nanousd)>{format::money(state.spent_nanousd)}</b>" spent"<span class="muted">{unsettled}</span></span>
                <span class="key reserved"><b title=format::money_exact(state.reserved_nanousd)>{format::money(state.reserved_nanousd)}</b>" reserved for calls under way"</span>
                <span class="of"><b title=format::money_exact(state.cap.limit_nanousd)>{format::money(state.cap.limit_nanousd)}</b>" limit"</span>
            </div>
            <Acting state=state.clone()/>
            <p data-testid="cap-guarantee">{manner::guarantee(&state)}</p>
            <Trips trips=state.trips.clone()/>
            <p class="muted">{if matches!(state.cap.period, CapPeriod::RollingHours(_)) { "The oldest of it stops counting " } else { "Starts again " }}{state.resets_text.clone()}" ("{local_time::until(state.resets_ms, clock::now_ms())}")."</p>
        }
    })
    };
    view! { <div class=move || gauge::tone(parts.get(), alert.get())>{head}<Gauge parts alert_percent=alert label/>{amounts}<Values state/></div> }
}

/// The steps that act now, where there are some.
#[component]
fn Acting(state: CapState) -> impl IntoView {
    let steps = state
        .in_force
        .iter()
        .filter(|step| step.action != CapAction::Notify);
    let words: Vec<String> = steps
        .map(|step| format!("from {} %: {}", step.percent, words::effect(step.action)))
        .collect();
    (state.cap.enabled && !words.is_empty())
        .then(|| view! { <p data-testid="cap-acting">"Acting now: "{words.join(", ")}"."</p> })
}

/// Of a cap that counts each value on its own: those that spent most.
#[component]
fn Values(state: Memo<Option<CapState>>) -> impl IntoView {
    let subject = move || {
        let found = state.with(|state| state.as_ref().and_then(|state| state.cap.scope.subject()));
        found.map_or("value", CapSubject::as_str)
    };
    let has_some = move || state.with(|state| state.as_ref().is_some_and(|state| !state.values.is_empty()));
    let rows = move || {
        let values = state.with(|state| state.as_ref().map(|state| state.values.clone()));
        let row = |value| value_row(subject(), value);
        values.unwrap_or_default().into_iter().map(row).collect_view()
    };
    view! {
        <Show when=has_some>
            <details><summary>"By "{subject}", the largest first"</summary>
                <table><thead><tr><th scope="col">{subject}</th><th scope="col" class="num">"Spent"</th><th scope="col" class="num">"Reserved"</th></tr></thead><tbody>{rows}</tbody></table></details>
        </Show>
    }
}

fn value_row(subject: &str, value: CapValueState) -> impl IntoView + use<> {
    let name = if value.value.is_empty() {
        format!("(no {subject})")
    } else {
        value.value
    };
    view! {
        <tr><td>{name}</td>
            <td class="num" title=format::money_exact(value.spent_nanousd)>{format::money(value.spent_nanousd)}</td>
            <td class="num" title=format::money_exact(value.reserved_nanousd)>{format::money(value.reserved_nanousd)}</td></tr>
    }
}

fn in_words(state: &CapState) -> String {
    format!(
        "{} spent and {} reserved of {}",
        format::money(state.spent_nanousd),
        format::money(state.reserved_nanousd),
        format::money(state.cap.limit_nanousd)
    )
}

#[component]
fn CapForm(first: CapState, state: Memo<Option<CapState>>, caps: Caps) -> impl IntoView {
    let shell = use_shell();
    let name = first.cap.name.clone();
    let fields = CapFields::of(CapDraft::of(&first.cap));
    // The version the form was filled from: saving over a newer one is a conflict, and says so.
    let base = RwSignal::new(first);
    let (problem, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let is_changed = Memo::new(move |_| fields.draft() != base.with(|base| CapDraft::of(&base.cap)));
    Effect::new(move |_| {
        if let Some(newest) = state.get()
            && !is_changed.get_untracked()
            && newest.version != base.with_untracked(|base| base.version)
        {
            fields.fill(CapDraft::of(&newest.cap));
            base.set(newest);
        }
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !is_changed.get_untracked() {
            return;
        }
        let cap = match untrack(|| fields.draft().read()) {
            Ok(cap) => cap,
            Err(text) => return problem.set(Some(text)),
        };
        problem.set(None);
        busy.set(true);
        let expected_version = base.with_untracked(|base| base.version);
        spawn_local(async move {
            match call(CapsSave {
                cap,
                expected_version,
            })
            .await
            {
                Ok(saved) => {
                    shell.say(format!(
                        "Saved cap \"{}\" as version {}.",
                        saved.cap.name, saved.version
                    ));
                    fields.fill(CapDraft::of(&saved.cap));
                    base.set(saved);
                    caps.reload();
                }
                Err(error) => problem.set(Some(error.message)),
            }
            busy.set(false);
        });
    };
    let act = format!("Delete cap \"{name}\"");
    let delete_name = name.clone();
    let delete = Callback::new(move |()| CapsDelete {
        name: delete_name.clone(),
        expected_version: base.with_untracked(|base| base.version),
    });
    let reset = move |_| {
        if let Some(newest) = state.get_untracked() {
            fields.fill(CapDraft::of(&newest.cap));
            base.set(newest);
            problem.set(None);
        }
    };
    view! {
        <form class="cap-form" on:submit=save>
            <div class="inline-form">
                <TextField label="Limit" value=fields.limit prefix="$" testid=format!("cap-limit-{name}")/>
                <button type="submit" class="primary" data-testid=format!("cap-save-{name}") aria-disabled=move || (busy.get() || !is_changed.get()).to_string()>"Save"</button>
                <Show when=move || is_changed.get()><button type="button" class="quiet" on:click=reset>"Discard"</button></Show>
                <FormError error=problem/>
            </div>
            <details><summary>"What it counts, when, and what happens"</summary><CapDetails fields/><Simulate fields testid=format!("cap-simulate-{name}")/>
                <DeleteButton label="Delete this cap…" act meaning="Nothing holds this spend afterwards. What was spent stays recorded."
                    done="Deleted the cap." command=delete list=caps/></details>
        </form>
    }
}

#[component]
fn NewCap(is_adding: RwSignal<bool>, caps: Caps) -> impl IntoView {
    let shell = use_shell();
    let fields = CapFields::of(CapDraft::fresh());
    let read = Callback::new(move |()| {
        fields.draft().read().map(|cap| CapsSave {
            cap,
            expected_version: 0,
        })
    });
    let added = Callback::new(move |saved: CapState| {
        shell.say(format!("Added cap \"{}\".", saved.cap.name));
        fields.fill(CapDraft::fresh());
        fields.name.set(String::new());
        caps.reload();
    });
    view! {
        <AddDialog open=is_adding title="New cap" act="Add cap" read added testid="cap-new-save">
            <div class="fields"><TextField label="Name" value=fields.name hint="Short and unique" testid="cap-new-name".to_owned()/>
                <TextField label="Limit" value=fields.limit prefix="$" testid="cap-new-limit".to_owned()/></div>
            <CapDetails fields/><Simulate fields testid="cap-simulate-new"/>
        </AddDialog>
    }
}
