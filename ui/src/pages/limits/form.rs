//! The form of one limit, new or existing.

use super::state::LimitDraft;
use crate::components::field::{SelectField, TextField, choices};
use leptos::prelude::*;

/// The form's signals.
#[derive(Clone, Copy)]
pub struct LimitFields {
    pub name: RwSignal<String>,
    subject: RwSignal<String>,
    measure: RwSignal<String>,
    endpoint_class: RwSignal<String>,
    most: RwSignal<String>,
    window_seconds: RwSignal<String>,
    mode: RwSignal<String>,
}

impl LimitFields {
    /// Signals that hold this draft.
    #[must_use]
    pub fn of(draft: LimitDraft) -> LimitFields {
        LimitFields {
            name: RwSignal::new(draft.name),
            subject: RwSignal::new(draft.subject),
            measure: RwSignal::new(draft.measure),
            endpoint_class: RwSignal::new(draft.endpoint_class),
            most: RwSignal::new(draft.most),
            window_seconds: RwSignal::new(draft.window_seconds),
            mode: RwSignal::new(draft.mode),
        }
    }

    /// What the signals hold now.
    #[must_use]
    pub fn draft(self) -> LimitDraft {
        LimitDraft {
            name: self.name.get(),
            subject: self.subject.get(),
            measure: self.measure.get(),
            endpoint_class: self.endpoint_class.get(),
            most: self.most.get(),
            window_seconds: self.window_seconds.get(),
            mode: self.mode.get(),
        }
    }

    /// Puts a draft into the signals, its name aside.
    pub fn fill(self, draft: LimitDraft) {
        self.subject.set(draft.subject);
        self.measure.set(draft.measure);
        self.endpoint_class.set(draft.endpoint_class);
        self.most.set(draft.most);
        self.window_seconds.set(draft.window_seconds);
        self.mode.set(draft.mode);
    }
}

/// Everything but the name.
#[component]
pub fn LimitDetails(fields: LimitFields) -> impl IntoView {
    let subjects = [
        ("key", "Each key"),
        ("user", "Each user"),
        ("ip", "Each IP address"),
        ("event", "Each event"),
        ("intent", "Each intent"),
        ("everyone", "Everyone together"),
    ];
    let measures = [
        ("requests", "Requests"),
        ("tokens", "Tokens"),
        ("concurrent", "Calls at the same time"),
        ("dollars", "Dollars"),
    ];
    let classes = [
        ("model_calls", "Model calls"),
        ("expensive", "Expensive calls"),
        ("reads", "Reads"),
        ("every", "Model calls and reads"),
    ];
    let modes = [
        ("enforced", "Enforced"),
        ("shadow", "Shadow: only counts"),
        ("off", "Switched off"),
    ];
    let name = fields.name.get_untracked();
    let has_window = move || fields.measure.with(|measure| measure != "concurrent");
    let window_testid = StoredValue::new(format!("limit-window-{name}"));
    view! {
        <SelectField label="Who" value=fields.subject options=Signal::stored(choices(&subjects)) testid=format!("limit-subject-{name}")/>
        <SelectField label="What" value=fields.measure options=Signal::stored(choices(&measures)) testid=format!("limit-measure-{name}")/>
        <SelectField label="Of which requests" value=fields.endpoint_class options=Signal::stored(choices(&classes)) testid=format!("limit-class-{name}")/>
        <TextField label="At most" value=fields.most testid=format!("limit-max-{name}")/>
        <Show when=has_window><TextField label="In any (seconds)" value=fields.window_seconds testid=window_testid.get_value()/></Show>
        <SelectField label="Mode" value=fields.mode options=Signal::stored(choices(&modes)) testid=format!("limit-mode-{name}")/>
    }
}
