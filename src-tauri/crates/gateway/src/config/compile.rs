//! From what was configured (file, environment, database) to the settings that run.

use super::{
    Config, ConfigError,
    ladder::{usual_embedding_model, usual_ladder},
    play_money::with_play_money,
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapAction, CapManner, CapPeriod, CapScope, CapStep, CapSubject},
        catalog::{KeySource, ProviderConfig},
        limit::Limit,
        rollout::Rollout,
        semantic::SemanticRule,
        tier::Tier,
    },
};
use weir_engine::{
    budget::period::period_bounds,
    intent::{IntentDetector, default_rules},
    price::table::PriceBook,
    provider::{self, SecretSource, http_client},
    settings::{ModelAbilities, ModelRef, RunningProvider, Settings, Timeouts},
    store::{ConfigItem, JUDGE_CAP, JUDGE_EVENT},
};

/// What compiling needs beside the configuration.
pub struct Parts {
    pub(crate) client: reqwest::Client,
    pub secrets: Arc<dyn SecretSource>,
    /// Compiled once: hundreds of patterns take a noticeable part of a second, and the file does not change while it runs.
    intents: Arc<IntentDetector>,
    /// Price of a model for a moment; the table is large, so it is made once.
    prices: Arc<PriceBook>,
}

impl Parts {
    /// Makes the parts of a configuration.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] names the intent or price that is wrong.
    pub fn new(config: &Config, secrets: Arc<dyn SecretSource>) -> Result<Parts, ConfigError> {
        let invalid = |problem: &dyn std::fmt::Display| ConfigError::Invalid(problem.to_string());
        let client = http_client().map_err(|problem| invalid(&problem))?;
        let rules = if config.file.intents.is_empty() {
            default_rules()
        } else {
            config.file.intents.clone()
        };
        let intents = IntentDetector::compile(rules).map_err(|problem| invalid(&problem))?;
        let prices =
            PriceBook::new(&with_play_money(&config.file.prices)).map_err(|problem| invalid(&problem))?;
        Ok(Parts {
            client,
            secrets,
            intents: Arc::new(intents),
            prices: Arc::new(prices),
        })
    }
}

/// Makes the settings of configuration version `version`. Items of the database win over the file.
///
/// # Errors
/// [`ConfigError::Invalid`] names what is wrong; nothing is applied then.
pub fn compile(
    config: &Config,
    items: &[ConfigItem],
    version: i64,
    parts: &Parts,
) -> Result<Settings, ConfigError> {
    let mut providers: BTreeMap<String, ProviderConfig> = config
        .providers
        .iter()
        .map(|provider| (provider.name.clone(), provider.clone()))
        .collect();
    for provider in read_items::<ProviderConfig>(items, "provider")? {
        providers.insert(provider.name.clone(), provider);
    }
    let version_of = |name: &str| {
        items
            .iter()
            .find(|item| item.kind == "provider" && item.name == name)
            .map_or(0, |item| item.version)
    };
    let default_provider = read_items::<String>(&only(items, "setting", "default_provider"), "setting")?
        .pop()
        .filter(|name| providers.contains_key(name))
        .unwrap_or_else(|| config.default_provider.clone());
    let running = providers
        .into_iter()
        .map(|(name, provider)| {
            start_provider(provider, version_of(&name), parts).map(|running| (name, running))
        })
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let default = running.get(&default_provider).map(|running| &running.config);
    let tiers = tiers(config, default, &running)?;
    let embedding_model = match &config.file.embedding_model {
        Some(text) => Some(model_ref(text, "embedding_model")?),
        None => default.and_then(usual_embedding_model),
    };
    let seconds = Duration::from_secs;
    let timeouts = &config.file.timeouts;
    Ok(Settings {
        version,
        cache_cleared: items
            .iter()
            .filter(|item| item.kind == "cache_clear")
            .map(|item| item.version)
            .max()
            .unwrap_or(0),
        app_version: config.file.app_version.clone(),
        default_provider,
        tiers,
        abilities: abilities(config)?,
        embedding_model,
        intents: parts.intents.clone(),
        caps: caps(items, config.file.judge.daily_nanousd)?,
        limits: read_items::<Limit>(items, "limit")?,
        rollouts: read_items::<Rollout>(items, "rollout")?,
        semantic: read_items::<SemanticRule>(items, "semantic")?,
        prices: parts.prices.clone(),
        timeouts: Timeouts {
            first_byte: seconds(timeouts.first_byte_seconds),
            idle: seconds(timeouts.idle_seconds),
            read_on: seconds(timeouts.read_on_seconds),
        },
        keep_bodies: config.file.recording.bodies,
        providers: running,
    })
}

