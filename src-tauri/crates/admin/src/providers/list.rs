//! `providers.list`: all providers with key status and breakers.

use super::{DEFAULT_PROVIDER_SETTING, KIND, SETTING_KIND};
use crate::{Admin, check, config::Items};
use weir_contract::{
    ApiError,
    command::providers::ProvidersList,
    model::catalog::{KeySource, KeyStatus, ProviderConfig, ProviderState},
};

/// All providers, by name.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: ProvidersList) -> Result<Vec<ProviderState>, ApiError> {
    states(admin).await
}

/// What the engine runs, and what is stored but not running: everything when no engine runs here.
pub(super) async fn states(admin: &Admin) -> Result<Vec<ProviderState>, ApiError> {
    states_of(admin, &Items::read(admin).await?)
}

/// The same by a configuration that was read already.
pub(crate) fn states_of(admin: &Admin, items: &Items) -> Result<Vec<ProviderState>, ApiError> {
    let mut states = admin.live.providers();
    let default = default_name(admin, items)?;
    for stored in items.of::<ProviderConfig>(KIND)? {
        if states.iter().all(|state| state.config.name != stored.name) {
            states.push(not_running(stored.value, stored.version, &default));
        }
    }
    states.sort_by(|one, other| one.config.name.cmp(&other.config.name));
    Ok(states)
}

/// The provider of this name.
pub(super) fn find<'a>(states: &'a [ProviderState], name: &str) -> Result<&'a ProviderState, ApiError> {
    states
        .iter()
        .find(|state| state.config.name == name)
        .ok_or_else(|| {
            let known = check::listed(states.iter().map(|state| state.config.name.as_str()));
            ApiError::not_found(format!("there is no provider {name:?}; there are: {known}"))
        })
}

fn default_name(admin: &Admin, items: &Items) -> Result<String, ApiError> {
    if admin.live.is_running() {
        return Ok(admin.live.default_provider());
    }
    let settings = items.of::<serde_json::Value>(SETTING_KIND)?;
    let setting = settings
        .into_iter()
        .find(|setting| setting.name == DEFAULT_PROVIDER_SETTING);
    Ok(setting
        .and_then(|setting| setting.value.as_str().map(str::to_owned))
        .unwrap_or_default())
}

/// A provider that no engine here runs: nobody holds its key, and it has no breakers.
fn not_running(config: ProviderConfig, version: i64, default: &str) -> ProviderState {
    ProviderState {
        key_status: match config.key {
            KeySource::None => KeyStatus::NotNeeded,
            KeySource::Env(_) | KeySource::Keychain(_) => KeyStatus::Missing,
        },
        is_default: config.name == default,
        from_file: false,
        version,
        breakers: Vec::new(),
        config,
    }
}
