//! Caps on money: the period they count in, the leases they are spent from, and what a call may cost at most.

pub mod ahead;
mod careful;
pub mod counted;
pub mod estimate;
pub mod fence;
#[cfg(test)]
mod fence_model;
pub mod learned_ratio;
pub mod lease;
#[cfg(test)]
mod lease_model;
pub mod lease_size;
#[cfg(test)]
mod lease_world;
pub mod likely;
pub mod need;
pub mod period;
pub mod purse;
pub mod simulate;
pub mod steps;
