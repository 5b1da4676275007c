//! The form of one cap, new or existing.

use super::{
    manner::{CapMannerFields, MannerFields},
    state::CapDraft,
};
use crate::components::field::{CheckField, SelectField, TextField, choices};
use leptos::prelude::*;

/// The form's signals.
#[derive(Clone, Copy)]
pub struct CapFields {
    pub name: RwSignal<String>,
    pub kind: RwSignal<String>,
    pub value: RwSignal<String>,
    pub period: RwSignal<String>,
    pub hours: RwSignal<String>,
    pub time_zone: RwSignal<String>,
    pub limit: RwSignal<String>,
    pub steps: [RwSignal<String>; 5],
    pub enabled: RwSignal<bool>,
    pub manner: MannerFields,
}

impl CapFields {
    /// Signals that hold this draft.
    #[must_use]
    pub fn of(draft: CapDraft) -> CapFields {
        CapFields {
            name: RwSignal::new(draft.name),
            kind: RwSignal::new(draft.kind),
            value: RwSignal::new(draft.value),
            period: RwSignal::new(draft.period),
            hours: RwSignal::new(draft.hours),
            time_zone: RwSignal::new(draft.time_zone),
            limit: RwSignal::new(draft.limit),
            steps: draft.steps.map(RwSignal::new),
            enabled: RwSignal::new(draft.enabled),
            manner: MannerFields::of(draft.manner),
        }
    }

    /// What the signals hold now.
    #[must_use]
    pub fn draft(self) -> CapDraft {
        CapDraft {
            name: self.name.get(),
            kind: self.kind.get(),
            value: self.value.get(),
            period: self.period.get(),
            hours: self.hours.get(),
            time_zone: self.time_zone.get(),
            limit: self.limit.get(),
            steps: self.steps.map(|percents| percents.get()),
            enabled: self.enabled.get(),
            manner: self.manner.draft(),
        }
    }

    /// Puts a draft into the signals.
    pub fn fill(self, draft: CapDraft) {
        self.kind.set(draft.kind);
        self.value.set(draft.value);
        self.period.set(draft.period);
        self.hours.set(draft.hours);
        self.time_zone.set(draft.time_zone);
        self.limit.set(draft.limit);
        for (percents, text) in self.steps.into_iter().zip(draft.steps) {
            percents.set(text);
        }
        self.enabled.set(draft.enabled);
        self.manner.fill(draft.manner);
    }
}

/// Everything but name and amount.
#[component]
pub fn CapDetails(fields: CapFields) -> impl IntoView {
    let kinds = [
        ("global", "All spend"),
        ("tier", "A tier"),
        ("key", "A key"),
        ("user", "A user"),
        ("team", "A team"),
        ("intent", "An intent"),
        ("model", "A model"),
        ("event", "An event"),
    ];
    let periods = [
        ("day", "Day"),
        ("week", "Week"),
        ("month", "Month"),
        ("rolling", "Any hours in a row"),
    ];
    let [notify, step_down, close_top, cache_only, refuse] = fields.steps;
    let counts_parts = move || fields.kind.with(|kind| kind != "global");
    let is_monthly = Signal::derive(move || fields.period.with(|period| period == "month"));
    let is_rolling = move || fields.period.with(|period| period == "rolling");
    view! {
        <div class="fields">
            <SelectField label="What it counts" value=fields.kind options=Signal::stored(choices(&kinds))/>
            <Show when=counts_parts><TextField label="Which one" value=fields.value hint="Empty: each has the whole limit for itself"/></Show>
            <SelectField label="Period" value=fields.period options=Signal::stored(choices(&periods))/>
            <Show when=is_rolling><TextField label="Hours" value=fields.hours hint="Never more than the limit in any so many hours"/></Show>
            <TextField label="Time zone" value=fields.time_zone hint="IANA name, such as Europe/Berlin"/>
            <CheckField label="Enforced" value=fields.enabled/>
        </div>
        <CapMannerFields fields=fields.manner is_monthly/>
        <p class="muted">"What happens at which percentage of the limit. Leave empty what should not happen."</p>
        <div class="fields">
            <TextField label="Tell at" value=notify hint="Percent, such as 50, 80"/>
            <TextField label="Use a lower tier from" value=step_down hint="auto, one tier lower for each percentage"/>
            <TextField label="Close the top tier from" value=close_top hint="auto uses the tiers below"/>
            <TextField label="Only cached answers from" value=cache_only/>
            <TextField label="Refuse from" value=refuse hint="Nothing is spent beyond; a tier or model closes"/>
        </div>
    }
}
