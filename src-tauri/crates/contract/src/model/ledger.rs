//! The ledger as an admin sees it: corrections, the hourly check, and providers' bills beside our own sums.

use super::time::TimeRange;
use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// Somebody said what a request truly cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    pub before_nanousd: NanoUsd,
    pub after_nanousd: NanoUsd,
    pub reason: String,
    pub who: String,
    pub at_ms: i64,
}

/// How a correction moved one cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedBalance {
    /// As the ledger names it: the cap, and for a cap on values `cap=user:ana`.
    pub cap: String,
    pub period_start_ms: i64,
    /// Added to what was spent; below zero when less was spent.
    pub change_nanousd: NanoUsd,
}

/// Which of a cap's sums the check compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerSum {
    Spent,
    Unsettled,
    Committed,
    Reserved,
}

impl LedgerSum {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["spent", "unsettled", "committed", "reserved"][self as usize]
    }
    /// Reads what [`LedgerSum::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<LedgerSum> {
        [
            LedgerSum::Spent,
            LedgerSum::Unsettled,
            LedgerSum::Committed,
            LedgerSum::Reserved,
        ]
        .into_iter()
        .find(|sum| sum.as_str() == text)
    }
}

/// A sum over the ledger that is not what the balance says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerMismatch {
    pub cap: String,
    pub period_start_ms: i64,
    pub sum: LedgerSum,
    pub ledger_nanousd: NanoUsd,
    pub balance_nanousd: NanoUsd,
}

/// A comparison of all sums with all balances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCheck {
    pub at_ms: i64,
    /// Empty is healthy.
    pub mismatches: Vec<LedgerMismatch>,
}

/// What a bill's file looked like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillFormat {
    /// OpenAI's export of costs: `amount_value`, `line_item`.
    Openai,
    /// Anthropic's export of costs: `cost_usd`, `model`.
    Anthropic,
    /// `model,amount_usd`, from a file or typed.
    Totals,
}

impl BillFormat {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["openai", "anthropic", "totals"][self as usize]
    }
    /// Reads what [`BillFormat::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<BillFormat> {
        [BillFormat::Openai, BillFormat::Anthropic, BillFormat::Totals]
            .into_iter()
            .find(|format| format.as_str() == text)
    }
}

/// A provider's bill that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    pub id: String,
    /// Our name of the provider.
    pub provider: String,
    pub format: BillFormat,
    pub range: TimeRange,
    pub total_nanousd: NanoUsd,
    pub who: String,
    pub imported_ms: i64,
}

/// What a bill says of one model, all its lines together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledModel {
    pub model: String,
    pub amount_nanousd: NanoUsd,
    pub lines: u32,
}

/// One model, ours beside the bill's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDifference {
    /// Our name of the model; the bill's where we know none.
    pub model: String,
    /// What the bill calls it; several where it tells dated versions apart.
    pub billed_as: Vec<String>,
    pub ours_nanousd: NanoUsd,
    pub billed_nanousd: NanoUsd,
    /// Ours less the bill's.
    pub difference_nanousd: NanoUsd,
    /// The difference in hundredths of a percent of the bill, rounded half away from zero; none where nothing was billed.
    pub difference_basis_points: Option<i64>,
    /// Requests of ours that were bought.
    pub requests: i64,
    /// Of ours, by estimate.
    pub unsettled_nanousd: NanoUsd,
}

/// A bill beside our own sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillComparison {
    pub bill: Bill,
    /// The largest difference first.
    pub models: Vec<ModelDifference>,
    /// All models together, under the name `all`.
    pub total: ModelDifference,
    /// What a reader must know, such as that older requests are gone.
    pub notes: Vec<String>,
}
