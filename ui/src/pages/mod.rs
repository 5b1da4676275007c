//! One folder per screen.

pub mod alerts;
pub mod budgets;
pub mod cache;
pub mod first_run;
pub mod ledger;
pub mod limits;
pub mod overview;
pub mod request;
pub mod requests;
pub mod rollouts;
pub mod settings;
pub mod start;
