//! `semantic.feedback`: an admin says whether a hit was right.

use crate::{Admin, from_store};
use weir_contract::{ApiError, command::semantic::SemanticFeedback, model::semantic::SemanticPair};

/// Labels the hit; a wrong pair never matches again.
///
/// # Errors
/// `NotFound` when the semantic cache served nothing on this request, failures of the database, no running gateway.
pub async fn feedback(admin: &Admin, command: SemanticFeedback) -> Result<SemanticPair, ApiError> {
    let act = admin.act();
    let pair = admin
        .live
        .semantic_feedback(&command.request_id, command.same, &act.who())
        .await?;
    let noted = admin
        .store
        .note_change("semantic_label", &command.request_id, &act);
    noted.await.map_err(from_store)?;
    Ok(pair)
}
