//! The embedded price table, turned from floating dollars into whole pico-dollars.
//!
//! The table's crate only answers "what do these tokens cost", so each class is priced by asking for a number of
//! tokens of that class alone, and long-context steps are found by asking at growing prompt lengths. Prices per
//! request, search or second are not token prices and are left out.

use super::row::PriceRow;
use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// The version of the table's crate; a test compares it with the lock file.
pub const TABLE_VERSION: &str = "0.2.1";
/// The day of the table's newest verified entry.
pub const TABLE_DATE: &str = "2026-10-26";

/// Prompt lengths between which steps are looked for: beyond and around every step that providers use today.
const PROBES: [u64; 9] = [
    1, 33_000, 130_000, 201_000, 260_000, 300_000, 600_000, 1_100_000, 20_000_000,
];

/// Prices of one model by prompt length: the first whose `up_to` is not below the prompt's tokens holds.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) up_to: u64,
    pub(super) row: Arc<PriceRow>,
}

/// All the steps of a model at a moment, or none when the table does not know the model or has no token price for it.
pub(super) fn steps_of(provider: &str, model: &str, at_ms: i64) -> Option<Vec<Step>> {
    let table_provider = if provider.eq_ignore_ascii_case("gemini") {
        "google"
    } else {
        provider
    };
    let found = Probe::find(table_provider, model, at_ms)?;
    let mut steps = Vec::new();
    let mut low = (PROBES[0], found.prices_at(PROBES[0])?);
    for length in PROBES.into_iter().skip(1) {
        let high = (length, found.prices_at(length)?);
        found.collect_steps(low, high, &mut steps)?;
        low = high;
    }
    steps.push((u64::MAX, low.1));
    let source = format!(
        "genai-prices@{TABLE_VERSION}:{}/{}:{TABLE_DATE}",
        found.provider_id, found.model_id
    );
    let known =
        |prices: &[i64; 6]| prices.iter().any(|price| *price > 0) || found.model_id.ends_with(":free");
    // Entries without token prices (speech, moderation, models that nobody has priced) would read as free.
    if !steps.iter().all(|(_, prices)| known(prices)) {
        return None;
    }
    let context_tokens = found.context_tokens();
    Some(
        steps
            .into_iter()
            .map(|(up_to, prices)| Step {
                up_to,
                row: Arc::new(PriceRow::from_prices(&source, prices, context_tokens)),
            })
            .collect(),
    )
}

/// Every provider and model of the table that Weir can call without being told a price.
pub(super) fn native_models() -> impl Iterator<Item = (&'static str, &'static str)> {
    Calculator::bundled()
        .providers()
        .filter(|provider| ["openai", "anthropic", "google"].contains(&provider.id()))
        .flat_map(|provider| provider.models().map(move |model| (provider.id(), model.id())))
}

struct Probe<'a> {
    provider: &'a str,
    model: &'a str,
    at: std::time::SystemTime,
    provider_id: String,
    model_id: String,
}

