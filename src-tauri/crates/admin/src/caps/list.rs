//! `caps.list`: all caps with what is spent and reserved now.

use super::{KIND, state};
use crate::{Admin, config::Items, from_store};
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
    states_of(admin, &Items::read(admin).await?).await
}

/// The same by a configuration that was read already. However many caps there are, their balances are one question.
pub(crate) async fn states_of(admin: &Admin, items: &Items) -> Result<Vec<CapState>, ApiError> {
    let caps = items.of::<Cap>(KIND)?;
    let periods = caps
        .iter()
        .map(|stored| state::present(admin, &stored.value))
        .collect::<Result<Vec<_>, _>>()?;
    let wanted: Vec<_> = caps
        .iter()
        .zip(&periods)
        .filter_map(|(stored, bounds)| state::counted_under(&stored.value, *bounds))
        .collect();
    let mut found = admin
        .store
        .balances_of(&wanted)
        .await
        .map_err(from_store)?
        .into_iter();
    let mut states = Vec::new();
    for (stored, bounds) in caps.into_iter().zip(periods) {
        let balances = state::counted_under(&stored.value, bounds).and_then(|_| found.next());
        states.push(state::read_with(admin, stored.value, stored.version, bounds, balances).await?);
    }
    Ok(states)
}
