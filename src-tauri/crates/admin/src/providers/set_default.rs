//! `providers.set_default`: makes a provider the one that `auto` and bare model names use.

use super::{
    SETTING_KIND,
    list::{find, states},
};
use crate::{Admin, config};
use weir_contract::{ApiError, command::providers::ProvidersSetDefault};

/// The setting's name; its value is the provider's name as a JSON string.
pub const DEFAULT_PROVIDER_SETTING: &str = "default_provider";

/// Saves the choice and applies it at once.
///
/// # Errors
/// `NotFound` for an unknown provider; `Conflict` when two choose at the same moment; failures of the database.
pub async fn set_default(admin: &Admin, command: ProvidersSetDefault) -> Result<(), ApiError> {
    find(&states(admin).await?, &command.name)?;
    let settings = config::all::<serde_json::Value>(admin, SETTING_KIND).await?;
    let before = settings
        .iter()
        .find(|setting| setting.name == DEFAULT_PROVIDER_SETTING);
    let version = before.map_or(0, |setting| setting.version);
    config::save(
        admin,
        SETTING_KIND,
        DEFAULT_PROVIDER_SETTING,
        &command.name,
        version,
    )
    .await?;
    Ok(())
}
