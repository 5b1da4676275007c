//! What a key may be used for: each refusal names the scope that is missing and what the key has instead. Pure.

use crate::{
    routing::plan::{Plan, Target},
    settings::{ModelRef, Settings},
};
use weir_contract::model::{
    key::{KeyEndpoint, KeyScopes},
    tier::Tier,
};

/// A refusal: which scope is missing, and what to do.
fn missing(scope: &str, wanted: &str, allowed: &[&str]) -> String {
    format!(
        "this key may not be used here: its scope \"{scope}\" lacks {wanted:?}, and has {}; ask your administrator to add it, or use another key",
        allowed.join(", ")
    )
}

/// Whether the key may use this part of the gateway.
///
/// # Errors
/// The refusal's sentence.
pub fn may_use_endpoint(scopes: &KeyScopes, endpoint: KeyEndpoint) -> Result<(), String> {
    if scopes.endpoints.is_empty() || scopes.endpoints.contains(&endpoint) {
        return Ok(());
    }
    let allowed: Vec<&str> = scopes.endpoints.iter().map(|one| one.as_str()).collect();
    Err(missing("endpoints", endpoint.as_str(), &allowed))
}

/// Whether the key may ask for this intent.
///
/// # Errors
/// The refusal's sentence.
pub fn may_use_intent(scopes: &KeyScopes, intent: &str) -> Result<(), String> {
    if scopes.intents.is_empty() || scopes.intents.iter().any(|one| one == intent) {
        return Ok(());
    }
    let allowed: Vec<&str> = scopes.intents.iter().map(String::as_str).collect();
    Err(missing("intents", intent, &allowed))
}

/// Why the key may not use this model, standing on this rung; none when it may.
fn obstacle(scopes: &KeyScopes, tier: Option<Tier>, model: &ModelRef) -> Option<String> {
    let full = model.to_string();
    let named = |one: &String| *one == full || *one == model.model;
    if !scopes.models.is_empty() && !scopes.models.iter().any(named) {
        let allowed: Vec<&str> = scopes.models.iter().map(String::as_str).collect();
        return Some(missing("models", &full, &allowed));
    }
    let on_a_rung = tier.is_some_and(|tier| scopes.tiers.contains(&tier));
    if !scopes.tiers.is_empty() && !on_a_rung {
        let allowed: Vec<&str> = scopes.tiers.iter().map(|tier| tier.as_str()).collect();
        let wanted = tier.map_or_else(|| format!("{full} (on no tier)"), |tier| tier.as_str().to_owned());
        return Some(missing("tiers", &wanted, &allowed));
    }
    None
}

/// Whether the key may use this model.
///
/// # Errors
/// The refusal's sentence.
pub fn may_use_model(scopes: &KeyScopes, settings: &Settings, model: &ModelRef) -> Result<(), String> {
    obstacle(scopes, settings.tier_of(model), model).map_or(Ok(()), Err)
}

/// Whether the scopes leave anything of what is asked for.
///
/// # Errors
/// The refusal's sentence.
pub fn may_use_target(scopes: &KeyScopes, settings: &Settings, target: &Target) -> Result<(), String> {
    match target {
        Target::Named(model) => may_use_model(scopes, settings, model),
        Target::Auto { lowest, highest } => {
            let mut refusal = None;
            for tier in Tier::ALL
                .into_iter()
                .filter(|tier| lowest <= tier && tier <= highest)
            {
                for model in settings.tier(tier) {
                    match obstacle(scopes, Some(tier), model) {
                        None => return Ok(()),
                        Some(why) => refusal = refusal.or(Some(why)),
                    }
                }
            }
            // Without any model on those rungs the plan says so better.
            refusal.map_or(Ok(()), Err)
        }
    }
}

/// Takes the models out of a plan that the key may not use.
pub fn keep_to_scopes(scopes: &KeyScopes, plan: &mut Plan) {
    let Plan {
        candidates,
        passed_over,
    } = plan;
    candidates.retain(
        |candidate| match obstacle(scopes, candidate.tier, &candidate.model) {
            None => true,
            Some(why) => {
                passed_over.push((candidate.model.clone(), why));
                false
            }
        },
    );
}

