//! Who acts, as the operating system knows it.

use crate::config::Environment;
use weir_contract::model::change::Actor;

/// The account that runs this process, coming through this door (`window`, `script`, `gateway`).
#[must_use]
pub fn actor_of(door: &str, profile: &str) -> Actor {
    Actor {
        user: os_user(),
        profile: profile.to_owned(),
        // A file of one's own has no roles: who can open it may do everything.
        role: "owner".to_owned(),
        door: door.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The account by its number, not by `USER`, which whoever starts the program can set.
#[cfg(unix)]
fn os_user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&accounts, uid).unwrap_or_else(|| {
        // Accounts of a directory service are not in the file.
        match Environment::of_process().plain("USER") {
            Some(user) => format!("{user} (uid {uid})"),
            None => format!("uid {uid}"),
        }
    })
}

#[cfg(not(unix))]
fn os_user() -> String {
    Environment::of_process().plain("USERNAME").unwrap_or_default()
}

/// The name of this number in the form of `/etc/passwd`.
#[cfg(unix)]
fn name_in(accounts: &str, uid: u32) -> Option<String> {
    let wanted = uid.to_string();
    accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == wanted).then(|| name.to_owned())
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::{actor_of, name_in};

    #[test]
    fn accounts_are_found_by_number() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nbroken\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(name_in(accounts, 1000).as_deref(), Some("ana"));
        assert_eq!(name_in(accounts, 0).as_deref(), Some("root"));
        assert_eq!(name_in(accounts, 7), None);
        assert!(!actor_of("window", "local").user.is_empty());
    }
}
