//! What moves over from LiteLLM: its `config.yaml` and its price table.

mod budget;
mod config;
mod prices;
mod providers;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests;
mod told;

pub use config::config;
pub use prices::prices;
