//! Small parts that several pages use, one file each.

pub mod adding;
pub mod badge;
pub mod band;
pub mod confirm;
pub mod conflict;
pub mod copy;
pub mod delete;
pub mod field;
pub mod gauge;
pub mod icon;
pub mod nav;
pub mod notice;
pub mod range_picker;
pub mod state;
pub mod topbar;
