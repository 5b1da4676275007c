//! The database's URL: which store it means, and how it is shown without its password.

use super::ConfigError;
use std::{fmt, path::PathBuf};

/// A database URL, which may hold a password: only [`DatabaseUrl::expose`] shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl From<String> for DatabaseUrl {
    fn from(url: String) -> DatabaseUrl {
        DatabaseUrl(url)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.starts_with("sqlite:") {
            return formatter.write_str(&self.0);
        }
        match url::Url::parse(&self.0) {
            Ok(mut url) => {
                // Fails where there can be no password.
                let _ = url.set_password(None);
                // TLS files and the like are nobody's secret, but a password can stand among them.
                url.set_query(None);
                formatter.write_str(url.as_str())
            }
            Err(_) => formatter.write_str("(no URL)"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The store that a URL means.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    Sqlite(PathBuf),
    /// The whole URL, with its password.
    Postgres(String),
}

impl DatabaseUrl {
    /// The URL with its password.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The store it means: `sqlite:///var/lib/weir/weir.db`, `sqlite://weir.db` or `postgres://user@host/database`.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for other kinds of database.
    pub fn database(&self) -> Result<Database, ConfigError> {
        if let Some(path) = self.0.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
            return Ok(Database::Sqlite(PathBuf::from(path)));
        }
        if self.0.starts_with("postgres://") || self.0.starts_with("postgresql://") {
            return Ok(Database::Postgres(self.0.clone()));
        }
        Err(ConfigError::Invalid(
            "the database URL must look like sqlite:///absolute/path/weir.db or postgres://user@host:5432/database"
                .to_owned(),
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_store_and_hides_its_password() {
        let url = DatabaseUrl::from(
            "postgres://weir:hush@db.example.com:5433/weir?sslmode=require&password=hush".to_owned(),
        );
        assert!(matches!(url.database().unwrap(), Database::Postgres(_)));
        assert_eq!(url.to_string(), "postgres://weir@db.example.com:5433/weir");
        assert!(!format!("{url:?}").contains("hush"));
        let url = DatabaseUrl::from("sqlite:///tmp/weir.db".to_owned());
        assert!(url.database().unwrap() == Database::Sqlite(PathBuf::from("/tmp/weir.db")));
        assert_eq!(url.to_string(), "sqlite:///tmp/weir.db");
        for wrong in ["mysql://x", "sqlite://", "/tmp/weir.db", ""] {
            let problem = DatabaseUrl::from(wrong.to_owned())
                .database()
                .err()
                .unwrap()
                .to_string();
            assert!(
                problem.contains("sqlite:///") && problem.contains("postgres://"),
                "{problem}"
            );
        }
    }
}
