//! The log of changes.

mod list;
mod standing;
mod undo;
mod verify;

pub use list::list;
pub use undo::undo;
pub use verify::verify;
