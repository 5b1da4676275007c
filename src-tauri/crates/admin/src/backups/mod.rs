//! Backups of the database.

mod list;
mod make;
mod round;

pub use list::list;
pub use make::make;
pub use round::round;
