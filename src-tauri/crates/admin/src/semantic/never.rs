//! `semantic.never`: questions that must never match, newest first.

use crate::{Admin, check, from_store};
use weir_contract::{ApiError, command::semantic::SemanticNever, model::semantic::SemanticNeverPair};

/// The newest forbidden pairs.
///
/// # Errors
/// `InvalidArgument` for a limit outside 1 to 200, failures of the database.
pub async fn never(admin: &Admin, command: SemanticNever) -> Result<Vec<SemanticNeverPair>, ApiError> {
    check::page_size(command.limit)?;
    admin.store.never_pairs(command.limit).await.map_err(from_store)
}
