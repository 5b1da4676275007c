//! Rate limits: what each does now, and its form.

pub mod state;

use crate::{
    backend::call,
    components::{
        adding::AddDialog,
        badge::{Badge, Tone},
        delete::DeleteButton,
        field::{CheckField, FormError, SelectField, TextField, choices},
        gauge::{self, Gauge},
        icon::{Icon, Symbol},
        state::{Empty, Panel},
    },
    contexts::{Query, query, use_shell},
    format,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::limits::{LimitsDelete, LimitsList, LimitsSave},
    model::limit::{Limit, LimitState},
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
        <div class="page-head"><p class="lead">"Windows slide and are counted literally. Saving a limit keeps what was counted."</p>
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
    let (word, tone) = match (state.limit.enabled, state.refused) {
        (false, _) => ("switched off", Tone::Neutral),
        (_, 0) => ("nobody refused", Tone::Good),
        _ => ("refusing", Tone::Warn),
    };
    let (who, count) = state.busiest.clone().unwrap_or_default();
    let most = i64::from(state.limit.max_requests);
    let parts = Signal::stored((i64::from(count), 0, most));
    let tone_of_gauge = gauge::tone((i64::from(count), 0, most), ALERT_PERCENT);
    let label = Signal::stored(format!("Fullest caller: {count} of {most}"));
    let busiest = if who.is_empty() {
        "nobody".to_owned()
    } else {
        format!(
            "{} of {} by {}",
            format::count(i64::from(count)),
            format::count(most),
            format::visible(&who)
        )
    };
    view! {
        <div class=tone_of_gauge>
        <header class="card-head"><h2>{state.limit.name.clone()}</h2><Badge text=word tone/><span class="muted">{state::sentence(&state.limit)}</span></header>
        <Gauge parts alert_percent=Signal::stored(ALERT_PERCENT) label/>
        <div class="amounts"><span class="key spent">"Fullest caller now: "<b>{busiest}</b></span>
            <span><b>{format::count(i64::from(state.active_callers))}</b>" active callers"</span>
            <span class="of"><b>{format::count(state.refused.try_into().unwrap_or(i64::MAX))}</b>" refused since the gateway started"</span></div>
        </div>
    }
}

/// The form's signals.
#[derive(Clone, Copy)]
struct Fields {
    name: RwSignal<String>,
    subject: RwSignal<String>,
    max_requests: RwSignal<String>,
    window_seconds: RwSignal<String>,
    enabled: RwSignal<bool>,
}

impl Fields {
    fn of(limit: &Limit) -> Fields {
        Fields {
            name: RwSignal::new(limit.name.clone()),
            subject: RwSignal::new(limit.subject.as_str().to_owned()),
            max_requests: RwSignal::new(limit.max_requests.to_string()),
            window_seconds: RwSignal::new(limit.window_seconds.to_string()),
            enabled: RwSignal::new(limit.enabled),
        }
    }

    fn fill(self, limit: &Limit) {
        self.subject.set(limit.subject.as_str().to_owned());
        self.max_requests.set(limit.max_requests.to_string());
        self.window_seconds.set(limit.window_seconds.to_string());
        self.enabled.set(limit.enabled);
    }

    fn read(self) -> Result<Limit, String> {
        state::read(
            &self.name.get(),
            &self.subject.get(),
            &self.max_requests.get(),
            &self.window_seconds.get(),
            self.enabled.get(),
        )
    }
}

#[component]
fn LimitFields(fields: Fields) -> impl IntoView {
    let subjects = choices(&[
        ("key", "Each key"),
        ("user", "Each user"),
        ("ip", "Each IP address"),
    ]);
    let name = fields.name.get_untracked();
    view! {
        <SelectField label="Who" value=fields.subject options=Signal::stored(subjects)/>
        <TextField label="At most (requests)" value=fields.max_requests testid=format!("limit-max-{name}")/>
        <TextField label="In any (seconds)" value=fields.window_seconds testid=format!("limit-window-{name}")/>
        <CheckField label="Enforced" value=fields.enabled/>
    }
}

#[component]
fn LimitForm(first: LimitState, state: Memo<Option<LimitState>>, limits: LimitStates) -> impl IntoView {
    let shell = use_shell();
    let name = first.limit.name.clone();
    let fields = Fields::of(&first.limit);
    let base = RwSignal::new(first);
    let problem = RwSignal::new(None::<String>);
    let is_changed = Memo::new(move |_| fields.read().as_ref() != Ok(&base.with(|base| base.limit.clone())));
    Effect::new(move |_| {
        if let Some(newest) = state.get()
            && !is_changed.get_untracked()
            && newest.version != base.with_untracked(|base| base.version)
        {
            fields.fill(&newest.limit);
            base.set(newest);
        }
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !is_changed.get_untracked() {
            return;
        }
        let limit = match untrack(|| fields.read()) {
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
                    base.set(saved);
                    limits.reload();
                }
                Err(error) => problem.set(Some(error.message)),
            }
        });
    };
    let act = format!("Delete limit \"{name}\"");
    let doomed = name.clone();
    let delete = Callback::new(move |()| LimitsDelete {
        name: doomed.clone(),
        expected_version: base.with_untracked(|base| base.version),
    });
    view! {
        <form class="inline-form cap-form" on:submit=save>
            <LimitFields fields/>
            <button type="submit" class="primary" data-testid=format!("limit-save-{name}") aria-disabled=move || (!is_changed.get()).to_string()>"Save"</button>
            <span class="spacer"></span>
            <DeleteButton label="Delete…" act meaning="Callers are no longer held by it, at once." done="Deleted the limit."
                command=delete list=limits/>
        </form>
        <FormError error=problem/>
    }
}

#[component]
fn NewLimit(is_adding: RwSignal<bool>, limits: LimitStates) -> impl IntoView {
    let shell = use_shell();
    let blank = Limit {
        name: String::new(),
        subject: weir_contract::model::limit::LimitSubject::Key,
        max_requests: 60,
        window_seconds: 60,
        enabled: true,
    };
    let fields = Fields::of(&blank);
    let read = Callback::new(move |()| {
        fields.read().map(|limit| LimitsSave {
            limit,
            expected_version: 0,
        })
    });
    let added = Callback::new(move |saved: LimitState| {
        shell.say(format!("Added limit \"{}\".", saved.limit.name));
        fields.name.set(String::new());
        limits.reload();
    });
    view! {
        <AddDialog open=is_adding title="New limit" act="Add limit" read added>
            <div class="fields"><TextField label="Name" value=fields.name hint="Short and unique"/><LimitFields fields/></div>
        </AddDialog>
    }
}
