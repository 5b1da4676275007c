//! The form of what a rollout changes.

use super::state::Draft;
use crate::components::field::{SelectField, TextField, choices};
use leptos::prelude::*;

/// The form's signals.
#[derive(Clone, Copy)]
pub struct Fields {
    pub name: RwSignal<String>,
    description: RwSignal<String>,
    intent: RwSignal<String>,
    model: RwSignal<String>,
    lowest_tier: RwSignal<String>,
    highest_tier: RwSignal<String>,
    system_prefix: RwSignal<String>,
    cache: RwSignal<String>,
    cache_ttl_seconds: RwSignal<String>,
}

impl Fields {
    /// Signals that hold this draft.
    #[must_use]
    pub fn of(draft: Draft) -> Fields {
        Fields {
            name: RwSignal::new(draft.name),
            description: RwSignal::new(draft.description),
            intent: RwSignal::new(draft.intent),
            model: RwSignal::new(draft.model),
            lowest_tier: RwSignal::new(draft.lowest_tier),
            highest_tier: RwSignal::new(draft.highest_tier),
            system_prefix: RwSignal::new(draft.system_prefix),
            cache: RwSignal::new(draft.cache),
            cache_ttl_seconds: RwSignal::new(draft.cache_ttl_seconds),
        }
    }

    /// What the signals hold now.
    #[must_use]
    pub fn draft(self) -> Draft {
        Draft {
            name: self.name.get(),
            description: self.description.get(),
            intent: self.intent.get(),
            model: self.model.get(),
            lowest_tier: self.lowest_tier.get(),
            highest_tier: self.highest_tier.get(),
            system_prefix: self.system_prefix.get(),
            cache: self.cache.get(),
            cache_ttl_seconds: self.cache_ttl_seconds.get(),
        }
    }

    /// Puts a draft into the signals.
    pub fn fill(self, draft: Draft) {
        self.description.set(draft.description);
        self.intent.set(draft.intent);
        self.model.set(draft.model);
        self.lowest_tier.set(draft.lowest_tier);
        self.highest_tier.set(draft.highest_tier);
        self.system_prefix.set(draft.system_prefix);
        self.cache.set(draft.cache);
        self.cache_ttl_seconds.set(draft.cache_ttl_seconds);
    }
}

/// What the new variant changes; empty fields change nothing.
#[component]
pub fn ChangeFields(fields: Fields) -> impl IntoView {
    let tiers = || {
        Signal::stored(choices(&[
            ("", "Unchanged"),
            ("T0", "T0"),
            ("T1", "T1"),
            ("T2", "T2"),
            ("T3", "T3"),
        ]))
    };
    let switch = choices(&[("", "Unchanged"), ("on", "On"), ("off", "Off")]);
    view! {
        <div class="fields">
            <TextField label="Description" value=fields.description/>
            <TextField label="Only this intent" value=fields.intent hint="Empty means all requests"/>
            <TextField label="Serve this model" value=fields.model hint="Instead of auto"/>
            <SelectField label="Lowest tier" value=fields.lowest_tier options=tiers()/>
            <SelectField label="Highest tier" value=fields.highest_tier options=tiers()/>
            <SelectField label="Response cache" value=fields.cache options=Signal::stored(switch)/>
            <TextField label="Keep answers (seconds)" value=fields.cache_ttl_seconds/>
            <label class="field wide"><span class="field-label">"Put before the system prompt"</span>
                <textarea rows="3" prop:value=move || fields.system_prefix.get() on:input=move |event| fields.system_prefix.set(event_target_value(&event))></textarea></label>
        </div>
    }
}
