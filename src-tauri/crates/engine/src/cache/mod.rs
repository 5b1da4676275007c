//! The response cache: an answer bought once serves every identical call. Knows nothing of HTTP and nothing of providers.

mod canonical;
pub mod entry;
pub mod flight;
pub mod key;
pub mod memory;
pub mod semantic;
pub mod shared;
