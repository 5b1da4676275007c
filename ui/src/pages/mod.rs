//! One folder per screen.

pub mod alerts;
pub mod budgets;
pub mod cache;
pub mod changes;
pub mod connecting;
pub mod connections;
pub mod first_run;
pub mod ledger;
pub mod limits;
pub mod overview;
pub mod request;
pub mod requests;
pub mod rollouts;
pub mod semantic;
pub mod settings;
pub mod start;
