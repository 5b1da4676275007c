//! The form of one cap, new or existing.

use super::state::CapDraft;
use crate::components::field::{CheckField, SelectField, TextField, choices};
use leptos::prelude::*;

/// The form's signals.
#[derive(Clone, Copy)]
pub struct CapFields {
    pub name: RwSignal<String>,
    pub scope: RwSignal<String>,
    pub period: RwSignal<String>,
    pub time_zone: RwSignal<String>,
    pub limit: RwSignal<String>,
    pub action: RwSignal<String>,
    pub alert_percent: RwSignal<String>,
    pub enabled: RwSignal<bool>,
}

impl CapFields {
    /// Signals that hold this draft.
    #[must_use]
    pub fn of(draft: CapDraft) -> CapFields {
        CapFields {
            name: RwSignal::new(draft.name),
            scope: RwSignal::new(draft.scope),
            period: RwSignal::new(draft.period),
            time_zone: RwSignal::new(draft.time_zone),
            limit: RwSignal::new(draft.limit),
            action: RwSignal::new(draft.action),
            alert_percent: RwSignal::new(draft.alert_percent),
            enabled: RwSignal::new(draft.enabled),
        }
    }

    /// What the signals hold now.
    #[must_use]
    pub fn draft(self) -> CapDraft {
        CapDraft {
            name: self.name.get(),
            scope: self.scope.get(),
            period: self.period.get(),
            time_zone: self.time_zone.get(),
            limit: self.limit.get(),
            action: self.action.get(),
            alert_percent: self.alert_percent.get(),
            enabled: self.enabled.get(),
        }
    }

    /// Puts a draft into the signals.
    pub fn fill(self, draft: CapDraft) {
        self.scope.set(draft.scope);
        self.period.set(draft.period);
        self.time_zone.set(draft.time_zone);
        self.limit.set(draft.limit);
        self.action.set(draft.action);
        self.alert_percent.set(draft.alert_percent);
        self.enabled.set(draft.enabled);
    }
}

/// Everything but name and amount.
#[component]
pub fn CapDetails(fields: CapFields) -> impl IntoView {
    let scopes = [
        ("global", "All spend"),
        ("T0", "Tier T0"),
        ("T1", "Tier T1"),
        ("T2", "Tier T2"),
        ("T3", "Tier T3"),
    ];
    let periods = [("day", "Day"), ("week", "Week"), ("month", "Month")];
    let actions = [("refuse", "Refuse requests"), ("close_tier", "Close the tier")];
    view! {
        <div class="fields">
            <SelectField label="What it counts" value=fields.scope options=Signal::stored(choices(&scopes))/>
            <SelectField label="Period" value=fields.period options=Signal::stored(choices(&periods))/>
            <TextField label="Time zone" value=fields.time_zone hint="IANA name, such as Europe/Berlin"/>
            <SelectField label="When it is reached" value=fields.action options=Signal::stored(choices(&actions))/>
            <TextField label="Alert at (percent)" value=fields.alert_percent/>
            <CheckField label="Enforced" value=fields.enabled/>
        </div>
    }
}
