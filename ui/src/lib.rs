//! The page: views over what the gateway reports. It speaks only the contract and knows no SQL and no HTTP.
//!
//! - [`backend`]: one `call` for every command, through the shell or, in a plain browser, a labelled fake.
//! - [`contexts`]: what every screen shares (route, range, theme, gateway, refresh).
//! - [`pages`]: one folder per screen; `state.rs` is plain data and tested natively.
//! - [`charts`]: plotters drawing into shapes, shapes into views.
//! - [`components`]: small parts that several pages use.

#![recursion_limit = "256"]

pub mod app;
pub mod backend;
pub mod charts;
pub mod components;
pub mod contexts;
pub mod format;
pub mod local_time;
pub mod pages;
pub mod route;
