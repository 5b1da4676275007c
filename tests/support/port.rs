//! Ports for programs that must be told one before they start.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the ports that systems give to connections: a port from among those can be taken by any connection that another
/// test makes, before the program listens on it or while it is stopped.
const FIRST: u16 = 12_000;
const MANY: u16 = 18_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on, and that this process gives to nobody else.
#[must_use]
pub fn free() -> u16 {
    // Test programs that run at once begin at different places.
    let own = (std::process::id() % u32::from(MANY)) * 97;
    (0..MANY)
        .map(|_| {
            let nth = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let above = u16::try_from((own + nth) % u32::from(MANY)).unwrap_or(0);
            FIRST + above
        })
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
