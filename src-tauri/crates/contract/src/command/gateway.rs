//! The gateway that runs in this process, and the window's own profile operations.
//!
//! `profile.*` and `secrets.*` exist only in the window: they choose what the process runs and touch the keychain.
use super::{Command, command};
use crate::model::gateway::{GatewayStatus, ProfileKind};
use std::fmt;

command! {
    /// What runs now. Fails with `no_profile` before one is opened.
    GatewayStatusGet = "gateway.status" {} -> GatewayStatus
}
command! {
    /// Opens a profile and starts its gateway; closes the one before.
    ProfileOpen = "profile.open" { kind: ProfileKind } -> GatewayStatus
}

/// Puts a provider's key into the keychain (or this session's memory), under the entry that the provider names, and
/// uses it at once. Fails for a provider that is unknown or takes no key from the keychain.
// Written out, because the macro would derive a `Debug` that shows the secret.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretsSet {
    /// The provider's name.
    pub provider: String,
    /// The key as the provider gave it out.
    pub secret: String,
}

impl Command for SecretsSet {
    const NAME: &'static str = "secrets.set";
    type Reply = ();
}

impl fmt::Debug for SecretsSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecretsSet")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::SecretsSet;

    #[test]
    fn a_secret_is_not_printed() {
        let set = SecretsSet {
            provider: "openai".to_owned(),
            secret: "sk-proj-abc".to_owned(),
        };
        let printed = format!("{set:?}");
        assert!(printed.contains("openai"));
        assert!(!printed.contains("abc"));
    }
}
