//! The steps by which a connection is tested and made.

use serde::{Deserialize, Serialize};

/// What is looked at, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Dns,
    Tcp,
    Ssh,
    Tls,
    Login,
    Rights,
    Schema,
    Clock,
    Latency,
}

impl StepKind {
    /// Every step, in order.
    pub const ALL: [StepKind; 9] = [
        StepKind::Dns,
        StepKind::Tcp,
        StepKind::Ssh,
        StepKind::Tls,
        StepKind::Login,
        StepKind::Rights,
        StepKind::Schema,
        StepKind::Clock,
        StepKind::Latency,
    ];

    /// As people read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StepKind::Dns => "Name (DNS)",
            StepKind::Tcp => "Network (TCP)",
            StepKind::Ssh => "SSH tunnel",
            StepKind::Tls => "Encryption (TLS)",
            StepKind::Login => "Login",
            StepKind::Rights => "Rights",
            StepKind::Schema => "Schema",
            StepKind::Clock => "Clocks",
            StepKind::Latency => "Latency",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    Ok,
    /// It works, and somebody should look at it.
    Warned,
    /// Nothing after it was tried.
    Failed,
    /// This profile does not need it.
    Skipped,
    /// An earlier step failed.
    NotReached,
}

/// One step and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestStep {
    pub kind: StepKind,
    pub outcome: StepOutcome,
    /// What was found.
    pub said: String,
    /// What to do about it; empty when nothing.
    pub advice: String,
    pub took_ms: i64,
}
