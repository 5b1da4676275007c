//! Attaching to a database that gateways share: profiles, the way there, and what a window on it may do.
//!
//! - [`book`]: the profiles, in a file without secrets. [`read_url`]: one from a connection URL.
//! - [`walk`]: the one way to a database, step by step; a test goes it, and so does a connection.
//! - [`Attached`]: a connection that stays: reads, unlocks, locks itself, and comes back after it was lost.

pub mod book;
mod left_over;
mod link;
mod lock;
mod read_url;
mod session;
mod steps;
mod unlock;
mod walk;

pub use read_url::read_url;
pub use session::{Attached, Options};
pub use walk::{Walked, walk};

use weir_contract::model::{catalog::KeySource, profile::ConnectionProfile};

/// The keychain's entry of a role's password. It names the place that the password is for, so that a profile which is led
/// elsewhere does not take it along.
#[must_use]
pub fn password_entry(profile: &ConnectionProfile, user: &str) -> String {
    let through = match &profile.ssh {
        Some(ssh) => format!(" through {}", ssh.host),
        None => String::new(),
    };
    format!(
        "connection:{user}@{}:{}/{}{through}",
        profile.host, profile.port, profile.database
    )
}

fn password_source(profile: &ConnectionProfile, user: &str) -> KeySource {
    KeySource::Keychain(password_entry(profile, user))
}
