//! Balanced caps hold by what was learned of the model.

use super::{
    learned_ratio::LearnedRatios,
    need::{CarefulEstimate, EstimateOf},
};
use crate::engine::lock;
use std::sync::Mutex;
use weir_contract::NanoUsd;

impl CarefulEstimate for Mutex<LearnedRatios> {
    fn careful_nanousd(&self, of: &EstimateOf<'_>) -> Option<NanoUsd> {
        let estimate = lock(self).estimate(of.model, of.input_bytes, of.max_output_tokens);
        estimate.is_learned().then(|| estimate.p99.most_nanousd(of.price))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        budget::{
            learned_ratio::{LearnedRatios, SettledUse, Tokens},
            need::{CarefulEstimate, EstimateOf},
        },
        price::row::PriceRow,
        settings::ModelRef,
    };
    use std::sync::Mutex;
    use weir_contract::NanoUsd;

    #[test]
    fn nothing_is_said_before_it_is_learned_and_little_is_held_after() {
        let learned = Mutex::new(LearnedRatios::default());
        let model = ModelRef {
            provider: "p".into(),
            model: "m".into(),
        };
        // A thousand pico-dollars a token: a nano-dollar each.
        let price = PriceRow::from_prices("config:p/m", [1_000; 6], None);
        let of = EstimateOf {
            model: &model,
            input_bytes: 1_000,
            max_output_tokens: 64_000,
            price: &price,
        };
        assert_eq!(learned.careful_nanousd(&of), None);
        for _ in 0..5_000 {
            learned.lock().unwrap().learn(
                &model,
                &SettledUse {
                    input_bytes: 1_000,
                    max_output_tokens: 64_000,
                    used: Tokens {
                        input: 250,
                        output: 300,
                    },
                },
            );
        }
        let careful = learned.careful_nanousd(&of).unwrap();
        assert!(careful >= NanoUsd(550) && careful < NanoUsd(2_000), "{careful:?}");
    }
}
