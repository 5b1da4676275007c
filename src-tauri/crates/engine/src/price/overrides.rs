//! Prices from the configuration: an operator's own contract, or a model that no table knows.

use super::row::PriceRow;
use serde::{Deserialize, Serialize};
use weir_contract::NanoUsd;

/// A price in dollars per million tokens, as text so that `0.075` is exactly that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceOverride {
    pub provider: String,
    /// The model's name, or `*` for every model of the provider (a local server at `"0"`).
    pub model: String,
    pub input: String,
    /// Empty classes cost what the nearest one does: cache reads and writes as input, reasoning as output.
    #[serde(default)]
    pub cache_read: Option<String>,
    #[serde(default)]
    pub cache_write: Option<String>,
    /// Writes kept for an hour; as `cache_write` when empty.
    #[serde(default)]
    pub cache_write_long: Option<String>,
    pub output: String,
    #[serde(default)]
    pub reasoning: Option<String>,
    #[serde(default)]
    pub context_tokens: Option<u64>,
}

/// Why a price in the configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("price of {provider}/{model}, {class}: {reason}")]
pub struct OverrideError {
    pub provider: String,
    pub model: String,
    pub class: &'static str,
    pub reason: String,
}

impl PriceOverride {
    /// The row it stands for.
    ///
    /// # Errors
    /// Names the class whose text is no price, is negative, or is finer than a pico-dollar per token.
    pub fn to_row(&self) -> Result<PriceRow, OverrideError> {
        let read = |class, text: &str| self.pico_per_token(class, text);
        let or = |class, text: &Option<String>, otherwise: i64| match text {
            Some(text) => read(class, text),
            None => Ok(otherwise),
        };
        let input = read("input", &self.input)?;
        let cache_read = or("cache_read", &self.cache_read, input)?;
        let cache_write = or("cache_write", &self.cache_write, input)?;
        let cache_write_long = or("cache_write_long", &self.cache_write_long, cache_write)?;
        let output = read("output", &self.output)?;
        let reasoning = or("reasoning", &self.reasoning, output)?;
        let source = format!("config:{}/{}", self.provider, self.model);
        let prices = [
            input,
            cache_read,
            cache_write,
            cache_write_long,
            output,
            reasoning,
        ];
        Ok(PriceRow::from_prices(&source, prices, self.context_tokens))
    }

    fn pico_per_token(&self, class: &'static str, text: &str) -> Result<i64, OverrideError> {
        let wrong = |reason: String| OverrideError {
            provider: self.provider.clone(),
            model: self.model.clone(),
            class,
            reason,
        };
        let usd = NanoUsd::parse_decimal(text).map_err(wrong)?;
        if usd.0 < 0 {
            return Err(wrong(format!("\"{text}\" is negative; a price is 0 or more")));
        }
        // A nano-dollar per million tokens is a thousandth of a pico-dollar per token.
        if usd.0 % 1_000 != 0 {
            return Err(wrong(format!(
                "\"{text}\" is finer than Weir counts; use at most six decimals of a dollar per million tokens"
            )));
        }
        Ok(usd.0 / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::PriceOverride;

    fn price(input: &str, output: &str) -> PriceOverride {
        PriceOverride {
            provider: "ollama".into(),
            model: "*".into(),
            input: input.into(),
            cache_read: None,
            cache_write: None,
            cache_write_long: None,
            output: output.into(),
            reasoning: None,
            context_tokens: None,
        }
    }

    #[test]
    fn dollars_per_million_become_pico_dollars_per_token() {
        let mut written = price("1.25", "10");
        written.cache_read = Some("0.125".into());
        let row = written.to_row().unwrap();
        assert_eq!(
            row.prices(),
            [1_250_000, 125_000, 1_250_000, 1_250_000, 10_000_000, 10_000_000]
        );
        assert!(row.id.starts_with("config:ollama/*#"));
        assert_eq!(price("0.000001", "0").to_row().unwrap().prices()[0], 1);
    }

    #[test]
    fn nonsense_names_the_model_and_the_class() {
        for (input, output, class) in [
            ("abc", "1", "input"),
            ("1", "-2", "output"),
            ("0.0000001", "1", "input"),
        ] {
            let error = price(input, output).to_row().unwrap_err();
            assert_eq!(error.class, class);
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("price of ollama/*, {class}: ")),
                "{error}"
            );
        }
    }
}
