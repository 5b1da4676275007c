//! `semantic.allow`: two questions may match again.

use crate::{Admin, from_store};
use weir_contract::{ApiError, command::semantic::SemanticAllow};

/// Takes the pair off the list. Every gateway, this one too, hears of it through the database.
///
/// # Errors
/// Failures of the database.
pub async fn allow(admin: &Admin, command: SemanticAllow) -> Result<bool, ApiError> {
    let pair = (command.one.as_str(), command.other.as_str());
    let was_listed = admin
        .store
        .allow_match(&command.group, pair)
        .await
        .map_err(from_store)?;
    if was_listed {
        // The questions themselves are customers' words, so only their group is named.
        let act = admin.act();
        let noted = admin.store.note_change("semantic_never", &command.group, &act);
        noted.await.map_err(from_store)?;
    }
    Ok(was_listed)
}
