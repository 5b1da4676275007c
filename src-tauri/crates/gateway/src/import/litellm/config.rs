//! LiteLLM's `config.yaml` as providers, caps and prices of Weir. Everything in it is either understood or named as not.

use super::{
    super::{Item, Plan},
    budget::cap,
    prices::{per_million, written},
    providers::{Known, find, split},
    told::TOLD,
};
use serde_json::{Map, Value};
use weir_contract::model::catalog::{KeySource, ProviderConfig};
use weir_engine::price::overrides::PriceOverride;

/// Parameters of a deployment that are understood elsewhere.
const OF_DEPLOYMENTS: [&str; 11] = [
    "model",
    "api_base",
    "base_url",
    "api_key",
    "custom_llm_provider",
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
    "max_tokens",
    "model_info",
];

/// Translates the file.
///
/// # Errors
/// It is no YAML, or not a configuration of LiteLLM at all.
pub fn config(text: &str) -> Result<Plan, String> {
    let file: Value = serde_yaml_ng::from_str(text).map_err(|problem| {
        // The problem names a place, never the value there: it could be a key.
        let place = problem.location().map_or_else(String::new, |at| {
            format!(" in line {}, column {}", at.line(), at.column())
        });
        format!("this is no YAML that can be read{place}")
    })?;
    let Value::Object(mut file) = file else {
        return Err("this is no config.yaml of LiteLLM: it has no sections".to_owned());
    };
    let models = match file.remove("model_list") {
        Some(Value::Array(models)) => models,
        None => Vec::new(),
        Some(_) => return Err("model_list: must be a list of models".to_owned()),
    };
    if models.is_empty()
        && !["litellm_settings", "router_settings", "general_settings"]
            .iter()
            .any(|name| file.contains_key(*name))
    {
        return Err(
            "this is no config.yaml of LiteLLM: it has neither model_list nor litellm_settings".to_owned(),
        );
    }
    let mut reading = Reading::default();
    for model in &models {
        reading.model(model);
    }
    for section in ["litellm_settings", "router_settings", "general_settings"] {
        if let Some(Value::Object(settings)) = file.remove(section) {
            reading.settings(section, settings);
        }
    }
    for name in file.keys() {
        reading
            .plan
            .not_understood
            .push(format!("{name}: Weir has nothing like it"));
    }
    reading.finish()
}

#[derive(Default)]
struct Reading {
    plan: Plan,
    providers: Vec<ProviderConfig>,
    prices: Vec<PriceOverride>,
    first_byte_seconds: Option<u64>,
}

impl Reading {
    fn model(&mut self, entry: &Value) {
        let alias = entry["model_name"]
            .as_str()
            .unwrap_or("(without a name)")
            .to_owned();
        let params = &entry["litellm_params"];
        let Some(called) = params["model"].as_str() else {
            return self.refuse(format!("model {alias}: it has no litellm_params.model"));
        };
        let given = params["custom_llm_provider"].as_str();
        let found = match given {
            Some(prefix) => Some((
                prefix,
                called.strip_prefix(&format!("{prefix}/")).unwrap_or(called),
            )),
            None => split(called),
        };
        let Some((prefix, model)) = found else {
            return self.refuse(format!(
                "model {alias} ({called}): whose model it is cannot be told; write it as provider/model"
            ));
        };
        let Some(known) = find(prefix) else {
            return self.refuse(format!(
                "model {alias} ({called}): Weir does not speak with {prefix}"
            ));
        };
        let Some(provider) = self.provider(&alias, known, params) else {
            return;
        };
        let target = format!("{provider}/{model}");
        let is_same = alias == target || alias == model;
        let call = if is_same {
            String::new()
        } else {
            format!("; clients call {target} instead of {alias}")
        };
        self.plan
            .understood
            .push(format!("model {alias} is {target}{call}"));
        self.price(&alias, &provider, model, params, &entry["model_info"]);
        for name in params.as_object().into_iter().flat_map(Map::keys) {
            if !OF_DEPLOYMENTS.contains(&name.as_str()) {
                let why = match name.as_str() {
                    "rpm" | "tpm" => {
                        "limits in Weir count callers, not deployments; make one on the limits page"
                    }
                    "temperature" | "top_p" | "seed" => {
                        "Weir passes on what the client says and adds nothing"
                    }
                    _ => "Weir has nothing like it for a single model",
                };
                self.refuse(format!("model {alias}, {name}: {why}"));
            }
        }
    }

