//! How a cap guards, in its form and in the sentence that says by how much it can be passed.

use crate::{
    components::field::{SelectField, TextField, choices},
    format,
};
use leptos::prelude::*;
use weir_contract::model::cap::{CapDynamic, CapManner, CapMode, CapState, StoreAway};

/// The form's part as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MannerDraft {
    /// `strict` or `balanced`.
    pub mode: String,
    /// `refuse` or `allow`.
    pub away: String,
    /// Percent of the limit that the forecast must reach; empty where the cap does not look ahead.
    pub ahead_from: String,
    pub ahead_every: String,
    pub ahead_tiers: String,
}

impl MannerDraft {
    /// The form of an existing cap.
    #[must_use]
    pub fn of(manner: CapManner) -> MannerDraft {
        let shown = manner.dynamic.unwrap_or(CapDynamic::USUAL);
        MannerDraft {
            mode: manner.mode.as_str().to_owned(),
            away: manner.when_store_is_away.as_str().to_owned(),
            ahead_from: manner
                .dynamic
                .map(|dynamic| dynamic.from_percent.to_string())
                .unwrap_or_default(),
            ahead_every: shown.every_percent.to_string(),
            ahead_tiers: shown.most_tiers.to_string(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn read(&self) -> Result<CapManner, String> {
        let dynamic = if self.ahead_from.trim().is_empty() {
            None
        } else {
            Some(CapDynamic {
                from_percent: whole(&self.ahead_from)?,
                every_percent: whole(&self.ahead_every)?,
                most_tiers: u8::try_from(whole(&self.ahead_tiers)?)
                    .map_err(|_| "A cap uses at most 3 tiers lower.".to_owned())?,
            })
        };
        Ok(CapManner {
            mode: if self.mode == CapMode::Balanced.as_str() {
                CapMode::Balanced
            } else {
                CapMode::Strict
            },
            when_store_is_away: if self.away == StoreAway::Allow.as_str() {
                StoreAway::Allow
            } else {
                StoreAway::Refuse
            },
            dynamic,
        })
    }
}

fn whole(text: &str) -> Result<u16, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    number.parse().map_err(|_| {
        format!("\"{number}\" is no whole number; looking ahead takes ones such as 100, 25 and 3.")
    })
}

/// The form's signals.
#[derive(Clone, Copy)]
pub struct MannerFields {
    mode: RwSignal<String>,
    away: RwSignal<String>,
    ahead_from: RwSignal<String>,
    ahead_every: RwSignal<String>,
    ahead_tiers: RwSignal<String>,
}

impl MannerFields {
    /// Signals that hold this draft.
    #[must_use]
    pub fn of(draft: MannerDraft) -> MannerFields {
        MannerFields {
            mode: RwSignal::new(draft.mode),
            away: RwSignal::new(draft.away),
            ahead_from: RwSignal::new(draft.ahead_from),
            ahead_every: RwSignal::new(draft.ahead_every),
            ahead_tiers: RwSignal::new(draft.ahead_tiers),
        }
    }
    /// What the signals hold now.
    #[must_use]
    pub fn draft(self) -> MannerDraft {
        MannerDraft {
            mode: self.mode.get(),
            away: self.away.get(),
            ahead_from: self.ahead_from.get(),
            ahead_every: self.ahead_every.get(),
            ahead_tiers: self.ahead_tiers.get(),
        }
    }
    /// Puts a draft into the signals.
    pub fn fill(self, draft: MannerDraft) {
        self.mode.set(draft.mode);
        self.away.set(draft.away);
        self.ahead_from.set(draft.ahead_from);
        self.ahead_every.set(draft.ahead_every);
        self.ahead_tiers.set(draft.ahead_tiers);
    }
}

/// Strict or balanced, what happens without the database, and looking ahead.
#[component]
pub fn CapMannerFields(fields: MannerFields, #[prop(into)] is_monthly: Signal<bool>) -> impl IntoView {
    let modes = [
        ("strict", "Strict: hold the most a call can cost"),
        ("balanced", "Balanced: hold what 99 of 100 calls cost"),
    ];
    let ways = [
        ("refuse", "Buy nothing"),
        ("allow", "Let calls pass, and charge them later"),
    ];
    let looks_ahead = move || fields.ahead_from.with(|from| !from.trim().is_empty());
    view! {
        <div class="fields">
            <SelectField label="Guard" value=fields.mode options=Signal::stored(choices(&modes))/>
            <SelectField label="While the database is away" value=fields.away options=Signal::stored(choices(&ways))/>
            <Show when=move || is_monthly.get()>
                <TextField label="Lower the ladder at a forecast of" value=fields.ahead_from hint="Percent of the limit, such as 100; empty: do not look ahead"/>
            </Show>
            <Show when=move || is_monthly.get() && looks_ahead()>
                <TextField label="Another tier for each further" value=fields.ahead_every hint="Percent, such as 25"/>
                <TextField label="Tiers lower at most" value=fields.ahead_tiers hint="1 to 3"/>
            </Show>
        </div>
    }
}

/// By how much the cap can be passed, in one sentence; and by whom, where the database is away.
#[must_use]
pub fn guarantee(state: &CapState) -> String {
    let manner = state.cap.manner;
    let mut text = match (state.cap.refuses_at(), manner.mode) {
        (None, _) => "It refuses nothing, so it can be passed.".to_owned(),
        (Some(_), CapMode::Strict) if state.overrun_nanousd.0 == 0 => "Strict: cannot be passed.".to_owned(),
        // The limit was lowered, or a provider billed more than a call can cost.
        (Some(_), CapMode::Strict) => format!(
            "Strict: nothing more is bought; it is passed by {}.",
            format::money_exact(state.overrun_nanousd)
        ),
        (Some(_), CapMode::Balanced) => format!(
            "Balanced: can be passed by at most {} right now.",
            format::money_exact(state.overrun_nanousd)
        ),
    };
    if manner.when_store_is_away == StoreAway::Allow {
        text.push_str(" While the database is away, calls pass without being held.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manner_survives_its_form() {
        for dynamic in [None, Some(CapDynamic::USUAL)] {
            for mode in [CapMode::Strict, CapMode::Balanced] {
                for when_store_is_away in [StoreAway::Refuse, StoreAway::Allow] {
                    let manner = CapManner {
                        mode,
                        when_store_is_away,
                        dynamic,
                    };
                    assert_eq!(MannerDraft::of(manner).read(), Ok(manner));
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_is_told() {
        let wrong = MannerDraft {
            ahead_from: "much".to_owned(),
            ..MannerDraft::of(CapManner::default())
        };
        assert!(wrong.read().unwrap_err().contains("\"much\""));
    }
}
