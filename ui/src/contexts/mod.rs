//! What every screen shares, one file each.

pub mod clock;
pub mod live;
pub mod query;
pub mod range;
pub mod roster;
pub mod shell;
pub mod theme;

pub use query::{Query, query};
pub use range::RangeChoice;
pub use shell::{Shell, use_shell};
