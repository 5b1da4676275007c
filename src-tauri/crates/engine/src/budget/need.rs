//! What a call needs of each cap that counts it: all it can cost of a strict one, what calls like it cost of a balanced one.

use crate::{price::row::PriceRow, settings::ModelRef};
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapMode},
};

/// What a call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// No call like it costs more.
    pub hard_bound: NanoUsd,
    /// What 99 of 100 calls like it cost at most; at most the hard bound.
    pub careful: NanoUsd,
}

impl Need {
    /// A need of which `careful` is at most the hard bound.
    #[must_use]
    pub fn new(hard_bound: NanoUsd, careful: NanoUsd) -> Need {
        Need {
            hard_bound,
            careful: careful.min(hard_bound),
        }
    }
    /// What this cap holds for it.
    #[must_use]
    pub fn of(self, cap: &Cap) -> NanoUsd {
        match cap.manner.mode {
            CapMode::Strict => self.hard_bound,
            CapMode::Balanced => self.careful,
        }
    }
}

impl From<NanoUsd> for Need {
    /// Where nothing is known but the bound.
    fn from(hard_bound: NanoUsd) -> Need {
        Need::new(hard_bound, hard_bound)
    }
}

/// What is asked of an estimate.
#[derive(Debug, Clone, Copy)]
pub struct EstimateOf<'a> {
    pub model: &'a ModelRef,
    /// The bound on the input's tokens.
    pub input_bytes: u64,
    /// The bound on the output's tokens, of all choices together.
    pub max_output_tokens: u64,
    pub price: &'a PriceRow,
}

/// Says what 99 of 100 calls cost at most.
pub trait CarefulEstimate: Send + Sync {
    /// None while too little is known of the model; the hard bound is held then.
    fn careful_nanousd(&self, of: &EstimateOf<'_>) -> Option<NanoUsd>;
}
