//! What the system tests share.

#[cfg(target_os = "linux")]
pub mod window;
