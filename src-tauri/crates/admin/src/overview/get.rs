//! `overview.get`: the figures of a range, those of the range before, and what needs an admin.

use super::{attention, clock_jump, totals};
use crate::{Admin, caps, channels, check, config, from_store, providers};
use weir_contract::{
    ApiError,
    command::{caps::CapsList, overview::OverviewGet, providers::ProvidersList},
    model::{alert::AlertChannel, chart::Overview},
};

/// Sums and percentiles of the range and of the span of equal length before it.
///
/// # Errors
/// `InvalidArgument` for a range that is empty or longer than 400 days; failures of the database.
pub async fn get(admin: &Admin, command: OverviewGet) -> Result<Overview, ApiError> {
    let range = command.range;
    check::range(range)?;
    let as_of_ms = admin.clock.now_ms();
    let current = totals::read(admin, range, as_of_ms).await?;
    let previous = totals::read_before(admin, range, as_of_ms).await?;
    let caps = caps::list(admin, CapsList {}).await?;
    let providers = providers::list(admin, ProvidersList {}).await?;
    let last_check = admin.store.last_ledger_check().await.map_err(from_store)?;
    let mut attention = attention::find(&current, &caps, &providers, last_check.as_ref());
    attention.extend(admin.clock.disbelieved_jump_ms().map(clock_jump::tell));
    let channels = config::all::<AlertChannel>(admin, channels::KIND).await?;
    let deliveries = admin.store.newest_deliveries().await.map_err(from_store)?;
    attention.extend(attention::unheard(
        channels.into_iter().map(|stored| stored.value),
        &deliveries,
    ));
    Ok(Overview {
        range,
        current,
        previous,
        attention,
        as_of_ms,
    })
}
