//! A window on a shared database: tested, connected, read, unlocked, locked, cut off and back.

mod comes_back;
#[cfg(target_os = "linux")]
mod desktop;
#[cfg(target_os = "linux")]
mod held;
#[cfg(target_os = "linux")]
mod real_network;
mod steps;
mod tunnel;
mod unlock;

use crate::wire::Wire;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use support::postgres::TestDatabase;
use weir_contract::{
    ApiError,
    model::{
        catalog::KeySource,
        profile::{ConnectionProfile, TlsMode},
    },
};
use weir_engine::{
    clock::{Clock, SystemClock},
    provider::SecretSource,
};
use weir_gateway::attach::{Attached, Options};

/// The tests' server asks for no password.
struct NoPasswords;

impl SecretSource for NoPasswords {
    fn secret(&self, _: &KeySource) -> Option<SecretString> {
        None
    }
}

/// A clock that a test puts forward.
struct Shifted {
    clock: SystemClock,
    ahead_ms: AtomicI64,
}

impl Shifted {
    fn new() -> Arc<Shifted> {
        Arc::new(Shifted {
            clock: SystemClock::new(),
            ahead_ms: AtomicI64::new(0),
        })
    }
}

impl Clock for Shifted {
    fn now_ms(&self) -> i64 {
        self.clock.now_ms() + self.ahead_ms.load(Ordering::Relaxed)
    }
    fn monotonic_us(&self) -> u64 {
        self.clock.monotonic_us() + self.ahead_ms.load(Ordering::Relaxed).unsigned_abs() * 1000
    }
}

fn options(clock: Arc<Shifted>) -> Options {
    Options {
        secrets: Arc::new(NoPasswords),
        clock,
        ssh: PathBuf::from("ssh"),
    }
}

/// A profile that leads through the wire; the tests' own server speaks no TLS.
fn profile(port: u16, database: &TestDatabase) -> ConnectionProfile {
    profile_at("localhost", port, database)
}

fn profile_at(host: &str, port: u16, database: &TestDatabase) -> ConnectionProfile {
    ConnectionProfile {
        name: "acme-eu".to_owned(),
        host: host.to_owned(),
        port,
        database: database.name().to_owned(),
        tls: TlsMode::Disable,
        tls_reason: "the server of the tests is on this machine".to_owned(),
        ..ConnectionProfile::new()
    }
}

async fn connected(wire: &Wire, database: &TestDatabase, clock: Arc<Shifted>) -> Arc<Attached> {
    let (steps, attached) = Attached::connect(profile(wire.port, database), options(clock)).await;
    attached.unwrap_or_else(|problem| panic!("{problem}\n{steps:#?}"))
}

/// A cap of an administrator, as a window would make it.
fn cap(limit_nanousd: i64, version: i64) -> Value {
    json!({
        "cap": {
            "name": "global-daily", "scope": { "kind": "global" }, "period": "day", "time_zone": "UTC",
            "limit_nanousd": limit_nanousd, "action": "refuse", "alert_percent": 80, "enabled": true
        },
        "expected_version": version
    })
}

/// Asks until the answer is as wanted, and says how long that took.
async fn until(within: Duration, mut wanted: impl AsyncFnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !wanted().await {
        assert!(since.elapsed() < within, "not within {within:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    since.elapsed()
}

async fn call(attached: &Attached, name: &str, args: Value) -> Result<Value, ApiError> {
    attached.call(name, args).await
}