    /// The provider's name, which is made if there is none like it.
    fn provider(&mut self, alias: &str, known: Known, params: &Value) -> Option<String> {
        let base = params["api_base"].as_str().or(params["base_url"].as_str());
        let base_url = match base {
            Some(variable) if variable.starts_with("os.environ/") => {
                self.refuse(format!(
                    "model {alias}: its address stands in the environment; write the address itself"
                ));
                return None;
            }
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if known.base_url.is_empty() => {
                self.refuse(format!("model {alias}: it has no api_base"));
                return None;
            }
            None => known.base_url.to_owned(),
        };
        let variable = if known.key_env.is_empty() {
            None
        } else {
            Some(known.key_env.to_owned())
        };
        let key = match params["api_key"].as_str() {
            None => variable.map_or(KeySource::None, KeySource::Env),
            Some(text) => match text.strip_prefix("os.environ/") {
                Some(variable) => KeySource::Env(variable.to_owned()),
                None => {
                    let variable = variable.unwrap_or_else(|| {
                        format!("{}_API_KEY", word(known.prefix).replace('-', "_").to_uppercase())
                    });
                    self.refuse(format!("model {alias}: its key is written in the file and was not taken over; put it into the environment as {variable}"));
                    KeySource::Env(variable)
                }
            },
        };
        let is_same = |provider: &&ProviderConfig| {
            provider.protocol == known.protocol && provider.base_url == base_url && provider.key == key
        };
        if let Some(provider) = self.providers.iter().find(is_same) {
            return Some(provider.name.clone());
        }
        let stem = word(known.prefix);
        let mut name = stem.clone();
        let mut number = 2;
        while self.providers.iter().any(|provider| provider.name == name) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        self.providers.push(ProviderConfig {
            name: name.clone(),
            protocol: known.protocol,
            base_url,
            key,
        });
        Some(name)
    }

    fn price(&mut self, alias: &str, provider: &str, model: &str, params: &Value, info: &Value) {
        let cost = |name: &str| {
            let value = params
                .get(name)
                .or_else(|| info.get(name))
                .filter(|value| !value.is_null());
            value.map(per_million).transpose()
        };
        let read = || -> Result<Option<PriceOverride>, String> {
            let Some(input) = cost("input_cost_per_token")? else {
                return Ok(None);
            };
            let price = PriceOverride {
                provider: provider.to_owned(),
                model: model.to_owned(),
                input,
                cache_read: cost("cache_read_input_token_cost")?,
                cache_write: cost("cache_creation_input_token_cost")?,
                cache_write_long: None,
                output: cost("output_cost_per_token")?.unwrap_or_else(|| "0".to_owned()),
                reasoning: None,
                context_tokens: info["max_input_tokens"].as_u64(),
            };
            price.to_row().map_err(|problem| problem.reason)?;
            Ok(Some(price))
        };
        match read() {
            Ok(Some(price)) if !self.prices.contains(&price) => self.prices.push(price),
            Ok(_) => {}
            Err(why) => self.refuse(format!("model {alias}, its price: {why}")),
        }
    }

    fn settings(&mut self, section: &str, mut settings: Map<String, Value>) {
        let (budget, duration) = (settings.remove("max_budget"), settings.remove("budget_duration"));
        if let Some(budget) = budget {
            match cap(&budget, duration.as_ref().and_then(Value::as_str)) {
                Ok((cap, said)) => {
                    self.plan
                        .understood
                        .push(format!("{section}.max_budget is {said}"));
                    self.plan.items.push(cap);
                }
                Err(why) => self.refuse(format!("{section}.max_budget: {why}")),
            }
        }
        for name in ["request_timeout", "timeout"] {
            if let Some(value) = settings.remove(name) {
                match value.as_f64().filter(|seconds| (1.0..=3_600.0).contains(seconds)) {
                    Some(seconds) => self.first_byte_seconds = Some(seconds.ceil() as u64),
                    None => self.refuse(format!("{section}.{name}: must be 1 to 3600 seconds")),
                }
            }
        }
        for name in settings.keys() {
            let told = TOLD.iter().find(|(known, _)| known == name);
            let why = told.map_or("Weir has nothing like it", |(_, why)| *why);
            self.refuse(format!("{section}.{name}: {why}"));
        }
    }

    fn refuse(&mut self, text: String) {
        self.plan
            .not_understood
            .push(weir_engine::change::redact::text(&text));
    }

    fn finish(mut self) -> Result<Plan, String> {
        let caps = std::mem::take(&mut self.plan.items);
        for provider in self.providers {
            let value = serde_json::to_value(&provider).map_err(|problem| problem.to_string())?;
            self.plan.items.push(Item {
                kind: "provider",
                name: provider.name,
                value,
            });
        }
        self.plan.items.extend(caps);
        if let Some(seconds) = self.first_byte_seconds {
            self.plan
                .file
                .push_str(&format!("[timeouts]\nfirst_byte_seconds = {seconds}\n\n"));
        }
        for price in &self.prices {
            self.plan.file.push_str(&written(price));
        }
        Ok(self.plan)
    }
}

/// A name as Weir's providers have it.
fn word(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect()
}
