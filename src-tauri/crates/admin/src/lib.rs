//! Every dashboard operation as a plain async function. No HTTP, no SQL, no window.
//!
//! - A noun is a folder, a verb is a file: `caps/save.rs` holds the body, the errors and the tests of `caps.save`.
//! - [`call`] reaches all of them by name, for scripts and the window alike.
//! - [`Live`] is what only a running engine knows; [`Offline`] answers where none runs.
//!
//! To add an operation: declare the command in `contract`, write its file here, add its line in `dispatch.rs`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")
)]

pub mod alerts;
pub mod audit;
pub mod backups;
pub mod cache;
pub mod caps;
pub mod channels;
pub mod charts;
pub mod gateways;
pub mod intents;
pub mod keys;
pub mod ledger;
pub mod limits;
pub mod overview;
pub mod providers;
pub mod requests;
pub mod rollouts;
pub mod semantic;
pub mod tiers;

mod check;
mod config;
mod dispatch;
mod live;
mod offline;
mod reads;
mod span;
mod store_error;

pub use dispatch::{COMMAND_NAMES, call};
pub use live::{LimitActivity, Live};
pub use offline::Offline;
pub use reads::only_reads;
pub use store_error::from_store;

use std::sync::Arc;
use weir_contract::model::change::Actor;
use weir_engine::{change::Act, clock::Clock, store::Store};

/// What every operation works on.
#[derive(Clone)]
pub struct Admin {
    pub store: Arc<dyn Store>,
    pub live: Arc<dyn Live>,
    pub clock: Arc<dyn Clock>,
    /// Who acts, as written beside every change.
    pub actor: Actor,
    pub occasion: Occasion,
}

/// What an operation is done for, as the log of changes keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Occasion {
    /// The operation's name: `caps.save`.
    pub command: String,
    /// Empty when none was given.
    pub reason: String,
    /// The change that is taken back.
    pub undoes: Option<i64>,
}

impl Admin {
    /// The same, on this occasion.
    #[must_use]
    pub fn on(&self, occasion: Occasion) -> Admin {
        Admin {
            occasion,
            ..self.clone()
        }
    }

    /// The same, running this operation for the reason given before.
    #[must_use]
    pub fn doing(&self, command: &str) -> Admin {
        self.on(Occasion {
            command: command.to_owned(),
            ..self.occasion.clone()
        })
    }

    /// What every write of this operation is handed.
    #[must_use]
    pub fn act(&self) -> Act {
        Act {
            actor: self.actor.clone(),
            command: self.occasion.command.clone(),
            reason: self.occasion.reason.clone(),
            undoes: self.occasion.undoes,
            now_ms: self.clock.now_ms(),
        }
    }
}
