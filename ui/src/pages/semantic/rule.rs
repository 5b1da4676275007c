//! The rule of one intent: mode, what is promised, and the curve that shows what a promise is worth in hits.

use super::curve::Curve;
use crate::{
    backend::call,
    components::field::{CheckField, FormError, SelectField, TextField, choices},
    contexts::{Query, query},
};
use leptos::{ev, prelude::*, task::spawn_local};
use weir_contract::{
    command::semantic::{SemanticCurve, SemanticSave},
    model::semantic::{SemanticIntent, SemanticMode, SemanticPolicy, SemanticRule, SemanticState},
};

/// What was typed, read as thousandths.
fn permille(text: &str, per_unit: f64, what: &str) -> Result<u32, String> {
    let number: f64 = text
        .trim()
        .trim_end_matches('%')
        .trim()
        .parse()
        .map_err(|_| format!("{what}: \"{text}\" is no number"))?;
    let thousandths = (number * per_unit).round();
    if !(0.0..=1_000.0).contains(&thousandths) {
        return Err(format!("{what}: {number} is out of range"));
    }
    Ok(thousandths as u32)
}

/// The form.
#[component]
pub fn RuleForm(intent: SemanticIntent, state: Query<SemanticState>) -> impl IntoView {
    let SemanticIntent { rule, version, .. } = intent;
    let is_distance = rule.policy == SemanticPolicy::Distance;
    let mode = RwSignal::new(rule.mode.as_str().to_owned());
    let policy = RwSignal::new(if is_distance { "distance" } else { "learned" }.to_owned());
    let promised = RwSignal::new(format!("{}", f64::from(rule.most_wrong_permille) / 10.0));
    let distance = RwSignal::new(format!("{}", f64::from(rule.most_distance_permille) / 1_000.0));
    let (strict, also_risky) = (RwSignal::new(rule.strict), RwSignal::new(rule.also_risky));
    let problem = RwSignal::new(None::<String>);
    let name = rule.intent.clone();
    let curve_of = name.clone();
    let points = query(move || SemanticCurve {
        intent: curve_of.clone(),
    });
    let wanted = move || -> Result<SemanticRule, String> {
        let rule = SemanticRule {
            intent: name.clone(),
            mode: match mode.get_untracked().as_str() {
                "on" => SemanticMode::On,
                "off" => SemanticMode::Off,
                _ => SemanticMode::Shadow,
            },
            policy: if policy.get_untracked() == "distance" {
                SemanticPolicy::Distance
            } else {
                SemanticPolicy::Learned
            },
            most_wrong_permille: permille(&promised.get_untracked(), 10.0, "Most wrong hits")?,
            most_distance_permille: permille(&distance.get_untracked(), 1_000.0, "Largest distance")?,
            strict: strict.get_untracked(),
            also_risky: also_risky.get_untracked(),
        };
        rule.check().map(|()| rule)
    };
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        match wanted() {
            Err(text) => problem.set(Some(text)),
            Ok(rule) => spawn_local(async move {
                let saved = call(SemanticSave {
                    rule,
                    expected_version: version,
                })
                .await;
                match saved {
                    Ok(_) => {
                        problem.set(None);
                        state.reload();
                    }
                    Err(error) => problem.set(Some(error.message)),
                }
            }),
        }
    };
    let modes = Signal::stored(choices(&[
        ("off", "Off"),
        ("shadow", "Shadow: decide, record, buy all the same"),
        ("on", "On: serve what is sure enough"),
    ]));
    let policies = Signal::stored(choices(&[
        ("learned", "Learned: keeps the promise or does not serve"),
        ("distance", "Fixed distance with guards: promises nothing"),
    ]));
    let dial = Signal::derive(move || promised.with(|text| permille(text, 10.0, "").ok()));
    view! {
        <form on:submit=save>
            <SelectField label="Mode" value=mode options=modes testid="semantic-mode".to_owned()/>
            <SelectField label="Policy" value=policy options=policies/>
            <Show when=move || policy.get() == "learned" fallback=move || view! { <TextField label="Largest distance" value=distance hint="Cosine distance, 0.001 to 0.4"/> }>
                <TextField label="At most this percentage of semantic hits may differ from a fresh answer" value=promised testid="semantic-promise".to_owned() hint="0.1 to 20. Weir aims at four fifths of it and stops hitting rather than break it."/>
            </Show>
            <CheckField label="Strict: hints forbid a hit too" value=strict/>
            <CheckField label="Also for calls with tools, relative dates or a high temperature" value=also_risky/>
            <FormError error=problem/>
            <button type="submit" class="primary" data-testid="semantic-save">"Save"</button>
        </form>
        <Curve points dial/>
    }
}

#[cfg(test)]
mod tests {
    use super::permille;

    #[test]
    fn percentages_are_read_as_thousandths() {
        assert_eq!(permille("3", 10.0, "x"), Ok(30));
        assert_eq!(permille(" 0.5 % ", 10.0, "x"), Ok(5));
        assert_eq!(permille("0.12", 1_000.0, "x"), Ok(120));
        assert!(permille("three", 10.0, "x").is_err() && permille("-1", 10.0, "x").is_err());
    }
}
