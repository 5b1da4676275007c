//! `ledger.correct`: replaces the estimated cost of a request by the true one.

use crate::{Admin, check, from_store};
use weir_contract::{
    ApiError, ErrorCode, NanoUsd,
    command::ledger::{CorrectedRequest, LedgerCorrect},
};
use weir_engine::store::{CorrectionOutcome, CorrectionRequest};

/// The largest cost a request may be corrected to: a million dollars. More is a slip of the decimal point.
const LARGEST_COST: NanoUsd = NanoUsd(1_000_000 * NanoUsd::PER_USD);

/// Adds the correction to the ledger; balances, the request and the charts show the true cost from then on. A correction
/// may itself be corrected.
///
/// # Errors
/// `InvalidArgument` naming the field, `NotFound` for no such request, `Conflict` when its cost is settled or was changed
/// meanwhile; failures of the database.
pub async fn correct(admin: &Admin, command: LedgerCorrect) -> Result<CorrectedRequest, ApiError> {
    let reason = command.reason.trim();
    if reason.is_empty() {
        return Err(ApiError::invalid(
            "reason: is empty; say where the true cost is from, such as \"OpenAI usage export of 3 November\"",
        ));
    }
    check::line("reason", reason, 500)?;
    if !(NanoUsd::ZERO..=LARGEST_COST).contains(&command.true_nanousd) {
        return Err(ApiError::invalid(format!(
            "true_nanousd: {} is not between $0 and {LARGEST_COST}",
            command.true_nanousd
        )));
    }
    let act = weir_engine::change::Act {
        reason: reason.to_owned(),
        ..admin.act()
    };
    let outcome = admin
        .store
        .correct_request(
            CorrectionRequest {
                request_id: command.request_id.clone(),
                expected_nanousd: command.expected_nanousd,
                true_nanousd: command.true_nanousd,
            },
            &act,
        )
        .await
        .map_err(from_store)?;
    let gone = || {
        ApiError::not_found(format!(
            "there is no request {:?}; it may have been removed after its time",
            command.request_id
        ))
    };
    let moved = match outcome {
        CorrectionOutcome::Corrected(moved) => moved,
        CorrectionOutcome::NoSuchRequest => return Err(gone()),
        CorrectionOutcome::NotUnsettled => {
            return Err(ApiError::new(
                ErrorCode::Conflict,
                "this request's cost is not an estimate: the provider said what was used, so there is nothing to correct",
            ));
        }
        CorrectionOutcome::CostIs(cost) => {
            return Err(ApiError::new(
                ErrorCode::Conflict,
                format!(
                    "somebody corrected it first: it costs {cost} now; read it again and repeat your correction"
                ),
            ));
        }
        CorrectionOutcome::SettledAlone(settled) => {
            return Err(ApiError::invalid(format!(
                "true_nanousd: {} is less than {settled}, which those of its attempts cost whose usage the provider did say; give the cost of all attempts together",
                command.true_nanousd
            )));
        }
    };
    let detail = admin
        .store
        .get_request(&command.request_id)
        .await
        .map_err(from_store)?
        .ok_or_else(gone)?;
    Ok(CorrectedRequest {
        row: detail.row,
        moved,
    })
}
