//! Where a webhook may lead.

use crate::provider::base_url::is_forbidden;
use url::{Host, Url};

/// Why an address is refused, made to follow the words "the address". It never repeats the address, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("is not a URL such as https://hooks.example.com/weir")]
    NotAUrl,
    #[error("must begin with https:// (http:// only to this computer)")]
    NotHttps,
    #[error("must not hold a user name or password")]
    Credentials,
    #[error("leads to a link-local or metadata address, which could give away this computer's credentials")]
    Forbidden,
}

/// Reads a webhook's address: `https`, or `http` to this computer. Names are looked at again when they are resolved, by the
/// HTTP client.
///
/// # Errors
/// [`AddressError`].
pub fn read(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text.trim()).map_err(|_| AddressError::NotAUrl)?;
    let host = url.host().ok_or(AddressError::NotAUrl)?;
    let (forbidden, is_here) = match host {
        Host::Ipv4(ip) => (is_forbidden(ip.into()), ip.is_loopback()),
        Host::Ipv6(ip) => (is_forbidden(ip.into()), ip.is_loopback()),
        Host::Domain(name) => (name.starts_with("metadata."), name == "localhost"),
    };
    if forbidden {
        return Err(AddressError::Forbidden);
    }
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        _ => return Err(AddressError::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    Ok(url)
}

/// Scheme, host and port: what a stored secret is bound to.
#[must_use]
pub fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let origin = url.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::{AddressError, origin, read};

    #[test]
    fn https_anywhere_and_http_only_here() {
        for good in [
            "https://hooks.slack.com/services/T0/B0/x",
            "https://10.0.0.4/hook?team=a",
            "http://127.0.0.1:9000/hook",
            "http://localhost/hook",
            "http://[::1]:1/",
        ] {
            assert!(read(good).is_ok(), "{good}");
        }
        for (bad, problem) in [
            ("", AddressError::NotAUrl),
            ("hooks.example.com", AddressError::NotAUrl),
            ("http://hooks.example.com/x", AddressError::NotHttps),
            ("http://10.0.0.4/", AddressError::NotHttps),
            ("ftp://127.0.0.1/", AddressError::NotHttps),
            ("https://me:pass@example.com/", AddressError::Credentials),
            ("https://169.254.169.254/latest", AddressError::Forbidden),
            ("http://2852039166/", AddressError::Forbidden),
            ("https://metadata.google.internal/", AddressError::Forbidden),
        ] {
            assert_eq!(read(bad).unwrap_err(), problem, "{bad}");
        }
        assert_eq!(
            origin("https://a.example:8443/x?y").as_deref(),
            Some("https://a.example:8443")
        );
        assert_eq!(origin("nothing"), None);
    }
}