impl<'a> Probe<'a> {
    fn find(provider: &'a str, model: &'a str, at_ms: i64) -> Option<Probe<'a>> {
        let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(at_ms).unwrap_or(0));
        let usage = Usage::from([(UsageKey::INPUT_TOKENS, 1.0)]);
        let request = PriceRequest::new(model, &usage)
            .with_provider_id(provider)
            .with_timestamp(at);
        let answer = Calculator::bundled().calculate(&request).ok()?;
        Some(Probe {
            provider,
            model,
            at,
            provider_id: answer.provider_id,
            model_id: answer.model_id,
        })
    }

    fn context_tokens(&self) -> Option<u64> {
        let provider = Calculator::bundled()
            .find_provider(Some(&self.provider_id), None)
            .ok()??;
        provider
            .models()
            .find(|model| model.id() == self.model_id)?
            .context_window()
    }

    /// Pico-dollars per token of each class, in a prompt of this many tokens.
    fn prices_at(&self, prompt: u64) -> Option<[i64; 6]> {
        let tokens = prompt as f64;
        let input = (UsageKey::INPUT_TOKENS, tokens);
        let written = (UsageKey::CACHE_WRITE_TOKENS, tokens);
        let output = (UsageKey::OUTPUT_TOKENS, 1_000_000.0);
        let of_input = |usage: Usage| Some(to_pico(self.ask(&usage)?.0, tokens));
        let of_output = |usage: Usage| Some(to_pico(self.ask(&usage)?.1, 1_000_000.0));
        Some([
            of_input(Usage::from([input.clone()]))?,
            of_input(Usage::from([
                input.clone(),
                (UsageKey::CACHE_READ_TOKENS, tokens),
            ]))?,
            of_input(Usage::from([input.clone(), written.clone()]))?,
            of_input(Usage::from([
                input.clone(),
                written,
                (UsageKey::CACHE_WRITE_1H_TOKENS, tokens),
            ]))?,
            of_output(Usage::from([input.clone(), output.clone()]))?,
            of_output(Usage::from([
                input,
                output,
                (UsageKey::OUTPUT_REASONING_TOKENS, 1_000_000.0),
            ]))?,
        ])
    }

    /// Dollars for the input and for the output of this usage.
    fn ask(&self, usage: &Usage) -> Option<(f64, f64)> {
        let request = PriceRequest::new(self.model, usage)
            .with_provider_id(self.provider)
            .with_timestamp(self.at);
        let answer = Calculator::bundled().calculate(&request).ok()?;
        Some((answer.input_price, answer.output_price))
    }

    /// Halves the span between two lengths until the last token before each change of price is found.
    fn collect_steps(
        &self,
        low: (u64, [i64; 6]),
        high: (u64, [i64; 6]),
        steps: &mut Vec<(u64, [i64; 6])>,
    ) -> Option<()> {
        if low.1 == high.1 {
            return Some(());
        }
        if high.0 - low.0 == 1 {
            steps.push((low.0, low.1));
            return Some(());
        }
        let length = low.0.midpoint(high.0);
        let middle = (length, self.prices_at(length)?);
        self.collect_steps(low, middle, steps)?;
        self.collect_steps(middle, high, steps)
    }
}

/// Dollars for `tokens` tokens as pico-dollars per token: the nearest whole number when the table's decimal is exact
/// to a pico-dollar, else (a third of a dollar) the next one up.
fn to_pico(usd: f64, tokens: f64) -> i64 {
    let pico = usd * 1e12 / tokens;
    let nearest = pico.round();
    let exact = (pico - nearest).abs() < 1e-3;
    // The largest price in the table is about 600 dollars per million tokens, far below where i64 ends.
    (if exact { nearest } else { pico.ceil() }) as i64
}

#[cfg(test)]
mod tests {
    use super::{TABLE_VERSION, native_models, steps_of};

    const NOVEMBER_2026_MS: i64 = 1_795_219_200_000;

    #[test]
    fn the_version_in_price_ids_is_the_one_in_the_lock_file() {
        let lock = include_str!("../../../../../Cargo.lock");
        let expected = format!("name = \"genai-prices\"\nversion = \"{TABLE_VERSION}\"");
        assert!(
            lock.contains(&expected),
            "TABLE_VERSION is not the locked version of genai-prices"
        );
    }

    #[test]
    fn long_context_steps_are_found_to_the_token() {
        let steps = steps_of("gemini", "gemini-2.5-pro", NOVEMBER_2026_MS).unwrap();
        let shape: Vec<_> = steps
            .iter()
            .map(|step| (step.up_to, step.row.input_pico, step.row.output_pico))
            .collect();
        assert_eq!(
            shape,
            [
                (200_000, 1_250_000, 10_000_000),
                (u64::MAX, 2_500_000, 15_000_000)
            ]
        );
    }

    #[test]
    fn entries_without_token_prices_are_unknown_and_not_free() {
        for model in ["whisper-1", "tts-1", "no-such-model"] {
            assert!(steps_of("openai", model, NOVEMBER_2026_MS).is_none(), "{model}");
        }
        assert!(steps_of("my-own-server", "gpt-5", NOVEMBER_2026_MS).is_none());
    }

    #[test]
    fn steps_ascend_and_prices_are_never_negative() {
        let mut known = 0;
        for (provider, model) in native_models() {
            let Some(steps) = steps_of(provider, model, NOVEMBER_2026_MS) else {
                continue;
            };
            known += 1;
            assert!(
                steps.windows(2).all(|pair| pair[0].up_to < pair[1].up_to),
                "{provider}/{model}"
            );
            assert!(
                steps
                    .iter()
                    .flat_map(|step| step.row.prices())
                    .all(|price| price >= 0),
                "{provider}/{model}"
            );
        }
        assert!(known > 150, "only {known} models have prices");
    }
}
