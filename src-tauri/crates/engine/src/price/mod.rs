//! Prices of models and what a call's tokens cost.

#[cfg(test)]
mod bills;
pub mod charge;
pub mod overrides;
pub mod row;
pub mod source;
pub mod table;
#[cfg(test)]
mod usage_bills;
