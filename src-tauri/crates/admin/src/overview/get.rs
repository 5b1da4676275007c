//! `overview.get`: the figures of a range, those of the range before, and what needs an admin.

use super::{attention, clock_jump, totals};
use crate::{Admin, caps, channels, check, config::Items, from_store, providers};
use weir_contract::{
    ApiError,
    command::overview::OverviewGet,
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
    let (current, previous) = totals::read(admin, range, as_of_ms).await?;
    let items = Items::read(admin).await?;
    let caps = caps::states_of(admin, &items).await?;
    // Only a gateway knows what its providers lack.
    let providers = if admin.live.is_running() {
        providers::states_of(admin, &items)?
    } else {
        Vec::new()
    };
    let last_check = admin.store.last_ledger_check().await.map_err(from_store)?;
    let mut attention = attention::find(&current, &caps, &providers, last_check.as_ref());
    attention.extend(admin.clock.disbelieved_jump_ms().map(clock_jump::tell));
    let channels = items.of::<AlertChannel>(channels::KIND)?;
    if channels.iter().any(|channel| channel.value.enabled) {
        let deliveries = admin.store.newest_deliveries().await.map_err(from_store)?;
        attention.extend(attention::unheard(
            channels.into_iter().map(|stored| stored.value),
            &deliveries,
        ));
    }
    Ok(Overview {
        range,
        current,
        previous,
        attention,
        as_of_ms,
    })
}
