//! `keys.rotate`: a new secret at once, the old one for as long as is chosen.

use super::{create::NewSecret, rules};
use crate::{Admin, config, from_store};
use weir_contract::{
    ApiError, ErrorCode,
    command::keys::{CreatedKey, KeysRotate},
};
use weir_engine::{budget::period::resets_text, store::StoreError};

/// The longest overlap: 90 days.
const LONGEST_OVERLAP_SECONDS: u32 = 90 * 86_400;

/// Gives the key a new secret, which is in the reply and nowhere else.
///
/// # Errors
/// `InvalidArgument` for an overlap that is too long, `NotFound` for no such key, `Conflict` for a revoked key or one whose
/// last rotation still overlaps; failures of the database or of the system's randomness.
pub async fn rotate(admin: &Admin, command: KeysRotate) -> Result<CreatedKey, ApiError> {
    rules::public_id(&command.id)?;
    if command.overlap_seconds > LONGEST_OVERLAP_SECONDS {
        return Err(ApiError::invalid(format!(
            "overlap_seconds: at most {LONGEST_OVERLAP_SECONDS} (90 days); 0 stops the old secret at once"
        )));
    }
    let fresh = NewSecret::draw()?;
    let now_ms = admin.clock.now_ms();
    let until_ms = now_ms.saturating_add(i64::from(command.overlap_seconds) * 1_000);
    let rotated = admin
        .store
        .rotate_key(
            &command.id,
            &fresh.sha256,
            fresh.last_four(),
            until_ms,
            &admin.act(),
        )
        .await
        .map_err(|problem| match problem {
            StoreError::Conflict { found, .. } => overlaps(found),
            other => from_store(other),
        })?;
    let Some(key) = rotated else {
        let known = admin.store.get_key(&command.id).await.map_err(from_store)?;
        return Err(match known {
            Some(_) => ApiError::new(
                ErrorCode::Conflict,
                "this key is revoked, and stays so; create a new one",
            ),
            None => rules::no_such_key(),
        });
    };
    // A gateway that remembers the old secret looks again when it is shown the new one, so nothing depends on this; and a
    // failure here must not lose the secret.
    if let Err(problem) = config::apply(admin, "the key has a new secret").await {
        tracing::warn!(%problem, key = key.id, "a rotated key was not announced; gateways notice within two seconds");
    }
    Ok(CreatedKey {
        secret: fresh.token(&key.id),
        key,
    })
}

fn overlaps(until_ms: i64) -> ApiError {
    let until = resets_text(until_ms, "UTC").unwrap_or_else(|_| until_ms.to_string());
    ApiError::new(
        ErrorCode::Conflict,
        format!(
            "this key was rotated before, and the secret before that rotation still works until {until}; another rotation would stop it at once. End the overlap first, if nobody uses it any more"
        ),
    )
}
