//! The gateway and the profile as the window shows them.

use serde::{Deserialize, Serialize};

/// Which data the window is looking at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileKind {
    /// Real traffic in this computer's own database.
    Local,
    /// Throw-away sample data, labelled everywhere.
    Sample,
}

/// What runs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayStatus {
    pub profile: ProfileKind,
    /// `http://127.0.0.1:8787`.
    pub address: String,
    /// Set when the wanted port was taken: says which and why.
    pub port_note: String,
    pub version: String,
    /// Number of the newest configuration change that runs.
    pub config_version: i64,
    pub database: String,
    pub started_ms: i64,
    /// What works less than fully at the moment; empty when all is well.
    pub degraded: Vec<String>,
    /// Name of the default provider.
    pub default_provider: String,
    /// Where provider keys are kept: `keychain` or `session` (forgotten when the window closes).
    pub secret_store: String,
}
