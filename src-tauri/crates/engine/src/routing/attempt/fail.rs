//! What a failed attempt means: for the money held, for the provider's health, for trying again, and for the client.

use super::Buyer;
use crate::{
    budget::purse::Held,
    call::RefusalCode,
    pipeline::{Journal, Problem},
    provider::{UpstreamError, UpstreamErrorKind},
    routing::{breaker::CallOutcome, retry::Fault},
    settings::ModelRef,
    store::Settlement,
};
use weir_contract::{NanoUsd, model::request::CostBasis};

impl Buyer<'_> {
    pub(super) fn settle_failure(
        &mut self,
        held: Held,
        charge_on_cut: NanoUsd,
        reservation_id: String,
        failure: &UpstreamError,
        journal: &mut Journal,
    ) {
        let charged = if may_have_cost(failure) {
            charge_on_cut
        } else {
            NanoUsd::ZERO
        };
        if charged > NanoUsd::ZERO {
            journal.note(
                "settle",
                format!("the failed attempt may have been billed: {charged} charged, unsettled"),
                &[],
            );
        }
        let settled = charged == NanoUsd::ZERO;
        self.settlements.push(Settlement {
            reservation_id: reservation_id.clone(),
            amount_nanousd: charged,
            settled,
            leases: held.leases(),
        });
        self.engine.free_when_recorded(&reservation_id, held, charged);
        let row = &mut journal.row;
        row.cost_nanousd = self
            .settlements
            .iter()
            .map(|settlement| settlement.amount_nanousd)
            .sum();
        if !settled {
            row.cost_basis = CostBasis::Unsettled;
        }
    }

    /// What the client is told. A provider that may soon answer comes before a cap that stays closed for hours, so that the
    /// wait it is told is true.
    pub(super) fn nothing_worked(&mut self, passed_over: &[(ModelRef, String)]) -> Problem {
        if let Some(failure) = self.last_failure.take() {
            return passed_on(&failure);
        }
        if self.breaker_open {
            let message = "no model can answer now: the breakers of all candidates are open after repeated failures; try again in a few seconds";
            return Problem {
                retry_after_seconds: Some(5),
                ..Problem::new(RefusalCode::NoViableModel, message)
            };
        }
        if let Some(problem) = self.closed_by_cap.take() {
            return problem;
        }
        let reasons: Vec<String> = passed_over
            .iter()
            .map(|(model, reason)| format!("{model}: {reason}"))
            .collect();
        let message = if reasons.is_empty() {
            "no model can answer: no tier that this call may use holds a model; add one under tiers in the configuration, or name a model".to_owned()
        } else {
            format!("no model can answer this call: {}", reasons.join("; "))
        };
        // Waiting would change none of this.
        Problem::new(RefusalCode::NoViableModel, message)
    }
}

/// What a failure says of the provider's health.
pub(super) fn outcome_of(kind: UpstreamErrorKind) -> CallOutcome {
    match kind {
        UpstreamErrorKind::BadRequest | UpstreamErrorKind::NotSupported | UpstreamErrorKind::Unauthorized => {
            CallOutcome::Neutral
        }
        UpstreamErrorKind::Timeout => CallOutcome::Timeout,
        UpstreamErrorKind::Truncated => CallOutcome::Truncated,
        _ => CallOutcome::Failure,
    }
}

/// What a failure means for trying again.
pub(super) fn fault_of(failure: &UpstreamError) -> Fault {
    match failure.kind {
        // A redirect leads away from the configured address, and will the next time too.
        _ if failure.status.is_some_and(|status| (300..400).contains(&status)) => Fault::ThisProvider,
        UpstreamErrorKind::BadRequest => Fault::Request,
        UpstreamErrorKind::Unauthorized | UpstreamErrorKind::NotSupported => Fault::ThisProvider,
        _ if may_have_cost(failure) => Fault::MayBeBilled,
        _ => Fault::Transient,
    }
}

/// Failures after which the provider may have worked, and billed. One that came with a status (a redirect, a 408) is an
/// answer that says it did not.
fn may_have_cost(failure: &UpstreamError) -> bool {
    use UpstreamErrorKind::{Malformed, Timeout, Truncated};
    failure.status.is_none() && matches!(failure.kind, Timeout | Truncated | Malformed)
}

/// A provider's failure in words for the client.
pub(super) fn passed_on(failure: &UpstreamError) -> Problem {
    use UpstreamErrorKind::{BadRequest, NotSupported, RateLimited, Timeout, Unauthorized};
    let (code, status) = match failure.kind {
        // A 501 is the provider's lack, not the client's mistake.
        NotSupported if failure.status.is_some_and(|status| status >= 500) => {
            (RefusalCode::ProviderFailed, None)
        }
        BadRequest | NotSupported => (
            RefusalCode::BadRequest,
            failure.status.filter(|status| (400..500).contains(status)),
        ),
        Unauthorized => (RefusalCode::ProviderUnauthorized, None),
        RateLimited => (RefusalCode::ProviderFailed, Some(429)),
        Timeout => (RefusalCode::ProviderFailed, Some(504)),
        _ => (RefusalCode::ProviderFailed, None),
    };
    let raw = failure
        .raw
        .clone()
        .filter(|_| matches!(failure.kind, BadRequest | NotSupported | RateLimited));
    let retry_after_seconds = failure.retry_after_ms.map(|wait_ms| wait_ms.div_ceil(1_000));
    Problem {
        status,
        raw,
        retry_after_seconds,
        ..Problem::new(code, failure.message.clone())
    }
}
