//! Rollouts: who gets the new variant.

pub mod assign;
pub mod effect;
