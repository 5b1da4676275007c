//! `caps.list`: all caps with what is spent and reserved now.

use super::{KIND, state};
use crate::{Admin, config};
use weir_contract::{
    ApiError,
    command::caps::CapsList,
    model::cap::{Cap, CapState},
};

/// All caps, by name.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: CapsList) -> Result<Vec<CapState>, ApiError> {
    let mut states = Vec::new();
    for stored in config::all::<Cap>(admin, KIND).await? {
        states.push(state::read(admin, stored.value, stored.version).await?);
    }
    Ok(states)
}
