//! Ends a clear, or says why it cannot be ended that way.

use crate::{Admin, from_store};
use weir_contract::{ApiError, ErrorCode, model::cache::CacheExtent};
use weir_engine::store::{ClearEnd, EndOutcome};

/// Undoes or purges.
pub(super) async fn end_clear(admin: &Admin, id: i64, end: ClearEnd) -> Result<CacheExtent, ApiError> {
    let outcome = admin
        .store
        .end_clear(id, end, &admin.act())
        .await
        .map_err(from_store)?;
    match outcome {
        EndOutcome::Done(extent) => Ok(extent),
        EndOutcome::Ended(ended) => Err(ApiError::new(ErrorCode::Conflict, why_not(id, end, ended))),
        EndOutcome::Unknown => Err(ApiError::not_found(format!(
            "there is no clear {id}; cache.clears lists them"
        ))),
    }
}

fn why_not(id: i64, wish: ClearEnd, ended: ClearEnd) -> String {
    match (wish, ended) {
        (ClearEnd::Undone, ClearEnd::Undone) => {
            format!("clear {id} is undone already; its answers are served")
        }
        (ClearEnd::Undone, ClearEnd::Purged) => {
            format!(
                "clear {id} cannot be undone any more: its answers were removed, and are bought anew when they are asked for"
            )
        }
        (ClearEnd::Purged, ClearEnd::Undone) => {
            format!(
                "clear {id} was undone, so its answers are served; to remove them, clear them again with purge"
            )
        }
        (ClearEnd::Purged, ClearEnd::Purged) => {
            format!("clear {id} is purged already; nothing of it is left")
        }
    }
}
