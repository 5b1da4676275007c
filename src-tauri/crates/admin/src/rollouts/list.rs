//! `rollouts.list`: all rollouts with their measured share.

use super::{KIND, share::Shares};
use crate::{Admin, config};
use weir_contract::{
    ApiError,
    command::rollouts::RolloutsList,
    model::rollout::{Rollout, RolloutState},
};

/// All rollouts, by name.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: RolloutsList) -> Result<Vec<RolloutState>, ApiError> {
    let stored = config::all::<Rollout>(admin, KIND).await?;
    let shares = Shares::read(admin).await?;
    Ok(stored
        .into_iter()
        .map(|stored| shares.state(stored.value, stored.version))
        .collect())
}
