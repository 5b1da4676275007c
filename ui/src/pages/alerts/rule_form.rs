//! The form of one rule, new or existing, with the preview of what it would have told.

use super::rule_text::{self, RuleText};
use crate::{
    backend::call,
    components::{
        confirm::Dialog,
        field::{CheckField, FormError, SelectField, TextField, choices},
    },
    contexts::{Query, clock, use_shell},
    format,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::alerts::{AlertsPreview, AlertsSave},
    model::alert::{AlertPreview, AlertRuleState, ChannelState},
};

/// The form's signals.
#[derive(Clone, Copy)]
pub struct RuleFields {
    is_open: RwSignal<bool>,
    /// Zero for a new rule.
    version: RwSignal<i64>,
    name: RwSignal<String>,
    kind: RwSignal<String>,
    number: RwSignal<String>,
    at_least: RwSignal<String>,
    cap: RwSignal<String>,
    channels: RwSignal<Vec<String>>,
    enabled: RwSignal<bool>,
    /// As it was opened.
    opened: RwSignal<RuleText>,
    problem: RwSignal<Option<String>>,
    preview: RwSignal<Option<AlertPreview>>,
}

impl RuleFields {
    /// A closed, empty form.
    #[must_use]
    pub fn new() -> RuleFields {
        let text = || RwSignal::new(String::new());
        RuleFields {
            is_open: RwSignal::new(false),
            version: RwSignal::new(0),
            name: text(),
            kind: text(),
            number: text(),
            at_least: text(),
            cap: text(),
            channels: RwSignal::new(Vec::new()),
            enabled: RwSignal::new(true),
            opened: RwSignal::new(RuleText::default()),
            problem: RwSignal::new(None),
            preview: RwSignal::new(None),
        }
    }

    /// Opens it on an existing rule, or empty.
    pub fn open(self, existing: Option<AlertRuleState>) {
        let (version, text) = match existing {
            Some(state) => (state.version, RuleText::of(&state.rule)),
            None => {
                let (number, at_least) = RuleText::usual("cap_share");
                let text = RuleText {
                    kind: "cap_share".to_owned(),
                    number: number.to_owned(),
                    at_least: at_least.to_owned(),
                    enabled: true,
                    ..RuleText::default()
                };
                (0, text)
            }
        };
        self.problem.set(None);
        self.preview.set(None);
        self.version.set(version);
        self.opened.set(text.clone());
        self.name.set(text.name);
        self.kind.set(text.kind);
        self.number.set(text.number);
        self.at_least.set(text.at_least);
        self.cap.set(text.cap);
        self.channels.set(text.channels);
        self.enabled.set(text.enabled);
        self.is_open.set(true);
    }

    fn text(self) -> RuleText {
        RuleText {
            name: self.name.get_untracked(),
            kind: self.kind.get_untracked(),
            number: self.number.get_untracked(),
            at_least: self.at_least.get_untracked(),
            cap: self.cap.get_untracked(),
            channels: self.channels.get_untracked(),
            enabled: self.enabled.get_untracked(),
        }
    }
}

impl Default for RuleFields {
    fn default() -> Self {
        RuleFields::new()
    }
}

