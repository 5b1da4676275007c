//! The nouns, one file each. Plain data: meaning that is the same for the page, the engine and the stores.

pub mod alert;
pub mod backup;
pub mod cache;
pub mod cap;
pub mod catalog;
pub mod change;
pub mod chart;
pub mod gateway;
pub mod key;
pub mod ledger;
pub mod limit;
pub mod profile;
pub mod request;
pub mod rollout;
pub mod secret;
pub mod semantic;
pub mod tier;
pub mod time;
pub mod usage;