/// What the scopes add to a cache key: an answer of a model that the key may not use is not for it. Empty for a named model,
/// which is asked for as such, and for open scopes.
#[must_use]
pub fn cache_part(scopes: &KeyScopes, target: &Target) -> String {
    if matches!(target, Target::Named(_)) || (scopes.models.is_empty() && scopes.tiers.is_empty()) {
        return String::new();
    }
    let mut models = scopes.models.clone();
    models.sort();
    models.dedup();
    let mut tiers: Vec<&str> = scopes.tiers.iter().map(|tier| tier.as_str()).collect();
    tiers.sort_unstable();
    tiers.dedup();
    // Quoted, so that no model's name can look like two.
    format!(" only {models:?} {tiers:?}")
}

#[cfg(test)]
mod tests {
    use super::{cache_part, keep_to_scopes, may_use_endpoint, may_use_intent, obstacle};
    use crate::{
        price::row::PriceRow,
        routing::plan::{Candidate, Plan, Target},
        settings::ModelRef,
    };
    use std::sync::Arc;
    use weir_contract::model::{
        key::{KeyEndpoint, KeyScopes},
        tier::Tier,
    };

    fn model(text: &str) -> ModelRef {
        ModelRef::parse(text).unwrap()
    }

    fn scopes() -> KeyScopes {
        KeyScopes {
            endpoints: vec![KeyEndpoint::Listings],
            models: vec!["openai/gpt-5".into(), "haiku".into()],
            tiers: vec![Tier::T0, Tier::T1],
            intents: vec!["faq".into()],
        }
    }

    #[test]
    fn open_scopes_allow_everything() {
        let open = KeyScopes::default();
        for endpoint in KeyEndpoint::ALL {
            assert_eq!(may_use_endpoint(&open, endpoint), Ok(()));
        }
        assert_eq!(may_use_intent(&open, "anything"), Ok(()));
        assert_eq!(obstacle(&open, None, &model("a/b")), None);
        assert_eq!(
            cache_part(
                &open,
                &Target::Auto {
                    lowest: Tier::T0,
                    highest: Tier::T3
                }
            ),
            ""
        );
    }

    #[test]
    fn a_refusal_names_the_scope_what_it_lacks_and_what_it_has() {
        let endpoint = may_use_endpoint(&scopes(), KeyEndpoint::Messages).unwrap_err();
        let intent = may_use_intent(&scopes(), "code").unwrap_err();
        let other = obstacle(&scopes(), Some(Tier::T0), &model("openai/gpt-4")).unwrap();
        let dear = obstacle(&scopes(), Some(Tier::T3), &model("openai/gpt-5")).unwrap();
        let loose = obstacle(&scopes(), None, &model("openai/gpt-5")).unwrap();
        for (refusal, parts) in [
            (endpoint, ["\"endpoints\"", "messages", "listings"]),
            (intent, ["\"intents\"", "code", "faq"]),
            (other, ["\"models\"", "openai/gpt-4", "openai/gpt-5, haiku"]),
            (dear, ["\"tiers\"", "T3", "T0, T1"]),
            (loose, ["\"tiers\"", "on no tier", "T0, T1"]),
        ] {
            for part in parts {
                assert!(refusal.contains(part), "{refusal} lacks {part}");
            }
        }
        assert_eq!(obstacle(&scopes(), Some(Tier::T1), &model("any/haiku")), None);
    }

    #[test]
    fn a_plan_keeps_only_what_the_key_may_use() {
        let candidate = |tier, name| Candidate {
            tier: Some(tier),
            model: model(name),
            price: Arc::new(PriceRow::from_prices("config:a/a", [1; 6], None)),
            price_unknown: false,
        };
        let mut plan = Plan {
            candidates: vec![
                candidate(Tier::T0, "openai/mini"),
                candidate(Tier::T1, "openai/gpt-5"),
                candidate(Tier::T2, "openai/gpt-5"),
            ],
            passed_over: Vec::new(),
        };
        keep_to_scopes(&scopes(), &mut plan);
        assert_eq!(plan.candidates, [candidate(Tier::T1, "openai/gpt-5")]);
        assert_eq!(plan.passed_over.len(), 2);
    }

    #[test]
    fn cached_answers_are_apart_by_scope_whatever_the_order() {
        let auto = Target::Auto {
            lowest: Tier::T0,
            highest: Tier::T3,
        };
        let mut turned = scopes();
        turned.models.reverse();
        turned.tiers.reverse();
        assert_eq!(cache_part(&scopes(), &auto), cache_part(&turned, &auto));
        assert_ne!(cache_part(&scopes(), &auto), "");
        assert_eq!(cache_part(&scopes(), &Target::Named(model("a/b"))), "");
    }
}
