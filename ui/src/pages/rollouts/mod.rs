//! Rollouts: the share that gets the new variant, what it changes, and the way back.

pub mod form;
pub mod state;

use crate::{
    backend::call,
    components::{
        adding::AddDialog,
        badge::{Badge, Tone},
        delete::DeleteButton,
        field::{FormError, TextField},
        icon::{Icon, Symbol},
        state::{Empty, Panel},
    },
    contexts::{Query, Shell, query, use_shell},
    format,
    route::Page,
};
use form::{ChangeFields, Fields};
use leptos::{prelude::*, task::spawn_local};
use state::Draft;
use weir_contract::{
    command::rollouts::{RolloutsDelete, RolloutsList, RolloutsSave},
    model::rollout::{Rollout, RolloutState},
};

type States = Query<Vec<RolloutState>>;

/// The page.
#[component]
pub fn Rollouts() -> impl IntoView {
    let rollouts = query(|| RolloutsList {});
    let names = rollouts.names();
    let is_adding = RwSignal::new(false);
    view! {
        <div class="page-head"><p class="lead">"Who is in is decided by a hash of the user or key. Raising a share never moves anyone out."</p>
            <button type="button" class="primary" on:click=move |_| is_adding.set(true)><Icon symbol=Symbol::Plus/>"New rollout"</button></div>
        <Panel query=rollouts>
            <Show when=move || names.with(|names| !names.is_empty()) fallback=|| view! { <Empty title="No rollouts">"Give a change to a small share of callers first, and watch the charts."</Empty> }>
                <div class="stack"><For each=move || names.get() key=|name| name.clone() let:name><Card name rollouts/></For></div>
            </Show>
        </Panel>
        <NewRollout is_adding rollouts/>
    }
}

/// One rollout being edited: the form's signals and the version they came from.
#[derive(Clone, Copy)]
struct Editing {
    shell: Shell,
    rollouts: States,
    base: RwSignal<RolloutState>,
    share: RwSignal<u16>,
    fields: Fields,
    problem: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
}

impl Editing {
    fn adopt(self, newest: RolloutState) {
        self.share.set(newest.rollout.basis_points);
        self.fields.fill(Draft::of(&newest.rollout));
        self.base.set(newest);
    }

    fn read(self, enabled: bool) -> Result<Rollout, String> {
        self.fields.draft().read(self.share.get(), enabled)
    }

    fn is_changed(self) -> bool {
        self.base
            .with(|base| self.read(base.rollout.enabled).as_ref() != Ok(&base.rollout))
    }

    fn save(self, enabled: bool) {
        if self.busy.get_untracked() {
            return;
        }
        let rollout = match untrack(|| self.read(enabled)) {
            Ok(rollout) => rollout,
            Err(text) => return self.problem.set(Some(text)),
        };
        self.problem.set(None);
        self.busy.set(true);
        let expected_version = self.base.with_untracked(|base| base.version);
        spawn_local(async move {
            match call(RolloutsSave {
                rollout,
                expected_version,
            })
            .await
            {
                Ok(saved) => {
                    let share = format::basis_points(saved.rollout.basis_points);
                    let word = if saved.rollout.enabled {
                        format!("now at {share}")
                    } else {
                        "stopped: everybody gets the old variant".to_owned()
                    };
                    self.shell.say(format!(
                        "Rollout \"{}\" is {word} (version {}).",
                        saved.rollout.name, saved.version
                    ));
                    self.adopt(saved);
                    self.rollouts.reload();
                }
                Err(error) => self.problem.set(Some(error.message)),
            }
            self.busy.set(false);
        });
    }
}

#[component]
fn Card(name: String, rollouts: States) -> impl IntoView {
    let state = rollouts.member(name.clone());
    let body = state.get_untracked().map(|first| {
        let editing = Editing {
            shell: use_shell(),
            rollouts,
            share: RwSignal::new(first.rollout.basis_points),
            fields: Fields::of(Draft::of(&first.rollout)),
            base: RwSignal::new(first),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
        };
        Effect::new(move |_| {
            if let Some(newest) = state.get()
                && !untrack(|| editing.is_changed())
                && newest.version != editing.base.with_untracked(|base| base.version)
            {
                editing.adopt(newest);
            }
        });
        view! { <Standing state/><ShareForm editing/> }
    });
    view! { <section class="card cap" data-testid=format!("rollout-{name}")>{body}</section> }
}