/// The caps, each of which can be counted: a zone that nobody knows would refuse every call.
fn caps(items: &[ConfigItem], judge_daily_nanousd: i64) -> Result<Vec<Cap>, ConfigError> {
    let mut caps = read_items::<Cap>(items, "cap")?;
    caps.iter().try_for_each(check_cap)?;
    if caps.iter().any(|cap| cap.name == JUDGE_CAP) {
        return Err(ConfigError::Invalid(format!(
            "the cap \"{JUDGE_CAP}\" has the name of the judge's own; give it another name"
        )));
    }
    // The budget is a cap like any other, so it holds over all gateways and through crashes.
    match judge_daily_nanousd {
        0 => {}
        daily if daily < 0 => {
            return Err(ConfigError::Invalid(
                "judge.daily_nanousd is negative; 0 asks nobody".to_owned(),
            ));
        }
        daily => caps.push(judge_cap(daily)),
    }
    Ok(caps)
}

/// What the judge may cost in a day.
fn judge_cap(daily_nanousd: i64) -> Cap {
    Cap {
        name: JUDGE_CAP.to_owned(),
        scope: CapScope::one(CapSubject::Event, JUDGE_EVENT),
        period: CapPeriod::Day,
        time_zone: "UTC".to_owned(),
        limit_nanousd: NanoUsd(daily_nanousd),
        steps: vec![CapStep::at(100, CapAction::Refuse)],
        enabled: true,
        manner: CapManner::default(),
    }
}

/// Checks what the type of a cap cannot say.
///
/// # Errors
/// [`ConfigError::Invalid`] names the cap and what is wrong with it.
pub fn check_cap(cap: &Cap) -> Result<(), ConfigError> {
    let wrong = |problem: String| Err(ConfigError::Invalid(format!("cap \"{}\": {problem}", cap.name)));
    if cap.limit_nanousd < NanoUsd::ZERO {
        return wrong("its limit is negative".to_owned());
    }
    if let Err(problem) = cap.check() {
        return wrong(problem);
    }
    match period_bounds(cap.period, &cap.time_zone, 0) {
        Ok(_) => Ok(()),
        Err(problem) => wrong(problem.to_string()),
    }
}

fn start_provider(
    config: ProviderConfig,
    version: i64,
    parts: &Parts,
) -> Result<RunningProvider, ConfigError> {
    let adapter = provider::build(&config, parts.client.clone(), parts.secrets.clone())
        .map_err(|problem| ConfigError::Invalid(format!("provider \"{}\": {problem}", config.name)))?;
    let key_present = config.key == KeySource::None || parts.secrets.secret(&config.key).is_some();
    Ok(RunningProvider {
        config,
        adapter,
        key_present,
        version,
    })
}

fn tiers(
    config: &Config,
    default: Option<&ProviderConfig>,
    providers: &BTreeMap<String, RunningProvider>,
) -> Result<[Vec<ModelRef>; 4], ConfigError> {
    if config.file.tiers.is_empty() {
        return Ok(default.map(usual_ladder).unwrap_or_default());
    }
    let mut tiers: [Vec<ModelRef>; 4] = Default::default();
    for (name, models) in &config.file.tiers {
        let tier = Tier::parse(name).ok_or_else(|| {
            ConfigError::Invalid(format!(
                "there is no tier \"{name}\"; tiers are T0, T1, T2 and T3"
            ))
        })?;
        for text in models {
            let model = model_ref(text, &format!("tier {name}"))?;
            if !providers.contains_key(&model.provider) {
                return Err(ConfigError::Invalid(format!(
                    "tier {name} names {model}, but no provider \"{}\" is configured",
                    model.provider
                )));
            }
            tiers[tier as usize].push(model);
        }
    }
    Ok(tiers)
}

fn abilities(config: &Config) -> Result<BTreeMap<ModelRef, ModelAbilities>, ConfigError> {
    let facts = config.file.models.iter().map(|(name, facts)| {
        let abilities = ModelAbilities {
            context_tokens: facts.context_tokens,
            max_output_tokens: facts.max_output_tokens,
            tools: facts.tools,
            images: facts.images,
            structured_output: facts.structured_output,
        };
        model_ref(name, "models").map(|model| (model, abilities))
    });
    facts.collect()
}

fn model_ref(text: &str, place: &str) -> Result<ModelRef, ConfigError> {
    ModelRef::parse(text).ok_or_else(|| {
        ConfigError::Invalid(format!(
            "{place}: \"{text}\" must be written provider/model, such as openai/gpt-5-mini"
        ))
    })
}

fn only(items: &[ConfigItem], kind: &str, name: &str) -> Vec<ConfigItem> {
    items
        .iter()
        .filter(|item| item.kind == kind && item.name == name)
        .cloned()
        .collect()
}

fn read_items<T: DeserializeOwned>(items: &[ConfigItem], kind: &str) -> Result<Vec<T>, ConfigError> {
    let wanted = items.iter().filter(|item| item.kind == kind);
    let read = wanted.map(|item| {
        serde_json::from_str(&item.body).map_err(|problem| {
            ConfigError::Invalid(format!(
                "the {kind} \"{}\" in the database cannot be read: {problem}",
                item.name
            ))
        })
    });
    read.collect()
}
