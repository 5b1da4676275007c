//! The gateway that runs in this process, and the window's own profile operations.
//!
//! `profile.*` and `secrets.*` exist only in the window: they choose what the process runs and touch the keychain.
use super::command;
use crate::model::{
    gateway::{GatewayStatus, ProfileKind},
    secret::Secret,
};

command! {
    /// What runs now. Fails with `no_profile` before one is opened.
    GatewayStatusGet = "gateway.status" {} -> GatewayStatus
}
command! {
    /// Opens a profile and starts its gateway; closes the one before.
    ProfileOpen = "profile.open" { kind: ProfileKind } -> GatewayStatus
}
command! {
    /// Puts a provider's key into the keychain (or this session's memory), under the entry that the provider names, and
    /// uses it at once. Fails for a provider that is unknown or takes no key from the keychain.
    SecretsSet = "secrets.set" { provider: String, secret: Secret } -> ()
}