/// The dialog.
#[component]
pub fn RuleForm(
    fields: RuleFields,
    rules: Query<Vec<AlertRuleState>>,
    channels: Query<Vec<ChannelState>>,
) -> impl IntoView {
    let shell = use_shell();
    // Another kind has other numbers; back at the kind it was opened with, its own stand again.
    Effect::new(move |before: Option<String>| {
        let kind = fields.kind.get();
        if before.is_some_and(|before| before != kind) {
            let opened = fields.opened.get_untracked();
            let (number, at_least) = if opened.kind == kind {
                (opened.number, opened.at_least)
            } else {
                let (number, at_least) = RuleText::usual(&kind);
                (number.to_owned(), at_least.to_owned())
            };
            fields.number.set(number);
            fields.at_least.set(at_least);
            fields.preview.set(None);
        }
        kind
    });
    let save = Callback::new(move |()| {
        let rule = match fields.text().read() {
            Ok(rule) => rule,
            Err(text) => return fields.problem.set(Some(text)),
        };
        let expected_version = fields.version.get_untracked();
        spawn_local(async move {
            match call(AlertsSave {
                rule,
                expected_version,
            })
            .await
            {
                Ok(saved) => {
                    shell.say(format!("Saved alert rule \"{}\".", saved.rule.name));
                    fields.is_open.set(false);
                    rules.reload();
                }
                Err(error) => fields.problem.set(Some(error.message)),
            }
        });
    });
    let preview = move |_| {
        let mut text = fields.text();
        if text.name.trim().is_empty() {
            // A preview needs no name yet.
            text.name = "preview".to_owned();
        }
        let rule = match text.read() {
            Ok(rule) => rule,
            Err(text) => return fields.problem.set(Some(text)),
        };
        fields.problem.set(None);
        spawn_local(async move {
            match call(AlertsPreview { rule }).await {
                Ok(found) => fields.preview.set(Some(found)),
                Err(error) => fields.problem.set(Some(error.message)),
            }
        });
    };
    let is_new = move || fields.version.get() == 0;
    let title = Signal::derive(move || {
        if is_new() {
            "New alert rule".to_owned()
        } else {
            format!("Edit alert rule \"{}\"", fields.name.get())
        }
    });
    let labels = Memo::new(move |_| RuleText::labels(&fields.kind.get()));
    let is_of_caps = move || fields.kind.with(|kind| kind == "cap_share" || kind == "forecast");
    view! {
        <Dialog open=fields.is_open title>
            <form on:submit=move |event| { event.prevent_default(); save.run(()); }>
                <div class="fields">
                    <Show when=is_new><TextField label="Name" value=fields.name hint="Short and unique" testid="alert-name".to_owned()/></Show>
                    <SelectField label="When" value=fields.kind options=Signal::stored(choices(&rule_text::KINDS))/>
                    {move || (!labels.get().0.is_empty()).then(|| view! { <TextField label=labels.get().0 value=fields.number/> })}
                    {move || (!labels.get().1.is_empty()).then(|| view! { <TextField label=labels.get().1 value=fields.at_least/> })}
                    <Show when=is_of_caps><TextField label="Only this cap" value=fields.cap hint="Its name; empty for every cap"/></Show>
                </div>
                <fieldset class="checks"><legend class="field-label">"Tell"</legend><Choices chosen=fields.channels channels/></fieldset>
                <CheckField label="Watching" value=fields.enabled/>
                {move || fields.preview.get().map(|found| view! { <Preview found/> })}
                <FormError error=fields.problem/>
                <div class="dialog-acts"><button type="button" data-testid="alert-preview" on:click=preview>"Preview 30 days"</button>
                    <button type="button" on:click=move |_| fields.is_open.set(false)>"Cancel"</button><button type="submit" class="primary" data-testid="alert-save">"Save rule"</button></div>
            </form>
        </Dialog>
    }
}

#[component]
fn Choices(chosen: RwSignal<Vec<String>>, channels: Query<Vec<ChannelState>>) -> impl IntoView {
    move || {
        let all = channels.value.get().unwrap_or_default();
        if all.is_empty() {
            return view! { <p class="muted">"There is no channel yet, so it stands on this page alone."</p> }.into_any();
        }
        let check = |state: ChannelState| {
            let name = state.channel.name;
            let (key, word) = (name.clone(), name.clone());
            let is_chosen = move || chosen.with(|chosen| chosen.contains(&key));
            let change = move |event| {
                let wanted = event_target_checked(&event);
                chosen.update(|chosen| {
                    chosen.retain(|one| *one != name);
                    if wanted {
                        chosen.push(name.clone());
                    }
                });
            };
            view! { <label class="check"><input type="checkbox" prop:checked=is_chosen on:change=change/><span>{word}</span></label> }
        };
        all.into_iter().map(check).collect_view().into_any()
    }
}

#[component]
fn Preview(found: AlertPreview) -> impl IntoView {
    let count = match found.would_have_fired {
        None => "It cannot be said how often.".to_owned(),
        Some(times) => {
            let times = format::plural(i64::from(times), "time", "times");
            format!("It would have fired {times} in {} days.", found.days)
        }
    };
    let newest = found.newest.into_iter().take(5).map(|one| {
        view! { <li>{clock::moment(one.at_ms)}" · "{format::visible(&one.subject)}</li> }
    });
    let newest = newest.collect_view();
    view! { <div class="extent" role="status"><p><strong>{count}</strong></p><p class="muted">{found.note}</p><ul>{newest}</ul></div> }
}
