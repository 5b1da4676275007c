//! What the system tests share: a fake provider, a gateway on a database of its own, and the `weir-gateway` binary.
#![allow(
    clippy::missing_panics_doc,
    reason = "everything here panics on purpose: a test then fails"
)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is test code")]

pub mod admitted;
pub mod draw;
pub mod mail;
#[cfg(target_os = "linux")]
pub mod network;
pub mod port;
pub mod postgres;
pub mod postgres_server;
pub mod process;
pub mod receiver;
#[cfg(unix)]
pub mod redis_server;
pub mod roles;
pub mod said;
pub mod stage;
pub mod upstream;
#[cfg(target_os = "linux")]
pub mod window;

use std::time::{Duration, Instant};

/// How long tests wait for what must happen soon.
pub const SOON: Duration = Duration::from_secs(60);

/// Asks until there is an answer, or panics saying what was waited for.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The client of the tests: no proxies, no redirects, no time limit shorter than a test's own.
#[must_use]
pub fn http_client() -> reqwest::Client {
    weir_engine::provider::http_client().expect("a client can be made")
}
