//! `semantic.pairs`: judged requests beside their neighbours, newest first.

use crate::{Admin, check, from_store};
use weir_contract::{ApiError, command::semantic::SemanticPairs, model::semantic::SemanticPair};

/// The newest pairs, of one intent or all; with `review` only the hits that turned out wrong.
///
/// # Errors
/// `InvalidArgument` for a limit outside 1 to 200, failures of the database.
pub async fn pairs(admin: &Admin, command: SemanticPairs) -> Result<Vec<SemanticPair>, ApiError> {
    check::page_size(command.limit)?;
    let found = admin
        .store
        .newest_decisions(command.intent.as_deref(), command.review, command.limit)
        .await
        .map_err(from_store)?;
    Ok(found.into_iter().map(|decision| decision.pair).collect())
}
