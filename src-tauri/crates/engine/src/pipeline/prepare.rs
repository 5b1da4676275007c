//! The stages before the cache: intent, rollouts, and what the call asks for once they are applied.

use super::{journal::Journal, outcome::Problem, prefix::apply_prefix};
use crate::{
    budget::{counted::CallFacts, likely::likely_tokens},
    cache::{
        key::{KeyParts, response_key},
        semantic::namespace::{Base, base},
    },
    call::{CacheWish, Call, RefusalCode},
    passed_headers::cache_part,
    request::{Chat, ClientProtocol},
    rollout::effect::{effect_of, ladder_of},
    routing::plan::{Needs, Target},
    scopes::{cache_part as cache_part_of_scopes, may_use_intent, may_use_model, may_use_target},
    settings::Settings,
};
use serde_json::Value;
use std::sync::Arc;
use weir_contract::model::{key::VirtualKey, rollout::VariantChange, tier::Tier};

/// A call with everything decided that does not need a store or a provider.
#[derive(Clone)]
pub struct Prepared {
    pub intent: String,
    pub target: Target,
    pub needs: Needs,
    pub body: Arc<Value>,
    pub chat: Option<Arc<Chat>>,
    /// None when the cache is not to be asked or filled.
    pub cache_key: Option<String>,
    /// False for a refresh: the answer is kept, but not looked for.
    pub look_up: bool,
    pub ttl_seconds: u64,
    /// How the entry is called on the cache page.
    pub label: String,
    /// What the intent's template makes of the call, with the intent's name; part of the cache key.
    intent_key: Option<String>,
}

impl Prepared {
    /// One of Weir's own calls: nothing is detected, rolled out or cached.
    #[must_use]
    pub(super) fn own(call: &Call, intent: &str, target: Target, needs: Needs) -> Prepared {
        Prepared {
            intent: intent.to_owned(),
            target,
            needs,
            body: call.body.clone(),
            chat: call.chat.clone(),
            cache_key: None,
            look_up: false,
            ttl_seconds: 0,
            label: String::new(),
            intent_key: None,
        }
    }
    /// What caps tell calls apart by.
    #[must_use]
    pub fn facts<'a>(&'a self, call: &'a Call) -> CallFacts<'a> {
        CallFacts {
            key: &call.key.id,
            user: &call.wishes.user,
            team: &call.key.team,
            intent: &self.intent,
            event: &call.wishes.event,
        }
    }
    /// The same call for other models. Its answer is kept apart: it would not do for a call that may use the first ones.
    #[must_use]
    pub(super) fn with_target(&self, settings: &Settings, call: &Call, target: Target) -> Prepared {
        let mut changed = Prepared {
            target,
            ..self.clone()
        };
        changed.cache_key = self.cache_key.as_ref().map(|_| changed.key(settings, call));
        changed
    }

    /// Who shares answers with the caller: the key's team, or nobody.
    #[must_use]
    pub(super) fn tenant(&self, call: &Call) -> String {
        tenant_of(&call.key)
    }

    fn key(&self, settings: &Settings, call: &Call) -> String {
        self.with_parts(settings, call, response_key)
    }

    /// What this call must share with another for their questions to be compared; none when there is no plain question.
    pub(super) fn semantic_base(&self, settings: &Settings, call: &Call) -> Option<Base> {
        self.with_parts(settings, call, |parts| base(parts, Some(&self.intent)))
    }

