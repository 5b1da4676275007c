//! The section `[redis]`: where it is, and how long it is waited for.

use super::{ConfigError, Environment};
use secrecy::SecretString;
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};
use weir_store_redis::Timeouts;

/// The section as it stands in the file. Without an address there is no Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSection {
    /// `redis://host:6379` or `rediss://user@host:6379`, without the password.
    pub url: Option<String>,
    /// Name of the environment variable that holds the password.
    pub password_env: Option<String>,
    /// The certificate authority of a server that the system does not trust, as PEM.
    pub ca_file: Option<PathBuf>,
    pub connect_ms: u64,
    pub read_ms: u64,
    pub write_ms: u64,
    /// Whether slots of limits are kept in Redis instead of in the database.
    pub limits: bool,
}

impl Default for RedisSection {
    fn default() -> RedisSection {
        let usual = Timeouts::default();
        let ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        RedisSection {
            url: None,
            password_env: None,
            ca_file: None,
            connect_ms: ms(usual.connect),
            read_ms: ms(usual.read),
            write_ms: ms(usual.write),
            limits: true,
        }
    }
}

/// A Redis that is to be used.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// With its password, where it came from the environment.
    pub url: SecretString,
    pub password_env: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub timeouts: Timeouts,
    pub limits: bool,
}

impl RedisSection {
    /// Lays the environment over the section.
    ///
    /// # Errors
    /// A password in the file, or waits that make no sense.
    pub(super) fn combine(&self, environment: &Environment) -> Result<Option<RedisConfig>, ConfigError> {
        let invalid = |problem: &str| Err(ConfigError::Invalid(problem.to_owned()));
        let has_password = |url: &str| url::Url::parse(url).is_ok_and(|url| url.password().is_some());
        if self.url.as_deref().is_some_and(has_password) {
            return invalid(
                "redis.url holds a password, which must not stand in a file: leave it out and name an environment variable in redis.password_env, or set WEIR_REDIS_URL",
            );
        }
        let Some(url) = environment.redis().or_else(|| self.url.clone()) else {
            return Ok(None);
        };
        for wait_ms in [self.connect_ms, self.read_ms, self.write_ms] {
            if !(1..=10_000).contains(&wait_ms) {
                return invalid("redis.connect_ms, read_ms and write_ms must be between 1 and 10000");
            }
        }
        Ok(Some(RedisConfig {
            url: url.into(),
            password_env: self.password_env.clone(),
            ca_file: self.ca_file.clone(),
            timeouts: Timeouts {
                connect: Duration::from_millis(self.connect_ms),
                read: Duration::from_millis(self.read_ms),
                write: Duration::from_millis(self.write_ms),
            },
            limits: self.limits,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::RedisSection;
    use crate::config::Environment;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::from_pairs(owned)
    }

    #[test]
    fn the_environment_wins_and_its_password_is_never_shown() {
        let section = RedisSection {
            url: Some("redis://elsewhere:6379".into()),
            ..RedisSection::default()
        };
        let none = RedisSection::default()
            .combine(&environment(&[]))
            .expect("nothing is wrong");
        assert!(none.is_none());
        let variables = environment(&[("WEIR_REDIS_URL", "rediss://default:hush@db:6380")]);
        let config = section.combine(&variables).expect("good").expect("there is one");
        assert!(!format!("{config:?}").contains("hush"));
        use secrecy::ExposeSecret;
        assert_eq!(config.url.expose_secret(), "rediss://default:hush@db:6380");
    }

    #[test]
    fn a_password_in_the_file_and_endless_waits_are_refused() {
        let section = |url: &str, read_ms| RedisSection {
            url: Some(url.into()),
            read_ms,
            ..RedisSection::default()
        };
        let problem =
            |section: RedisSection| section.combine(&environment(&[])).expect_err("wrong").to_string();
        let said = problem(section("redis://:hush@db", 25));
        assert!(said.contains("password_env") && !said.contains("hush"), "{said}");
        assert!(problem(section("redis://db", 0)).contains("read_ms"));
        assert!(problem(section("redis://db", 60_000)).contains("read_ms"));
    }
}
