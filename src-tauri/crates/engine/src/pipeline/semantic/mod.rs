//! The semantic cache in the way of a call: after the exact cache, before the caps and the purchase.
//!
//! [`ask`] finds and judges the neighbours of a question; [`learn`] takes what was bought all the same and makes labels of
//! it; [`audit`] buys a share of the hits to know what hits are worth; [`feedback`] takes a person's word.

mod ask;
mod audit;
mod compare;
mod feedback;
mod judge;
mod learn;
mod may_ask;
mod provider_embedder;

pub(super) use ask::{Asked, ask};
pub(super) use audit::served;
pub use feedback::{FeedbackProblem, feedback};
pub(super) use learn::{Bought, learn};
pub use provider_embedder::ProviderEmbedder;
