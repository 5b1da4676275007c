//! What the page and the engine both say. No I/O, no clock; compiles to WebAssembly.
//!
//! - [`money`]: nano-dollars, the only money type.
//! - [`model`]: the nouns (request, cap, limit, rollout, provider …), one file each.
//! - [`command`]: one type per operation, with its name, arguments and reply.
//! - [`error`]: the closed list of error codes that cross the boundary.

pub mod command;
pub mod error;
pub mod model;
pub mod money;

pub use command::Command;
pub use error::{ApiError, ErrorCode};
pub use money::NanoUsd;
