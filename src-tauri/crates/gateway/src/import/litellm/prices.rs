//! LiteLLM's price table (`model_prices_and_context_window.json`) as the prices of `weir.toml`.
//!
//! Its prices are floating dollars per token. They are never calculated with: the shortest decimal that means the same number
//! is what somebody wrote, and moving its point by six places makes it dollars per million tokens, exactly.

use super::super::Plan;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use weir_engine::price::overrides::PriceOverride;

/// Sorts of entries that Weir has a use for.
const MODES: [&str; 4] = ["chat", "completion", "responses", "embedding"];
/// Examples named of each reason; of thousands of entries nobody reads all.
const EXAMPLES: usize = 3;

/// Translates the entries of these providers.
///
/// # Errors
/// It is not JSON, or no object of models.
pub fn prices(text: &str, providers: &[String]) -> Result<Plan, String> {
    let table: Map<String, Value> = serde_json::from_str(text).map_err(|problem| {
        format!("this is no price table of LiteLLM, which is a JSON object of models: {problem}")
    })?;
    let mut plan = Plan::default();
    let mut refused: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let (mut taken, mut others) = (0_usize, 0_usize);
    for (key, entry) in table.iter().filter(|(key, _)| *key != "sample_spec") {
        let provider = entry["litellm_provider"].as_str().unwrap_or_default();
        if !providers.iter().any(|known| known == provider) {
            others += 1;
            continue;
        }
        match read(key, provider, entry) {
            Ok(price) => {
                plan.file.push_str(&written(&price));
                taken += 1;
            }
            Err(why) => refused.entry(why).or_default().push(key),
        }
    }
    plan.understood.push(format!(
        "{taken} prices of {}; append them to weir.toml, where they win over the embedded table",
        if providers.is_empty() {
            "no provider".to_owned()
        } else {
            providers.join(", ")
        }
    ));
    if others > 0 {
        plan.not_understood.push(format!(
            "{others} entries are of providers that are not configured here, so they are left out"
        ));
    }
    for (why, models) in refused {
        let examples: Vec<&str> = models.iter().take(EXAMPLES).copied().collect();
        plan.not_understood.push(format!(
            "{} entries ({}): {why}",
            models.len(),
            examples.join(", ")
        ));
    }
    Ok(plan)
}

fn read(key: &str, provider: &str, entry: &Value) -> Result<PriceOverride, String> {
    let mode = entry["mode"].as_str().unwrap_or("chat");
    if !MODES.contains(&mode) {
        return Err(format!("their mode is {mode}, which Weir does not proxy"));
    }
    let has_steps = entry
        .as_object()
        .is_some_and(|fields| fields.keys().any(|name| name.contains("_cost_per_token_above_")));
    if has_steps {
        return Err("their price depends on the length of the prompt, which prices in weir.toml cannot say; the embedded table can".to_owned());
    }
    let price = |name: &str| {
        entry
            .get(name)
            .filter(|value| !value.is_null())
            .map(per_million)
            .transpose()
    };
    let input = price("input_cost_per_token")?.ok_or("they have no price per token of input")?;
    let output = price("output_cost_per_token")?.unwrap_or_else(|| "0".to_owned());
    let prefix = format!("{provider}/");
    let found = PriceOverride {
        provider: provider.to_owned(),
        model: key.strip_prefix(&prefix).unwrap_or(key).to_owned(),
        input,
        cache_read: price("cache_read_input_token_cost")?,
        cache_write: price("cache_creation_input_token_cost")?,
        cache_write_long: price("cache_creation_input_token_cost_above_1hr")?,
        output,
        reasoning: price("output_cost_per_reasoning_token")?,
        context_tokens: entry["max_input_tokens"].as_u64(),
    };
    // What Weir would refuse at its start is refused here.
    match found.to_row() {
        Ok(_) => Ok(found),
        Err(problem) => Err(problem.reason),
    }
}

/// Dollars per token as dollars per million tokens.
pub(super) fn per_million(price: &Value) -> Result<String, String> {
    let number = match price {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or("a price is no number of dollars")?;
    // Rust writes the shortest decimal that reads back as the same number, without an exponent.
    Ok(shift_right(&format!("{number}"), 6))
}

/// Moves the point of a decimal to the right.
fn shift_right(decimal: &str, places: usize) -> String {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let padded = format!("{fraction:0<places$}");
    let (moved, rest) = padded.split_at(places);
    let digits = format!("{whole}{moved}");
    let whole = digits.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

/// As it stands in `weir.toml`.
pub(super) fn written(price: &PriceOverride) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut said = format!(
        "[[prices]]\nprovider = {}\nmodel = {}\ninput = {}\noutput = {}\n",
        text(&price.provider),
        text(&price.model),
        text(&price.input),
        text(&price.output)
    );
    for (name, value) in [
        ("cache_read", &price.cache_read),
        ("cache_write", &price.cache_write),
        ("cache_write_long", &price.cache_write_long),
        ("reasoning", &price.reasoning),
    ] {
        if let Some(value) = value {
            said.push_str(&format!("{name} = {}\n", text(value)));
        }
    }
    if let Some(tokens) = price.context_tokens {
        said.push_str(&format!("context_tokens = {tokens}\n"));
    }
    said.push('\n');
    said
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests {
    use super::{per_million, prices};
    use crate::config::FileConfig;
    use serde_json::json;

    #[test]
    fn points_move_and_nothing_is_rounded() {
        for (text, expected) in [
            ("2.5e-06", "2.5"),
            ("1.25e-06", "1.25"),
            ("7.5e-08", "0.075"),
            ("0.00001", "10"),
            ("1e-9", "0.001"),
            ("0", "0"),
            ("0.0", "0"),
            ("3e-06", "3"),
            ("1.1e-06", "1.1"),
            ("6e-07", "0.6"),
        ] {
            let number: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(per_million(&number).unwrap(), expected, "{text}");
        }
        assert!(per_million(&json!(-1)).is_err() && per_million(&json!(true)).is_err());
    }

    #[test]
    fn a_table_becomes_prices_that_weir_reads() {
        let table = json!({
            "sample_spec": {"litellm_provider": "one of", "input_cost_per_token": 0},
            "gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.25e-6,
                      "output_cost_per_token": 1e-5, "cache_read_input_token_cost": 1.25e-7, "max_input_tokens": 272000},
            "openai/embed-x": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-8},
            "dall-x": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_pixel": 1e-8},
            "long-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6,
                       "input_cost_per_token_above_200k_tokens": 2e-6, "output_cost_per_token": 1e-5},
            "fine-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.23456789e-13, "output_cost_per_token": 0},
            "other": {"litellm_provider": "bedrock", "mode": "chat", "input_cost_per_token": 1e-6}
        });
        let plan = prices(&table.to_string(), &["openai".to_owned()]).unwrap();
        let file = FileConfig::parse(&plan.file).unwrap();
        let read: Vec<(&str, &str, &str)> = file
            .prices
            .iter()
            .map(|price| (price.model.as_str(), price.input.as_str(), price.output.as_str()))
            .collect();
        assert_eq!(read, [("gpt-x", "1.25", "10"), ("embed-x", "0.02", "0")]);
        assert_eq!(file.prices[0].cache_read.as_deref(), Some("0.125"));
        assert_eq!(file.prices[0].context_tokens, Some(272_000));
        let said = plan.not_understood.join("\n");
        for word in [
            "dall-x",
            "image_generation",
            "long-x",
            "fine-x",
            "1 entries are of providers",
        ] {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(prices("[]", &[]).is_err());
    }
}
