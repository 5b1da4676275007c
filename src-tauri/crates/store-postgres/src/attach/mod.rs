//! The way in for a window: few connections, made from the parts of a connection profile, by roles that may little.

mod left_over;
mod open;
mod session;

pub use left_over::end_left_over;
pub use open::{AttachedRole, open_attached};
pub use session::{LoginError, Session, SessionState, log_in};

use crate::open::common;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::{path::PathBuf, time::Duration};
use weir_contract::model::profile::TlsMode;

/// How long a connection may take to be made, with encryption and login.
const LOG_IN_WITHIN: Duration = Duration::from_secs(5);

/// Where a database is and who logs in. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its certificate must be for this host, also behind a tunnel.
    pub host: String,
    pub port: u16,
    /// The folder with the tunnel's socket `.s.PGSQL.<port>`; none without a tunnel.
    pub tunnel: Option<PathBuf>,
    pub database: String,
    pub user: String,
    pub password: Option<SecretString>,
    pub tls: TlsMode,
    pub ca_file: Option<PathBuf>,
    /// PEM files of the client's certificate and its key.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    /// What the server calls the connections of one window, so that they can be told from others of the same role.
    pub window: String,
}

impl Route {
    /// The same way in for somebody else.
    #[must_use]
    pub fn as_user(&self, user: &str, password: Option<SecretString>) -> Route {
        Route {
            user: user.to_owned(),
            password,
            ..self.clone()
        }
    }

    fn options(&self, role: AttachedRole) -> PgConnectOptions {
        let mode = match self.tls {
            TlsMode::VerifyFull => PgSslMode::VerifyFull,
            TlsMode::VerifyCa => PgSslMode::VerifyCa,
            TlsMode::Require => PgSslMode::Require,
            TlsMode::Disable => PgSslMode::Disable,
        };
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .database(&self.database)
            .username(&self.user)
            .ssl_mode(mode);
        if let Some(folder) = &self.tunnel {
            options = options.socket(folder);
        }
        if let Some(password) = &self.password {
            options = options.password(password.expose_secret());
        }
        if let Some(file) = &self.ca_file {
            options = options.ssl_root_cert(file);
        }
        if let Some((cert, key)) = &self.client_cert {
            options = options.ssl_client_cert(cert).ssl_client_key(key);
        }
        let name = format!("weir {} {}", env!("CARGO_PKG_VERSION"), self.window);
        common(options)
            .application_name(name.trim_end())
            .options(role.settings())
    }
}
