//! Breakers and retries as one engine runs them, by steady time.

use super::{Engine, lock};
use crate::{
    routing::{
        breaker::{Admittance, CallOutcome, Permit},
        retry::{Fault, RetryDecision},
    },
    settings::ModelRef,
};
use weir_contract::model::catalog::BreakerPosition;

impl Engine {
    /// Where the breakers of a provider's called models stand.
    #[must_use]
    pub fn breaker_positions(&self, provider: &str) -> Vec<(String, BreakerPosition)> {
        lock(&self.breakers).positions(provider, self.steady_ms())
    }

    pub(crate) fn breaker_admits(&self, model: &ModelRef) -> Option<Permit> {
        match lock(&self.breakers).admit(&model.provider, &model.model, self.steady_ms()) {
            Admittance::Allowed(permit) => Some(permit),
            Admittance::Rejected { .. } => None,
        }
    }
    pub(crate) fn breaker_record(&self, model: &ModelRef, permit: Permit, outcome: CallOutcome) {
        lock(&self.breakers).record(&model.provider, &model.model, permit, outcome, self.steady_ms());
    }
    pub(crate) fn retry_budget_seen(&self) {
        lock(&self.retry_budget).request();
    }
    pub(crate) fn retry_decision(
        &self,
        fault: Fault,
        retries: u32,
        retry_after_ms: Option<u64>,
    ) -> RetryDecision {
        let random = self.random.next_u64();
        let mut budget = lock(&self.retry_budget);
        self.retry_policy.decide(
            fault,
            retries,
            retry_after_ms,
            random,
            &mut budget,
            self.steady_ms(),
        )
    }
}
