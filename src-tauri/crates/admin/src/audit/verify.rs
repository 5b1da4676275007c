//! `audit.verify`: computes the chain of the log anew, from the first row to the last.

use crate::{Admin, from_store};
use weir_contract::{ApiError, command::audit::AuditVerify, model::change::ChainCheck};
use weir_engine::change::chain::Checker;

/// Rows read at a time.
const PAGE: u32 = 1_000;

/// Says whether every row is as it was written, and the head to note.
///
/// # Errors
/// `InvalidArgument` for half a head; failures of the database.
pub async fn verify(admin: &Admin, command: AuditVerify) -> Result<ChainCheck, ApiError> {
    let known = match (command.known_seq, command.known_sha256) {
        (None, None) => None,
        (Some(seq), Some(sha256)) if seq > 0 && sha256.len() == 64 => {
            Some((seq, sha256.to_ascii_lowercase()))
        }
        _ => {
            return Err(ApiError::invalid(
                "known_seq, known_sha256: give both as a check printed them (a row's number and its 64 digits), or neither",
            ));
        }
    };
    let mut checker = Checker::new(known);
    let mut last = 0;
    loop {
        let rows = admin.store.changes_after(last, PAGE).await.map_err(from_store)?;
        checker.take(&rows);
        match rows.last() {
            Some(row) if rows.len() == PAGE as usize => last = row.seq,
            _ => return Ok(checker.finish()),
        }
    }
}
