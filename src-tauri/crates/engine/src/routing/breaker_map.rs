//! The breakers of a gateway, one for each provider and model that was called.

use super::breaker::{Admittance, Breaker, BreakerConfig, CallOutcome, Permit};
use std::collections::HashMap;
use weir_contract::model::catalog::BreakerPosition;

/// Most breakers kept. Callers name models, so the number must have an end.
const MOST_BREAKERS: usize = 1_024;

/// All breakers, by `provider/model`. Above 1,024 the least recently used makes room, a closed one if there is one.
#[derive(Debug)]
pub struct BreakerMap {
    config: BreakerConfig,
    breakers: HashMap<(String, String), Breaker>,
    most: usize,
}

impl BreakerMap {
    /// No breakers yet; each starts closed.
    #[must_use]
    pub fn new(config: BreakerConfig) -> BreakerMap {
        BreakerMap {
            config,
            breakers: HashMap::new(),
            most: MOST_BREAKERS,
        }
    }

    /// Asks to call this model; see [`Breaker::admit`].
    pub fn admit(&mut self, provider: &str, model: &str, now_ms: i64) -> Admittance {
        let name = (provider.to_owned(), model.to_owned());
        if !self.breakers.contains_key(&name) && self.breakers.len() >= self.most {
            self.make_room(now_ms);
        }
        let config = self.config;
        self.breakers
            .entry(name)
            .or_insert_with(|| Breaker::new(config))
            .admit(now_ms)
    }

    /// Takes in how a call ended; see [`Breaker::record`].
    pub fn record(&mut self, provider: &str, model: &str, permit: Permit, outcome: CallOutcome, now_ms: i64) {
        let name = (provider.to_owned(), model.to_owned());
        if let Some(breaker) = self.breakers.get_mut(&name) {
            breaker.record(permit, outcome, now_ms);
        }
    }

    /// Where this model's breaker stands. A model that was never called is closed. Asking changes nothing, so the
    /// choice of a model may look first.
    #[must_use]
    pub fn position(&self, provider: &str, model: &str, now_ms: i64) -> BreakerPosition {
        let name = (provider.to_owned(), model.to_owned());
        self.breakers
            .get(&name)
            .map_or(BreakerPosition::Closed, |breaker| breaker.position(now_ms))
    }

    /// Model and position of every breaker of a provider, by model name.
    #[must_use]
    pub fn positions(&self, provider: &str, now_ms: i64) -> Vec<(String, BreakerPosition)> {
        let mut positions: Vec<(String, BreakerPosition)> = self
            .breakers
            .iter()
            .filter(|((of, _), _)| of == provider)
            .map(|((_, model), breaker)| (model.clone(), breaker.position(now_ms)))
            .collect();
        positions.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        positions
    }

    fn make_room(&mut self, now_ms: i64) {
        let oldest = self
            .breakers
            .iter()
            .min_by_key(|(_, breaker)| {
                let is_tripped = breaker.position(now_ms) != BreakerPosition::Closed;
                (is_tripped, breaker.last_used_ms())
            })
            .map(|(name, _)| name.clone());
        if let Some(name) = oldest {
            self.breakers.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BreakerMap;
    use crate::routing::breaker::{Admittance, BreakerConfig, CallOutcome};
    use weir_contract::model::catalog::BreakerPosition;

    fn fail(map: &mut BreakerMap, model: &str, now_ms: i64) {
        if let Admittance::Allowed(permit) = map.admit("openai", model, now_ms) {
            map.record("openai", model, permit, CallOutcome::Failure, now_ms);
        }
    }

    #[test]
    fn models_fail_alone() {
        let mut map = BreakerMap::new(BreakerConfig::default());
        for now_ms in 0..5 {
            fail(&mut map, "bad", now_ms);
        }
        assert!(matches!(
            map.admit("openai", "bad", 5),
            Admittance::Rejected { .. }
        ));
        assert!(matches!(map.admit("openai", "good", 5), Admittance::Allowed(_)));
        assert!(matches!(map.admit("other", "bad", 5), Admittance::Allowed(_)));
        assert_eq!(
            map.positions("openai", 5),
            [
                ("bad".into(), BreakerPosition::Open),
                ("good".into(), BreakerPosition::Closed)
            ]
        );
        assert_eq!(map.position("openai", "never", 5), BreakerPosition::Closed);
    }

    #[test]
    fn the_map_stays_bounded_and_keeps_what_is_tripped() {
        let mut map = BreakerMap::new(BreakerConfig::default());
        for now_ms in 0..5 {
            fail(&mut map, "bad", now_ms);
        }
        for number in 0..3_000 {
            map.admit("openai", &format!("model-{number}"), 10);
        }
        assert_eq!(map.breakers.len(), 1_024);
        assert_eq!(map.position("openai", "bad", 10), BreakerPosition::Open);
    }
}
