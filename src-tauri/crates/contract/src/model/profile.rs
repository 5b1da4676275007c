//! Connection profiles: where a production database is and how it is reached, without any secret.

mod check;
mod test_step;

pub use check::check;
pub use test_step::{StepKind, StepOutcome, TestStep};

use serde::{Deserialize, Serialize};

/// What a database is used for. The word stands in every window on it, beside the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentWord {
    Development,
    Staging,
    Production,
}

impl EnvironmentWord {
    pub const ALL: [EnvironmentWord; 3] = [
        EnvironmentWord::Production,
        EnvironmentWord::Staging,
        EnvironmentWord::Development,
    ];

    /// As it stands in titles and bands.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EnvironmentWord::Development => "DEVELOPMENT",
            EnvironmentWord::Staging => "STAGING",
            EnvironmentWord::Production => "PRODUCTION",
        }
    }
}

/// The colour of a profile's band. Never the only sign: name and word stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandColour {
    Red,
    Orange,
    Green,
    Blue,
    Violet,
    Grey,
}

impl BandColour {
    pub const ALL: [BandColour; 6] = [
        BandColour::Red,
        BandColour::Orange,
        BandColour::Green,
        BandColour::Blue,
        BandColour::Violet,
        BandColour::Grey,
    ];

    /// As people and style sheets name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BandColour::Red => "red",
            BandColour::Orange => "orange",
            BandColour::Green => "green",
            BandColour::Blue => "blue",
            BandColour::Violet => "violet",
            BandColour::Grey => "grey",
        }
    }
}

/// How the server must prove who it is, in Postgres's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// A certificate of a known authority, for this host.
    #[default]
    VerifyFull,
    /// A certificate of a known authority, for whichever host.
    VerifyCa,
    /// Encrypted, to whoever answers.
    Require,
    /// Not encrypted.
    Disable,
}

impl TlsMode {
    pub const ALL: [TlsMode; 4] = [
        TlsMode::VerifyFull,
        TlsMode::VerifyCa,
        TlsMode::Require,
        TlsMode::Disable,
    ];

    /// As `sslmode` has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            TlsMode::VerifyFull => "verify-full",
            TlsMode::VerifyCa => "verify-ca",
            TlsMode::Require => "require",
            TlsMode::Disable => "disable",
        }
    }
}

/// A way through a host that one can log in to, by the system's own `ssh` with its configuration, agent and known hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshTunnel {
    /// A host, or an alias of `~/.ssh/config`.
    pub host: String,
    /// Empty: as ssh's configuration says.
    #[serde(default)]
    pub user: String,
    /// 0: as ssh's configuration says.
    #[serde(default)]
    pub port: u16,
    /// `user@host:port` of a host on the way; empty for none.
    #[serde(default)]
    pub jump: String,
}

/// Where a database is, and how a window on it looks. Passwords are in the keychain, and a profile holds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionProfile {
    /// Unique; typed to unlock.
    pub name: String,
    pub environment: EnvironmentWord,
    pub colour: BandColour,
    pub host: String,
    pub port: u16,
    pub database: String,
    /// The role that reads; `weir_viewer` or a member of it.
    pub user: String,
    /// The role that an unlocked window changes things with; empty: this profile can never be unlocked.
    #[serde(default)]
    pub admin_user: String,
    #[serde(default)]
    pub tls: TlsMode,
    /// Why the server need not prove who it is; must be given for every mode but verify-full.
    #[serde(default)]
    pub tls_reason: String,
    /// Paths of PEM files; empty for none (the authorities that the system knows).
    #[serde(default)]
    pub ca_file: String,
    #[serde(default)]
    pub client_cert_file: String,
    #[serde(default)]
    pub client_key_file: String,
    #[serde(default)]
    pub ssh: Option<SshTunnel>,
    /// The longest time for which the window is unlocked.
    pub auto_lock_minutes: u16,
}

impl ConnectionProfile {
    /// A new one, as careful as can be.
    #[must_use]
    pub fn new() -> ConnectionProfile {
        ConnectionProfile {
            name: String::new(),
            environment: EnvironmentWord::Production,
            colour: BandColour::Red,
            host: String::new(),
            port: 5432,
            database: "weir".to_owned(),
            user: "weir_viewer".to_owned(),
            admin_user: "weir_admin".to_owned(),
            tls: TlsMode::VerifyFull,
            tls_reason: String::new(),
            ca_file: String::new(),
            client_cert_file: String::new(),
            client_key_file: String::new(),
            ssh: None,
            auto_lock_minutes: 15,
        }
    }

    /// `acme-eu · PRODUCTION`: how windows, titles and messages call it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} · {}", self.name, self.environment.word())
    }

    /// `weir_viewer@db.example.com:5432/weir`: where it leads, for people.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

impl Default for ConnectionProfile {
    fn default() -> ConnectionProfile {
        ConnectionProfile::new()
    }
}

/// A profile as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileState {
    pub profile: ConnectionProfile,
    /// Whether the passwords of the two roles are known, in the keychain or for this session.
    pub has_password: bool,
    pub has_admin_password: bool,
    /// A window on it is open.
    pub is_open: bool,
}

/// A connection URL, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadUrl {
    /// What the URL says, the rest as in a new profile.
    pub profile: ConnectionProfile,
    /// Its password, to be saved into the keychain.
    pub password: Option<crate::model::secret::Secret>,
    /// Parameters that Weir does not use, by name.
    pub ignored: Vec<String>,
}

/// How an attached window stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedState {
    pub name: String,
    pub environment: EnvironmentWord,
    pub colour: BandColour,
    /// `weir_viewer@db.example.com:5432/weir`.
    pub place: String,
    pub tls: TlsMode,
    pub through_ssh: bool,
    /// The role that reads, as the server names it.
    pub role: String,
    /// The profile names a role that may change things.
    pub can_unlock: bool,
    /// The longest unlock, and the one that is offered.
    pub auto_lock_minutes: u16,
    /// Set while unlocked: when it locks by itself.
    pub unlocked_until_ms: Option<i64>,
    /// When the database last answered.
    pub as_of_ms: i64,
    /// Set while the database does not answer.
    pub lost: Option<LostLink>,
}

/// The connection is gone and is being made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostLink {
    /// How often it was tried since.
    pub attempt: u32,
    /// What the last try said.
    pub problem: String,
}