#[component]
fn Standing(state: Memo<Option<RolloutState>>) -> impl IntoView {
    let shell = use_shell();
    move || {
        state.get().map(|state| {
        let (word, tone) = if state.rollout.enabled { ("running", Tone::Good) } else { ("stopped", Tone::Neutral) };
        let asked = format::basis_points(state.rollout.basis_points);
        let seen = state::measured(&state).map_or_else(|| "no requests in 24 h".to_owned(), |share| format!("{} measured", format::percent(share)));
        let detail = format!("{} new, {} old in the last 24 h", format::count(state.new_requests), format::count(state.old_requests));
        let variant = format!("{}=new", state.rollout.name);
        let link = move || shell.href_with(Page::Requests, vec![("variant".to_owned(), variant.clone())]);
        view! {
            <header class="card-head"><h2>{state.rollout.name.clone()}</h2><Badge text=word tone/><span class="muted">{state.rollout.description.clone()}</span></header>
            <p>{state::change_words(&state.rollout.change)}</p>
            <div class="amounts"><span><b>{asked}</b>" asked for"</span><span><b>{seen}</b>" "<span class="muted">{detail}</span></span>
                <span class="of"><a href=link>"Requests on the new variant"</a></span></div>
        }
    })
    }
}

#[component]
fn ShareForm(editing: Editing) -> impl IntoView {
    let name = editing.base.with_untracked(|base| base.rollout.name.clone());
    let share = editing.share;
    let act = format!("Delete rollout \"{name}\"");
    let doomed = name.clone();
    let delete = Callback::new(move |()| RolloutsDelete {
        name: doomed.clone(),
        expected_version: editing.base.with_untracked(|base| base.version),
    });
    let is_changed = Memo::new(move |_| editing.is_changed());
    let is_enabled = move || editing.base.with(|base| base.rollout.enabled);
    let typed = move |event| match state::parse_percent(&event_target_value(&event)) {
        Ok(basis_points) => {
            editing.problem.set(None);
            share.set(basis_points);
        }
        Err(text) => editing.problem.set(Some(text)),
    };
    let step = move |percent: i32, label: &'static str| {
        view! { <button type="button" class="step-button" aria-label=format!("{label} percent") on:click=move |_| share.update(|share| *share = state::nudge(*share, percent))>{label}</button> }
    };
    let slid = move |event| {
        if let Ok(basis_points) = event_target_value(&event).parse::<u16>() {
            share.set(basis_points.min(state::EVERYBODY));
        }
    };
    view! {
        <form class="cap-form" on:submit=move |event| { event.prevent_default(); if is_changed.get_untracked() { editing.save(editing.base.with_untracked(|base| base.rollout.enabled)); } }>
            <div class="share">
                {step(-5, "−5")}{step(-1, "−1")}
                <input type="range" min="0" max="10000" step="100" aria-label="Share of callers on the new variant" data-testid=format!("rollout-slider-{name}")
                    prop:value=move || share.get().to_string() on:input=slid/>
                {step(1, "+1")}{step(5, "+5")}
                <span class="field-box suffixed"><input inputmode="decimal" aria-label="Share in percent" data-testid=format!("rollout-percent-{name}")
                    prop:value=move || state::percent_text(share.get()) on:change=typed/><span class="field-prefix">"%"</span></span>
                <button type="submit" class="primary" data-testid=format!("rollout-save-{name}") aria-disabled=move || (editing.busy.get() || !is_changed.get()).to_string()>"Save"</button>
                <button type="button" class="danger-quiet" on:click=move |_| editing.save(!editing.base.with_untracked(|base| base.rollout.enabled))>
                    {move || if is_enabled() { "Stop and go back" } else { "Start again" }}</button>
            </div>
            <FormError error=editing.problem/>
            <details><summary>"What the new variant changes"</summary><ChangeFields fields=editing.fields/>
                <DeleteButton label="Delete this rollout…" act meaning="Everybody gets the old variant at once. Recorded requests keep the variant they met."
                    done="Deleted the rollout. Everybody gets the old variant." command=delete list=editing.rollouts/></details>
        </form>
    }
}

#[component]
fn NewRollout(is_adding: RwSignal<bool>, rollouts: States) -> impl IntoView {
    let shell = use_shell();
    let fields = Fields::of(Draft::default());
    let read = Callback::new(move |()| {
        fields.draft().read(0, true).map(|rollout| RolloutsSave {
            rollout,
            expected_version: 0,
        })
    });
    let added = Callback::new(move |saved: RolloutState| {
        shell.say(format!("Added rollout \"{}\" at 0 %.", saved.rollout.name));
        fields.fill(Draft::default());
        fields.name.set(String::new());
        rollouts.reload();
    });
    view! {
        <AddDialog open=is_adding title="New rollout" act="Add rollout" read added>
            <TextField label="Name" value=fields.name hint="Short and unique. It starts at 0 %."/>
            <ChangeFields fields/>
        </AddDialog>
    }
}
