//! Every operation of the dashboard, once: its name, its arguments, its reply.
//!
//! To add one: write the type here, its body in `admin/<noun>/<verb>.rs`, its line in `admin::dispatch`
//! and its line in the shell. The name is `noun.verb`.

pub mod alerts;
pub mod audit;
pub mod backups;
pub mod cache;
pub mod caps;
pub mod channels;
pub mod charts;
pub mod gateway;
pub mod gateways;
pub mod keys;
pub mod ledger;
pub mod limits;
pub mod overview;
pub mod profiles;
pub mod providers;
pub mod requests;
pub mod rollouts;
pub mod semantic;

use serde::{Serialize, de::DeserializeOwned};

/// One operation. The type is its arguments.
pub trait Command: Serialize + DeserializeOwned {
    /// `noun.verb`, unique.
    const NAME: &'static str;
    /// What a success returns.
    type Reply: Serialize + DeserializeOwned;
}

/// Declares a command: its arguments as a struct, its name and its reply.
macro_rules! command {
    ($(#[$doc:meta])* $name:ident = $wire:literal { $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)? } -> $reply:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),* }
        impl $crate::command::Command for $name {
            const NAME: &'static str = $wire;
            type Reply = $reply;
        }
    };
}
pub(crate) use command;
