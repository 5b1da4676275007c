//! Rate limits: what each does now, its form, and what a draft would have done.

pub mod form;
pub mod simulation;
pub mod state;

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
    contexts::{Query, query, use_shell},
    format,
};
use form::{LimitDetails, LimitFields};
use leptos::{prelude::*, task::spawn_local};
use simulation::Simulation;
use state::LimitDraft;
use weir_contract::{
    command::limits::{LimitsDelete, LimitsList, LimitsSave},
    model::limit::{LimitMeasure, LimitState},
};

/// How full the fullest caller's window is when the gauge turns to attention.
const ALERT_PERCENT: u8 = 80;

type LimitStates = Query<Vec<LimitState>>;

/// The page.
#[component]
pub fn Limits() -> impl IntoView {
    let limits = query(|| LimitsList {});
    let names = limits.names();
    let is_adding = RwSignal::new(false);
    view! {
        <div class="page-head"><p class="lead">"Windows slide and are counted literally, over all gateways. Saving a limit keeps what was counted. Expensive calls are model calls with more than 32,000 tokens of input by length, or embeddings of more than 100 texts."</p>
            <button type="button" class="primary" on:click=move |_| is_adding.set(true)><Icon symbol=Symbol::Plus/>"New limit"</button></div>
        <Panel query=limits>
            <Show when=move || names.with(|names| !names.is_empty()) fallback=|| view! { <Empty title="No limits">"Callers may send as fast as they can."</Empty> }>
                <div class="stack"><For each=move || names.get() key=|name| name.clone() let:name><LimitCard name limits/></For></div>
            </Show>
        </Panel>
        <NewLimit is_adding limits/>
    }
}

#[component]
fn LimitCard(name: String, limits: LimitStates) -> impl IntoView {
    let state = limits.member(name.clone());
    view! {
        <section class="card cap" data-testid=format!("limit-{name}")>
            {move || state.get().map(|state| view! { <Standing state/> })}
            {state.get_untracked().map(|first| view! { <LimitForm first state limits/> })}
        </section>
    }
}

#[component]
fn Standing(state: LimitState) -> impl IntoView {
    let limit = &state.limit;
    let (word, tone) = match (limit.enabled, limit.shadow, state.refused) {
        (false, ..) => ("switched off", Tone::Neutral),
        (_, true, _) => ("shadow mode", Tone::Neutral),
        (_, _, 0) => ("nobody refused", Tone::Good),
        _ => ("refusing", Tone::Warn),
    };
    let (who, used) = state.busiest.clone().unwrap_or_default();
    let most = limit.most;
    let parts = Signal::stored((used, 0, most));
    let tone_of_gauge = gauge::tone((used, 0, most), ALERT_PERCENT);
    let amount = |number| state::amount(limit.measure, number);
    let label = Signal::stored(format!("Fullest caller: {} of {}", amount(used), amount(most)));
    let busiest = if who.is_empty() {
        "nobody".to_owned()
    } else {
        let used = match limit.measure {
            LimitMeasure::Dollars => amount(used),
            _ => format::count(used),
        };
        format!("{used} of {} by {}", amount(most), format::visible(&who))
    };
    let (refused, did) = if limit.shadow {
        (
            state.would_refuse,
            " would have been refused since the gateway started",
        )
    } else {
        (state.refused, " refused since the gateway started")
    };
    let refused = format::count(i64::try_from(refused).unwrap_or(i64::MAX));
    view! {
        <div class=tone_of_gauge>
        <header class="card-head"><h2>{state.limit.name.clone()}</h2><Badge text=word tone/><span class="muted">{state::sentence(&state.limit)}</span></header>
        <Gauge parts alert_percent=Signal::stored(ALERT_PERCENT) label/>
        <div class="amounts"><span class="key spent">"Fullest caller now: "<b>{busiest}</b></span>
            <span><b>{format::count(i64::from(state.active_callers))}</b>" active callers"</span>
            <span class="of"><b>{refused}</b>{did}</span></div>
        </div>
    }
}

#[component]
fn LimitForm(first: LimitState, state: Memo<Option<LimitState>>, limits: LimitStates) -> impl IntoView {
    let shell = use_shell();
    let name = first.limit.name.clone();
    let fields = LimitFields::of(LimitDraft::of(&first.limit));
    let base = RwSignal::new(first);
    let problem = RwSignal::new(None::<String>);
    let is_changed = Memo::new(move |_| fields.draft() != base.with(|base| LimitDraft::of(&base.limit)));
    Effect::new(move |_| {
        if let Some(newest) = state.get()
            && !is_changed.get_untracked()
            && newest.version != base.with_untracked(|base| base.version)
        {
            fields.fill(LimitDraft::of(&newest.limit));
            base.set(newest);
        }
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !is_changed.get_untracked() {
            return;
        }
        let limit = match untrack(|| fields.draft().read()) {
            Ok(limit) => limit,
            Err(text) => return problem.set(Some(text)),
        };
        problem.set(None);
        let expected_version = base.with_untracked(|base| base.version);
        spawn_local(async move {
            match call(LimitsSave {
                limit,
                expected_version,
            })
            .await
            {
                Ok(saved) => {
                    shell.say(format!(
                        "Saved limit \"{}\" as version {}.",
                        saved.limit.name, saved.version
                    ));
                    fields.fill(LimitDraft::of(&saved.limit));
                    base.set(saved);
                    limits.reload();
                }
                Err(error) => problem.set(Some(error.message)),
            }
        });
    };
    let draft = Callback::new(move |()| fields.draft().read());
    let act = format!("Delete limit \"{name}\"");
    let doomed = name.clone();
    let delete = Callback::new(move |()| LimitsDelete {
        name: doomed.clone(),
        expected_version: base.with_untracked(|base| base.version),
    });
    view! {
        <form class="inline-form cap-form" on:submit=save>
            <LimitDetails fields/>
            <button type="submit" class="primary" data-testid=format!("limit-save-{name}") aria-disabled=move || (!is_changed.get()).to_string()>"Save"</button>
            <span class="spacer"></span>
            <DeleteButton label="Delete…" act meaning="Callers are no longer held by it, at once." done="Deleted the limit."
                command=delete list=limits/>
        </form>
        <FormError error=problem/>
        <Simulation draft testid=format!("limit-simulate-{name}")/>
    }
}

#[component]
fn NewLimit(is_adding: RwSignal<bool>, limits: LimitStates) -> impl IntoView {
    let shell = use_shell();
    let fields = LimitFields::of(LimitDraft::fresh());
    let read = Callback::new(move |()| {
        fields.draft().read().map(|limit| LimitsSave {
            limit,
            expected_version: 0,
        })
    });
    let draft = Callback::new(move |()| fields.draft().read());
    let added = Callback::new(move |saved: LimitState| {
        shell.say(format!("Added limit \"{}\".", saved.limit.name));
        fields.name.set(String::new());
        limits.reload();
    });
    view! {
        <AddDialog open=is_adding title="New limit" act="Add limit" read added>
            <div class="fields"><TextField label="Name" value=fields.name hint="Short and unique"/><LimitDetails fields/></div>
            <Simulation draft testid="limit-simulate-new"/>
        </AddDialog>
    }
}
