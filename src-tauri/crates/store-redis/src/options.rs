//! Where Redis is, and how long it is waited for. The address may hold a password: no part of it is ever shown but the host.

use redis::{Client, TlsCertificates};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// How long is waited, by what for.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// A connection with TLS and log-in. No call waits for it.
    pub connect: Duration,
    /// An answer that a call waits for.
    pub read: Duration,
    /// A write beside the calls.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(1),
            read: Duration::from_millis(25),
            write: Duration::from_millis(250),
        }
    }
}

/// See the file's words. `Debug` of a `SecretString` shows nothing of it.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://` or, with TLS, `rediss://`.
    pub url: SecretString,
    /// The password, where it does not stand in the address.
    pub password: Option<SecretString>,
    /// The certificate authority of a server that the system does not trust, as PEM.
    pub ca_pem: Option<Vec<u8>>,
    pub timeouts: Timeouts,
}

/// The address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error(
        "the address of Redis must look like redis://host:6379 or, with TLS, rediss://user@host:6379 (set [redis] url in weir.toml, or WEIR_REDIS_URL)"
    )]
    NoUrl,
    /// Verifying is what TLS is for.
    #[error(
        "the address of Redis must not turn off the check of its certificate: leave out \"{0}\" and name its authority in redis.ca_file"
    )]
    Insecure(&'static str),
    #[error("Redis cannot be used with this address: {0}")]
    Unusable(String),
}

impl RedisOptions {
    /// The client of this address.
    pub(crate) fn client(&self) -> Result<Client, OptionsError> {
        let mut url = url::Url::parse(self.url.expose_secret().trim()).map_err(|_| OptionsError::NoUrl)?;
        if !matches!(url.scheme(), "redis" | "rediss") || url.host_str().is_none_or(str::is_empty) {
            return Err(OptionsError::NoUrl);
        }
        if url.fragment().is_some() {
            return Err(OptionsError::Insecure("#insecure"));
        }
        if let Some(password) = &self.password
            && url.set_password(Some(password.expose_secret())).is_err()
        {
            return Err(OptionsError::NoUrl);
        }
        // What the client says of an address may repeat it, so only the kind of trouble is told.
        let unusable = |problem: redis::RedisError| OptionsError::Unusable(problem.category().to_owned());
        if url.scheme() == "redis" {
            return Client::open(url.as_str()).map_err(unusable);
        }
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: self.ca_pem.clone(),
        };
        Client::build_with_tls(url.as_str(), certificates).map_err(unusable)
    }

    /// Host and port, for people; nothing is connected to.
    ///
    /// # Errors
    /// [`OptionsError`] for an address that cannot be used.
    pub fn check(&self) -> Result<String, OptionsError> {
        self.client()?;
        Ok(self.place())
    }

    pub(crate) fn place(&self) -> String {
        let url = url::Url::parse(self.url.expose_secret().trim()).ok();
        url.map_or_else(String::new, |url| {
            format!(
                "{}:{}",
                url.host_str().unwrap_or_default(),
                url.port().unwrap_or(6_379)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{RedisOptions, Timeouts};

    fn options(url: &str, password: Option<&str>) -> RedisOptions {
        RedisOptions {
            url: url.to_owned().into(),
            password: password.map(|password| password.to_owned().into()),
            ca_pem: None,
            timeouts: Timeouts::default(),
        }
    }

    #[test]
    fn addresses_that_cannot_be_used_are_refused_without_being_repeated() {
        assert!(options("redis://localhost:6379/2", None).client().is_ok());
        assert!(
            options("rediss://default:hush@db.example.com:6380", None)
                .client()
                .is_ok()
        );
        assert!(
            options("rediss://default@db.example.com", Some("hush/#?"))
                .client()
                .is_ok()
        );
        for wrong in ["localhost:6379", "http://:hush@x", "redis://", "", "redis:///x"] {
            let problem = options(wrong, None).client().expect_err(wrong).to_string();
            assert!(
                problem.contains("redis://host:6379") && !problem.contains("hush"),
                "{problem}"
            );
        }
        let problem = options("rediss://:hush@x#insecure", None)
            .client()
            .expect_err("unverified");
        assert!(!problem.to_string().contains("hush"), "{problem}");
        assert!(!format!("{:?}", options("redis://:hush@x", Some("hush"))).contains("hush"));
    }

    #[test]
    fn a_place_is_shown_without_who_and_how() {
        assert_eq!(
            options("rediss://ana:hush@db.example.com", None).place(),
            "db.example.com:6379"
        );
    }
}
