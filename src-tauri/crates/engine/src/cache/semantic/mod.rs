//! The semantic cache: an answer given to a question that means the same, as often as it is safe and no oftener.
//!
//! Read in this order. [`namespace`] says among which questions similarity may be asked at all. [`embedder`] turns a
//! question into a vector and [`index`] finds the nearest ones. [`guards`] object to differences that vectors do not
//! show, [`features`] puts all that is known of a neighbour into numbers, and [`policy`] learns from labelled pairs how
//! sure it may be and holds the share of wrong hits under what the admin allows. All of that is pure: no clock, no
//! randomness, no I/O. [`agreement`] compares answers for labels; [`running`] is what a gateway holds of it in memory, and
//! `pipeline/semantic/` puts it between the exact cache and the call.

pub mod agreement;
pub mod answers;
mod bounded;
pub mod candidates;
pub mod difference;
#[cfg(test)]
mod draw;
pub mod embedder;
pub mod features;
pub mod guards;
pub mod index;
pub mod namespace;
#[cfg(test)]
mod namespace_hostile_tests;
#[cfg(test)]
mod namespace_tests;
pub mod policy;
pub mod running;
pub mod words;
