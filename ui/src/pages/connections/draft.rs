//! What stands in the form of a connection, as text, and the profile that it makes.

use weir_contract::model::profile::{
    BandColour, ConnectionProfile, EnvironmentWord, SshTunnel, TlsMode, check,
};

/// The form's fields as they are typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    pub environment: String,
    pub colour: String,
    pub host: String,
    pub port: String,
    pub database: String,
    pub user: String,
    pub admin_user: String,
    pub tls: String,
    pub tls_reason: String,
    pub ca_file: String,
    pub client_cert_file: String,
    pub client_key_file: String,
    pub through_ssh: bool,
    pub ssh_host: String,
    pub ssh_user: String,
    pub ssh_port: String,
    pub ssh_jump: String,
    pub auto_lock: String,
}

impl Draft {
    /// The form of this profile.
    #[must_use]
    pub fn of(profile: &ConnectionProfile) -> Draft {
        let ssh = profile.ssh.clone().unwrap_or_default();
        Draft {
            name: profile.name.clone(),
            environment: profile.environment.word().to_owned(),
            colour: profile.colour.word().to_owned(),
            host: profile.host.clone(),
            port: profile.port.to_string(),
            database: profile.database.clone(),
            user: profile.user.clone(),
            admin_user: profile.admin_user.clone(),
            tls: profile.tls.word().to_owned(),
            tls_reason: profile.tls_reason.clone(),
            ca_file: profile.ca_file.clone(),
            client_cert_file: profile.client_cert_file.clone(),
            client_key_file: profile.client_key_file.clone(),
            through_ssh: profile.ssh.is_some(),
            ssh_host: ssh.host,
            ssh_user: ssh.user,
            ssh_port: if ssh.port == 0 {
                String::new()
            } else {
                ssh.port.to_string()
            },
            ssh_jump: ssh.jump,
            auto_lock: profile.auto_lock_minutes.to_string(),
        }
    }

    /// The profile that the form makes.
    ///
    /// # Errors
    /// A sentence about the first part that is wrong.
    pub fn read(&self) -> Result<ConnectionProfile, String> {
        let text = |text: &str| text.trim().to_owned();
        let ssh = if self.through_ssh {
            Some(SshTunnel {
                host: text(&self.ssh_host),
                user: text(&self.ssh_user),
                port: match self.ssh_port.trim() {
                    "" => 0,
                    port => number(port, "SSH port")?,
                },
                jump: text(&self.ssh_jump),
            })
        } else {
            None
        };
        let profile = ConnectionProfile {
            name: text(&self.name),
            environment: chosen(&EnvironmentWord::ALL, EnvironmentWord::word, &self.environment)?,
            colour: chosen(&BandColour::ALL, BandColour::word, &self.colour)?,
            host: text(&self.host),
            port: number(self.port.trim(), "port")?,
            database: text(&self.database),
            user: text(&self.user),
            admin_user: text(&self.admin_user),
            tls: chosen(&TlsMode::ALL, TlsMode::word, &self.tls)?,
            tls_reason: text(&self.tls_reason),
            ca_file: text(&self.ca_file),
            client_cert_file: text(&self.client_cert_file),
            client_key_file: text(&self.client_key_file),
            ssh,
            auto_lock_minutes: number(self.auto_lock.trim(), "time until it locks")?,
        };
        check(&profile)?;
        Ok(profile)
    }
}

fn number(text: &str, what: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| format!("The {what} must be a whole number."))
}

fn chosen<T: Copy>(all: &[T], word: fn(T) -> &'static str, text: &str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| word(*one) == text);
    found.ok_or_else(|| format!("\"{text}\" is none of the choices."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_survives_the_form() {
        let profile = ConnectionProfile {
            name: "acme-eu".to_owned(),
            host: "db.example.com".to_owned(),
            colour: BandColour::Violet,
            tls: TlsMode::VerifyCa,
            tls_reason: "the certificate has another name".to_owned(),
            ssh: Some(SshTunnel {
                host: "bastion".to_owned(),
                port: 2222,
                ..SshTunnel::default()
            }),
            ..ConnectionProfile::new()
        };
        assert_eq!(Draft::of(&profile).read(), Ok(profile.clone()));
        let mut draft = Draft::of(&profile);
        draft.port = "x".to_owned();
        assert!(draft.read().is_err_and(|problem| problem.contains("port")));
        draft = Draft::of(&profile);
        draft.tls_reason = String::new();
        assert!(draft.read().is_err_and(|problem| problem.contains("verify-full")));
    }
}