    fn with_parts<T>(&self, settings: &Settings, call: &Call, work: impl FnOnce(&KeyParts<'_>) -> T) -> T {
        let target = format!(
            "{}{}",
            self.target.cache_part(),
            cache_part_of_scopes(&call.key.scopes, &self.target)
        );
        work(&KeyParts {
            tenant: &self.tenant(call),
            protocol: call.protocol,
            target: &target,
            app_version: &settings.app_version,
            body: &self.body,
            chat: self.chat.as_deref(),
            headers: cache_part(&call.passed_headers),
            simulate: call.wishes.simulate.as_deref(),
            intent_key: self.intent_key.as_deref(),
        })
    }
}

/// Who shares cached answers: a team, or a key that is of none.
#[must_use]
pub fn tenant_of(key: &VirtualKey) -> String {
    if key.team.is_empty() {
        format!("key:{}", key.id)
    } else {
        format!("team:{}", key.team)
    }
}

/// Decides intent, rollouts, target and cache key.
pub(super) fn prepare(settings: &Settings, call: &Call, journal: &mut Journal) -> Result<Prepared, Problem> {
    let found = find_intent(settings, call, journal);
    let scopes = &call.key.scopes;
    may_use_intent(scopes, &found.intent).map_err(|why| scope_missing(why, journal))?;
    let unit = if call.wishes.user.is_empty() {
        &call.key.id
    } else {
        &call.wishes.user
    };
    let effect = effect_of(&settings.rollouts, unit, &found.intent);
    if !effect.variants.is_empty() {
        journal.note(
            "rollout",
            format!("takes part as {}", effect.variants.join(", ")),
            &[("unit", unit.clone())],
        );
    }
    journal.row.intent.clone_from(&found.intent);
    journal.row.variants.clone_from(&effect.variants);
    let (body, chat) = apply_prefix(call, &effect.change);
    let target = find_target(settings, call, &found, &effect.change)?;
    may_use_target(scopes, settings, &target).map_err(|why| scope_missing(why, journal))?;
    let input_tokens = likely_tokens(call.body_text.len() as u64);
    let needs = match &chat {
        Some(chat) => Needs::of_chat(chat, input_tokens),
        None => Needs {
            tools: false,
            images: false,
            structured_output: false,
            input_tokens,
            output_tokens: 0,
            same_protocol_only: false,
        },
    };
    let cached = call.wishes.cache != CacheWish::Off && effect.change.cache != Some(false);
    if !cached {
        journal.note("cache", "not asked: switched off for this call", &[]);
    }
    let mut prepared = Prepared {
        // Two intents may use the same template; the name keeps them apart.
        intent_key: found
            .cache_key
            .as_ref()
            .map(|key| format!("{} {key}", found.intent)),
        intent: found.intent,
        target,
        needs,
        body,
        cache_key: None,
        look_up: call.wishes.cache != CacheWish::Refresh,
        ttl_seconds: call
            .wishes
            .cache_ttl_seconds
            .or(effect.change.cache_ttl_seconds)
            .unwrap_or(found.ttl_seconds),
        label: found.cache_key.unwrap_or_else(|| label_of(chat.as_deref(), call)),
        chat,
    };
    prepared.cache_key = cached.then(|| prepared.key(settings, call));
    Ok(prepared)
}

fn scope_missing(why: String, journal: &mut Journal) -> Problem {
    journal.note(
        "authenticate",
        why.clone(),
        &[("key", journal.row.key_id.clone())],
    );
    Problem::new(RefusalCode::ScopeMissing, why)
}

struct FoundIntent {
    intent: String,
    lowest: Tier,
    highest: Tier,
    ttl_seconds: u64,
    cache_key: Option<String>,
}

/// The intent that the client named, or the one that the last user message shows.
fn find_intent(settings: &Settings, call: &Call, journal: &mut Journal) -> FoundIntent {
    let text = call.chat.as_deref().map(last_user_text).unwrap_or_default();
    let intent = if call.wishes.intent.is_empty() {
        let detection = settings.intents.detect(&text);
        journal.note("intent", format!("{}: {}", detection.intent, detection.why), &[]);
        detection.intent
    } else {
        journal.note(
            "intent",
            format!("{}: named by the client", call.wishes.intent),
            &[],
        );
        call.wishes.intent.clone()
    };
    let Some(rule) = settings.intents.rule(&intent) else {
        return FoundIntent {
            intent,
            lowest: Tier::T0,
            highest: Tier::T3,
            ttl_seconds: 3_600,
            cache_key: None,
        };
    };
    let mut cache_key = None;
    if rule.cache_key.is_some() {
        let decision = settings.intents.cache_key(&intent, &text);
        journal.note("intent", decision.why, &[]);
        cache_key = decision.key;
    }
    FoundIntent {
        lowest: rule.lowest_tier,
        highest: rule.highest_tier,
        ttl_seconds: rule.cache_ttl.seconds(),
        intent,
        cache_key,
    }
}

fn find_target(
    settings: &Settings,
    call: &Call,
    found: &FoundIntent,
    change: &VariantChange,
) -> Result<Target, Problem> {
    let auto = call.model.is_empty() || call.model == "auto";
    let named = match (&change.model, auto) {
        // A rollout changes what `auto` means; a model the client named stays as named.
        // Nor does a rollout give a key a model that it may not use, or take from it the models that it may.
        (Some(model), true) => Some(model.as_str()).filter(|name| {
            let model = settings.resolve(name);
            model.is_none_or(|model| may_use_model(&call.key.scopes, settings, &model).is_ok())
        }),
        (None, true) => None,
        (_, false) => Some(call.model.as_str()),
    };
    if let Some(name) = named {
        let unknown = || {
            Problem::new(
                RefusalCode::UnknownModel,
                format!(
                    "no provider here serves \"{name}\"; ask GET /v1/models for the names, or use \"auto\""
                ),
            )
        };
        return settings.resolve(name).map(Target::Named).ok_or_else(unknown);
    }
    if call.protocol == ClientProtocol::Embeddings {
        return settings.embedding_model.clone().map(Target::Named).ok_or_else(|| {
            Problem::new(RefusalCode::UnknownModel, "\"auto\" needs an embedding model; set embedding_model in the configuration, or name one")
        });
    }
    let (lowest, highest) = ladder_of(found.lowest, found.highest, change);
    Ok(Target::Auto { lowest, highest })
}

/// The text of the last user turn.
fn last_user_text(chat: &Chat) -> String {
    use crate::request::{Part, Role};
    let Some(turn) = chat.turns.iter().rev().find(|turn| turn.role == Role::User) else {
        return String::new();
    };
    let texts: Vec<&str> = turn
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts.join("\n")
}

/// The start of what was asked, for the cache page.
fn label_of(chat: Option<&Chat>, call: &Call) -> String {
    let text = match chat {
        Some(chat) => last_user_text(chat),
        None => call
            .body
            .get("input")
            .map(|input| input.as_str().map_or_else(|| input.to_string(), str::to_owned))
            .unwrap_or_default(),
    };
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(120)
        .collect()
}
