//! What a spending process is told to do, as it stands on its command line.

use std::path::PathBuf;
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapManner, CapPeriod, CapScope, CapStep},
};

/// Amounts in nano-dollars.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The URL of a Postgres, or the path of a SQLite file.
    pub(crate) database: String,
    /// Where it writes what it is billed.
    pub(crate) bills: PathBuf,
    pub(crate) gateway_id: String,
    pub(crate) seed: u64,
    pub(crate) callers: u64,
    pub(crate) calls: i64,
    pub(crate) limit: i64,
    /// The most that a call can cost; each draws its own worst case up to here.
    pub(crate) dearest: i64,
    pub(crate) slowest_ms: i64,
    /// It ends when nothing fitted for so long.
    pub(crate) patience_ms: u64,
}

#[allow(dead_code, reason = "the test writes it, the process reads it")]
impl Plan {
    pub(crate) fn cap(&self) -> Cap {
        Cap {
            name: "shared".into(),
            scope: CapScope::Global,
            // So long that no test lies across its end, except one in a million.
            period: CapPeriod::Month,
            time_zone: "UTC".into(),
            limit_nanousd: NanoUsd(self.limit),
            steps: CapStep::tell_and_refuse(80),
            enabled: true,
            manner: CapManner::default(),
        }
    }

    pub(crate) fn arguments(&self) -> Vec<String> {
        vec![
            self.database.clone(),
            self.bills.display().to_string(),
            self.gateway_id.clone(),
            self.seed.to_string(),
            self.callers.to_string(),
            self.calls.to_string(),
            self.limit.to_string(),
            self.dearest.to_string(),
            self.slowest_ms.to_string(),
            self.patience_ms.to_string(),
        ]
    }

    pub(crate) fn read(arguments: &[String]) -> Plan {
        Plan {
            database: arguments[0].clone(),
            bills: arguments[1].clone().into(),
            gateway_id: arguments[2].clone(),
            seed: arguments[3].parse().unwrap(),
            callers: arguments[4].parse().unwrap(),
            calls: arguments[5].parse().unwrap(),
            limit: arguments[6].parse().unwrap(),
            dearest: arguments[7].parse().unwrap(),
            slowest_ms: arguments[8].parse().unwrap(),
            patience_ms: arguments[9].parse().unwrap(),
        }
    }
}
