//! `providers.test`: asks a provider for its list of models; costs nothing.

use super::list::{find, states};
use crate::{Admin, offline::not_running};
use weir_contract::{
    ApiError,
    command::providers::{ProviderTest, ProvidersTest},
};

/// Whether the provider answers, and if not, what to do.
///
/// # Errors
/// `NotFound` for an unknown provider; `Unavailable` when no engine runs in this process.
pub async fn test(admin: &Admin, command: ProvidersTest) -> Result<ProviderTest, ApiError> {
    find(&states(admin).await?, &command.name)?;
    if !admin.live.is_running() {
        return Err(not_running("Testing a provider"));
    }
    admin.live.test_provider(&command.name).await
}
