//! The gateway and the profile as the window shows them.

use crate::model::profile::AttachedState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which data the window is looking at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileKind {
    /// Real traffic in this computer's own database.
    Local,
    /// Throw-away sample data, labelled everywhere.
    Sample,
    /// A database that other gateways share; this window runs none.
    Attached,
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
    /// Set in a window on another database.
    #[serde(default)]
    pub attached: Option<AttachedState>,
}

/// A gateway on the database, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayState {
    pub id: String,
    /// Where it listens, such as `http://10.0.0.4:8787`.
    pub address: String,
    /// Of its program.
    pub version: String,
    /// Number of the newest configuration change that it runs.
    pub config_version: i64,
    /// Why a newer configuration does not run there; empty when nothing is wrong.
    pub config_problem: String,
    /// Where it counts limits: host and port of a Redis, empty for the database.
    #[serde(default)]
    pub limits_at: String,
    pub started_ms: i64,
    pub last_beat_ms: i64,
    /// Not heard of for so long that the others take back its money.
    pub is_silent: bool,
}

/// All gateways on the database, against its newest configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GatewayFleet {
    /// Number of the newest configuration change.
    pub config_version: i64,
    /// The longest running first. A gateway leaves the list when it stops, or is found dead.
    pub gateways: Vec<GatewayState>,
}

impl GatewayFleet {
    /// How many run the newest configuration.
    #[must_use]
    pub fn up_to_date(&self) -> usize {
        let is_new = |one: &&GatewayState| one.config_version >= self.config_version;
        self.gateways.iter().filter(is_new).count()
    }

    /// What is wrong where living gateways count limits in different places; none where they agree.
    #[must_use]
    pub fn limits_apart(&self) -> Option<String> {
        let mut places = BTreeMap::<&str, usize>::new();
        for one in self.gateways.iter().filter(|one| !one.is_silent) {
            *places.entry(one.limits_at.as_str()).or_default() += 1;
        }
        if places.len() < 2 {
            return None;
        }
        let named = places.iter().map(|(place, count)| match *place {
            "" => format!("the database ({count})"),
            redis => format!("the Redis {redis} ({count})"),
        });
        Some(format!(
            "Gateways count limits in different places: {}. Each of them allows the whole of every limit; give all gateways the same [redis].",
            named.collect::<Vec<_>>().join(", ")
        ))
    }

    /// `v128 on 3 of 4 gateways`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let all = self.gateways.len();
        let noun = if all == 1 { "gateway" } else { "gateways" };
        format!(
            "v{} on {} of {all} {noun}",
            self.config_version,
            self.up_to_date()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{GatewayFleet, GatewayState};

    fn gateway(limits_at: &str, is_silent: bool) -> GatewayState {
        GatewayState {
            id: "g".to_owned(),
            address: "http://10.0.0.4:8787".to_owned(),
            version: "1.0.0".to_owned(),
            config_version: 7,
            config_problem: String::new(),
            limits_at: limits_at.to_owned(),
            started_ms: 0,
            last_beat_ms: 0,
            is_silent,
        }
    }

    fn said(gateways: Vec<GatewayState>) -> Option<String> {
        let fleet = GatewayFleet {
            config_version: 7,
            gateways,
        };
        fleet.limits_apart()
    }

    #[test]
    fn limits_that_are_counted_apart_are_named() {
        assert_eq!(said(vec![]), None);
        assert_eq!(said(vec![gateway("", false), gateway("", false)]), None);
        let dead = vec![gateway("cache:6379", false), gateway("", true)];
        assert_eq!(said(dead), None, "a dead gateway counts nothing");
        let apart = vec![
            gateway("cache:6379", false),
            gateway("", false),
            gateway("", false),
        ];
        let text = said(apart).unwrap();
        assert!(
            text.contains("the database (2), the Redis cache:6379 (1)"),
            "{text}"
        );
    }
}
