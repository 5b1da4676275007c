//! What a profile must be like before it is kept: every part ends in a command line, a connection or a title.

use super::{ConnectionProfile, SshTunnel, TlsMode};

/// Longer names do not fit into a band or a title.
const LONGEST_NAME: usize = 60;
const LONGEST_PART: usize = 253;
const LONGEST_REASON: usize = 500;
/// Longest time unlocked: a working day would be no lock.
const LONGEST_UNLOCK_MINUTES: u16 = 60;

/// Looks at every part.
///
/// # Errors
/// A sentence that says which part is wrong and what it must be like.
pub fn check(profile: &ConnectionProfile) -> Result<(), String> {
    let name = &profile.name;
    if name.trim().is_empty() || name.trim() != name || name.chars().count() > LONGEST_NAME {
        return Err(format!(
            "Give the profile a name of up to {LONGEST_NAME} characters, without spaces at its ends."
        ));
    }
    if name.chars().any(is_invisible) {
        return Err(
            "The name holds characters that cannot be seen; two profiles could look alike.".to_owned(),
        );
    }
    host("host", &profile.host)?;
    if profile.port == 0 {
        return Err("The port must be between 1 and 65535; Postgres usually has 5432.".to_owned());
    }
    word("database", &profile.database)?;
    word("user", &profile.user)?;
    if !profile.admin_user.is_empty() {
        word("admin user", &profile.admin_user)?;
        if profile.admin_user == profile.user {
            return Err("The admin user must be another than the user that reads, or a locked window could write. Name weir_admin, or leave it empty.".to_owned());
        }
    }
    tls(profile)?;
    if let Some(ssh) = &profile.ssh {
        tunnel(ssh)?;
    }
    if !(1..=LONGEST_UNLOCK_MINUTES).contains(&profile.auto_lock_minutes) {
        return Err(format!(
            "The window must lock itself after 1 to {LONGEST_UNLOCK_MINUTES} minutes."
        ));
    }
    Ok(())
}

fn tls(profile: &ConnectionProfile) -> Result<(), String> {
    let reason = profile.tls_reason.trim();
    if profile.tls != TlsMode::VerifyFull && (reason.is_empty() || reason.len() > LONGEST_REASON) {
        return Err(format!(
            "With {} anybody between here and the server can pose as it. Use verify-full, or write down in a sentence why not.",
            profile.tls.word()
        ));
    }
    if profile.client_cert_file.is_empty() != profile.client_key_file.is_empty() {
        return Err("A client certificate needs both files: the certificate and its key.".to_owned());
    }
    for (what, path) in [
        ("CA file", &profile.ca_file),
        ("client certificate", &profile.client_cert_file),
        ("client key", &profile.client_key_file),
    ] {
        if path.chars().any(is_invisible) {
            return Err(format!(
                "The path of the {what} holds characters that cannot be seen."
            ));
        }
    }
    Ok(())
}

fn tunnel(ssh: &SshTunnel) -> Result<(), String> {
    host("SSH host", &ssh.host)?;
    if !ssh.user.is_empty() {
        word("SSH user", &ssh.user)?;
    }
    for hop in ssh.jump.split(',').filter(|_| !ssh.jump.is_empty()) {
        let (user, rest) = hop.rsplit_once('@').unwrap_or(("", hop));
        if !user.is_empty() {
            word("user of the SSH jump host", user)?;
        }
        let (name, port) = rest.rsplit_once(':').unwrap_or((rest, "22"));
        host("SSH jump host", name)?;
        if port.parse::<u16>().is_err() {
            return Err("The SSH jump host must look like user@host:22.".to_owned());
        }
    }
    Ok(())
}

/// A name, an alias or an address; nothing that a command line could take for an option.
fn host(what: &str, text: &str) -> Result<(), String> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if text.is_empty() || text.len() > LONGEST_PART || text.starts_with('-') || !text.chars().all(known) {
        return Err(format!(
            "The {what} must be a name or an address, such as db.example.com or 10.0.0.7."
        ));
    }
    Ok(())
}

fn word(what: &str, text: &str) -> Result<(), String> {
    let known = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '$');
    if text.is_empty() || text.len() > LONGEST_PART || text.starts_with('-') || !text.chars().all(known) {
        return Err(format!(
            "The {what} is empty or holds characters that it may not hold."
        ));
    }
    Ok(())
}

/// Control characters, and those that change how others are shown.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> ConnectionProfile {
        ConnectionProfile {
            name: "acme-eu".to_owned(),
            host: "db.example.com".to_owned(),
            ..ConnectionProfile::new()
        }
    }

    #[test]
    fn a_new_profile_is_careful_and_a_good_one_passes() {
        assert_eq!(check(&good()), Ok(()));
        assert_eq!(good().tls, TlsMode::VerifyFull);
        let through = SshTunnel {
            host: "bastion".to_owned(),
            user: "ana".to_owned(),
            port: 0,
            jump: "ana@gate.example.com:2222,other".to_owned(),
        };
        let tunnelled = ConnectionProfile {
            ssh: Some(through),
            ..good()
        };
        assert_eq!(check(&tunnelled), Ok(()));
    }

    #[test]
    fn each_wrong_part_is_named() {
        type Spoil = fn(&mut ConnectionProfile);
        let wrong: [(&str, Spoil); 11] = [
            ("name", |p| p.name = " acme".to_owned()),
            ("cannot be seen", |p| p.name = "ac\u{202e}me".to_owned()),
            ("host", |p| p.host = "-oProxyCommand=evil".to_owned()),
            ("port", |p| p.port = 0),
            ("database", |p| p.database = "a b".to_owned()),
            ("another", |p| p.admin_user = p.user.clone()),
            ("verify-full", |p| p.tls = TlsMode::Require),
            ("both files", |p| p.client_cert_file = "/a".to_owned()),
            ("SSH host", |p| {
                p.ssh = Some(SshTunnel {
                    host: "-oProxyCommand=x".to_owned(),
                    ..SshTunnel::default()
                });
            }),
            ("jump", |p| {
                p.ssh = Some(SshTunnel {
                    host: "a".to_owned(),
                    jump: "b,-x".to_owned(),
                    ..SshTunnel::default()
                });
            }),
            ("minutes", |p| p.auto_lock_minutes = 61),
        ];
        for (says, spoil) in wrong {
            let mut profile = good();
            spoil(&mut profile);
            let problem = check(&profile).expect_err(says);
            assert!(problem.contains(says), "{says}: {problem}");
        }
    }
}
