//! The price book: the configuration's prices first, then the embedded table, then the highest known.

use super::overrides::{OverrideError, PriceOverride};
use super::row::{PriceRow, highest_of};
use super::source::{self, Step};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Most models whose prices are remembered. Callers choose model names, so the number must have an end.
const MAX_REMEMBERED: usize = 4_096;
/// Prices of the table change at most at five-minute marks of the clock.
const MARK_MS: i64 = 300_000;
/// When every model of the table is asked for the highest price; a fixed day, so that the answer never changes.
const HIGHEST_AT_MS: i64 = 1_793_000_000_000;

/// A price and whether it is the model's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    pub row: Arc<PriceRow>,
    /// False when the model has no price and `row` is the highest of its tier (or of the book).
    pub is_known: bool,
}

/// Prices of all models. Cheap to ask: a model's prices are worked out once per five minutes and remembered.
#[derive(Debug)]
pub struct PriceBook {
    overrides: HashMap<String, HashMap<String, Arc<PriceRow>>>,
    remembered: Mutex<Remembered>,
}

/// A model's prices by prompt length, or that it has none.
type Steps = Option<Arc<[Step]>>;

#[derive(Debug, Default)]
struct Remembered {
    mark: i64,
    count: usize,
    models: HashMap<String, HashMap<String, Steps>>,
}

static HIGHEST_OF_TABLE: LazyLock<Option<PriceRow>> = LazyLock::new(|| {
    let steps: Vec<Step> = source::native_models()
        .filter_map(|(provider, model)| source::steps_of(provider, model, HIGHEST_AT_MS))
        .flatten()
        .collect();
    highest_of(steps.iter().map(|step| &*step.row))
});

impl PriceBook {
    /// A book over the embedded table with these prices in front of it.
    ///
    /// # Errors
    /// The first price that cannot be read.
    pub fn new(overrides: &[PriceOverride]) -> Result<PriceBook, OverrideError> {
        let mut by_provider: HashMap<String, HashMap<String, Arc<PriceRow>>> = HashMap::new();
        for price in overrides {
            by_provider
                .entry(price.provider.clone())
                .or_default()
                .insert(price.model.clone(), Arc::new(price.to_row()?));
        }
        Ok(PriceBook {
            overrides: by_provider,
            remembered: Mutex::default(),
        })
    }

    /// The model's own price for a prompt of `input_tokens` (all input classes together; long prompts may cost more
    /// per token) at this moment. `provider` is the configured name; `openai`, `anthropic`, `gemini` and the other
    /// names of the table are known, and names that contain them. None when nobody has priced the model.
    #[must_use]
    pub fn row_for(
        &self,
        provider: &str,
        model: &str,
        input_tokens: u64,
        now_ms: i64,
    ) -> Option<Arc<PriceRow>> {
        if let Some(models) = self.overrides.get(provider)
            && let Some(row) = models.get(model).or_else(|| models.get("*"))
        {
            return Some(Arc::clone(row));
        }
        let steps = self.steps_of(provider, model, now_ms)?;
        let step = steps.iter().find(|step| input_tokens <= step.up_to)?;
        Some(Arc::clone(&step.row))
    }

    /// [`PriceBook::row_for`], or, for a model without a price, the highest of `tier` (provider and model of all its
    /// models), or else the highest of the whole book. Never free by ignorance.
    #[must_use]
    pub fn price_or_highest(
        &self,
        provider: &str,
        model: &str,
        tier: &[(&str, &str)],
        input_tokens: u64,
        now_ms: i64,
    ) -> Priced {
        if let Some(row) = self.row_for(provider, model, input_tokens, now_ms) {
            return Priced { row, is_known: true };
        }
        let rows: Vec<Arc<PriceRow>> = tier
            .iter()
            .filter_map(|(provider, model)| self.row_for(provider, model, input_tokens, now_ms))
            .collect();
        let row = highest_of(rows.iter().map(|row| &**row))
            .filter(|row| row.dearest_input_pico() > 0 && row.dearest_output_pico() > 0)
            .unwrap_or_else(|| self.highest_of_book());
        Priced {
            row: Arc::new(row),
            is_known: false,
        }
    }

    /// The highest known price of each class: over the configuration and the table's OpenAI, Anthropic and Gemini.
    #[must_use]
    pub fn highest_of_book(&self) -> PriceRow {
        let configured = self
            .overrides
            .values()
            .flat_map(HashMap::values)
            .map(|row| &**row);
        highest_of(HIGHEST_OF_TABLE.iter().chain(configured)).unwrap_or_else(|| {
            // The table is embedded, so this is reached only with an empty one; a dollar per thousand tokens.
            PriceRow::from_prices("highest-known", [1_000_000_000; 6], None)
        })
    }

    fn steps_of(&self, provider: &str, model: &str, now_ms: i64) -> Steps {
        let mark = now_ms.div_euclid(MARK_MS);
        {
            let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.mark == mark
                && let Some(found) = remembered
                    .models
                    .get(provider)
                    .and_then(|models| models.get(model))
            {
                return found.clone();
            }
        }
        // Worked out without the lock: a first look at a model takes a while, and the result is the same for all.
        let found: Steps = source::steps_of(provider, model, mark.saturating_mul(MARK_MS)).map(Arc::from);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.mark != mark || remembered.count >= MAX_REMEMBERED {
            *remembered = Remembered {
                mark,
                ..Remembered::default()
            };
        }
        let models = remembered.models.entry(provider.to_owned()).or_default();
        if models.insert(model.to_owned(), found.clone()).is_none() {
            remembered.count += 1;
        }
        found
    }

    #[cfg(test)]
    pub(super) fn remembered_models(&self) -> usize {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.models.values().map(HashMap::len).sum()
    }
}
