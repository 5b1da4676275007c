//! The commented configuration that `weir-gateway example-config` prints.

/// A complete, valid configuration.
pub const EXAMPLE: &str = include_str!("example.toml");
