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
pub mod cache;
pub mod caps;
pub mod channels;
pub mod charts;
pub mod intents;
pub mod keys;
pub mod ledger;
pub mod limits;
pub mod overview;
pub mod providers;
pub mod requests;
pub mod rollouts;
pub mod tiers;

mod check;
mod config;
mod dispatch;
mod live;
mod offline;
mod span;
mod store_error;

pub use dispatch::{COMMAND_NAMES, call};
pub use live::{LimitActivity, Live};
pub use offline::Offline;
pub use store_error::from_store;

use std::sync::Arc;
use weir_engine::{clock::Clock, store::Store};

/// What every operation works on.
#[derive(Clone)]
pub struct Admin {
    pub store: Arc<dyn Store>,
    pub live: Arc<dyn Live>,
    pub clock: Arc<dyn Clock>,
    /// Who acts, as written beside every change: `window`, `script:alice`.
    pub who: String,
}
