//! Which models may answer a call, cheapest first, and why the others may not. Pure.

use crate::{
    price::row::PriceRow,
    request::{Chat, OutputFormat, Part},
    settings::{ModelAbilities, ModelRef, Settings},
};
use std::sync::Arc;
use weir_contract::model::tier::Tier;

/// What a call needs of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    pub tools: bool,
    pub images: bool,
    pub structured_output: bool,
    /// Likely input tokens, for the context length.
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Only a provider that speaks the client's protocol will do.
    pub same_protocol_only: bool,
}

impl Needs {
    /// Reads the needs off a chat call. `input_tokens` is an estimate.
    #[must_use]
    pub fn of_chat(chat: &Chat, input_tokens: u64) -> Needs {
        let is_image = |part: &Part| matches!(part, Part::ImageUrl { .. } | Part::ImageBase64 { .. });
        Needs {
            tools: !chat.tools.is_empty(),
            images: chat.turns.iter().flat_map(|turn| &turn.parts).any(is_image),
            structured_output: chat.output != OutputFormat::Text,
            input_tokens,
            output_tokens: u64::from(chat.max_tokens.unwrap_or(1_024)),
            same_protocol_only: chat.same_protocol_only,
        }
    }
}

/// Which models are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Served as named, no other model instead.
    Named(ModelRef),
    /// The cheapest viable model between two tiers, both included.
    Auto { lowest: Tier, highest: Tier },
}

impl Target {
    /// The target's part of the cache key.
    #[must_use]
    pub fn cache_part(&self) -> String {
        match self {
            Target::Named(model) => model.to_string(),
            Target::Auto { lowest, highest } => format!("auto:{lowest}-{highest}"),
        }
    }
}

/// A model that may answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub tier: Option<Tier>,
    pub model: ModelRef,
    pub price: Arc<PriceRow>,
    /// True when no price is known and the highest of the tier is assumed.
    pub price_unknown: bool,
}

/// Candidates in the order they are tried, and the models passed over with the reason.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub candidates: Vec<Candidate>,
    pub passed_over: Vec<(ModelRef, String)>,
}

/// Makes the plan for a call.
#[must_use]
pub fn plan(
    settings: &Settings,
    target: &Target,
    needs: &Needs,
    speaks: impl Fn(&ModelRef) -> bool,
    now_ms: i64,
) -> Plan {
    let mut plan = Plan::default();
    let mut consider = |tier: Option<Tier>, model: &ModelRef, named: bool| {
        if plan.candidates.iter().any(|candidate| candidate.model == *model) {
            return;
        }
        let (price, price_unknown) = price_of(settings, tier, model, needs.input_tokens, now_ms);
        let abilities = settings.abilities_of(model);
        let context = abilities.context_tokens.or(price.context_tokens);
        let obstacle = obstacle(settings, model, needs, &abilities, context, named, &speaks);
        match obstacle {
            Some(reason) => plan.passed_over.push((model.clone(), reason)),
            None => plan.candidates.push(Candidate {
                tier,
                model: model.clone(),
                price,
                price_unknown,
            }),
        }
    };
    match target {
        Target::Named(model) => consider(settings.tier_of(model), model, true),
        Target::Auto { lowest, highest } => {
            for tier in Tier::ALL
                .into_iter()
                .filter(|tier| lowest <= tier && tier <= highest)
            {
                for model in settings.tier(tier) {
                    consider(Some(tier), model, false);
                }
            }
        }
    }
    plan
}

/// Why a model cannot answer. A named model is held only to what would surely fail: the client may know better.
fn obstacle(
    settings: &Settings,
    model: &ModelRef,
    needs: &Needs,
    abilities: &ModelAbilities,
    context_tokens: Option<u64>,
    named: bool,
    speaks: impl Fn(&ModelRef) -> bool,
) -> Option<String> {
    let Some(provider) = settings.providers.get(&model.provider) else {
        return Some(format!("there is no provider named {}", model.provider));
    };
    if needs.same_protocol_only && !speaks(model) {
        return Some("the call uses features that only its own protocol can carry".to_owned());
    }
    if named {
        return None;
    }
    if !provider.key_present {
        return Some(format!("the key of provider {} is missing", model.provider));
    }
    if let Some(context) = context_tokens
        && needs.input_tokens + needs.output_tokens > context
    {
        let wanted = needs.input_tokens + needs.output_tokens;
        return Some(format!(
            "its context of {context} tokens is too short for about {wanted}"
        ));
    }
    let lacks = |needed: bool, ability: Option<bool>| needed && ability == Some(false);
    if lacks(needs.tools, abilities.tools) {
        return Some("it cannot use tools".to_owned());
    }
    if lacks(needs.images, abilities.images) {
        return Some("it cannot read images".to_owned());
    }
    if lacks(needs.structured_output, abilities.structured_output) {
        return Some("it cannot keep to a schema".to_owned());
    }
    None
}

/// The price of a model for a prompt of this many tokens; when unknown, the highest of its tier, never nothing.
pub(crate) fn price_of(
    settings: &Settings,
    tier: Option<Tier>,
    model: &ModelRef,
    input_tokens: u64,
    now_ms: i64,
) -> (Arc<PriceRow>, bool) {
    let peers = tier.map(|tier| settings.tier(tier)).unwrap_or_default();
    let peers: Vec<(&str, &str)> = peers
        .iter()
        .map(|peer| (peer.provider.as_str(), peer.model.as_str()))
        .collect();
    let priced =
        settings
            .prices
            .price_or_highest(&model.provider, &model.model, &peers, input_tokens, now_ms);
    (priced.row, !priced.is_known)
}
