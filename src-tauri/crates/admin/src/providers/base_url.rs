//! Which addresses a provider may have. Pure: names are not resolved here; the connector checks what they resolve to.

use std::net::{IpAddr, Ipv6Addr};
use url::{Host, Url};
use weir_contract::ApiError;

/// The address without a trailing slash.
///
/// # Errors
/// `InvalidArgument` that says which rule is broken: `https`, or `http` only to this machine or a private network; no
/// user, password, query or fragment; no link-local address, where clouds keep their machines' credentials.
pub(super) fn check(text: &str) -> Result<String, ApiError> {
    let refused = |why: &str| Err(ApiError::invalid(format!("provider.base_url: {why}")));
    let Ok(url) = Url::parse(text.trim()) else {
        return refused("is no address; write it like https://api.example.com/v1");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refused("must not carry a user or password; enter the key on its own");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("must end with the path: no \"?\" or \"#\"");
    }
    let Some(host) = url.host() else {
        return refused("names no host; write it like https://api.example.com/v1");
    };
    let place = place(&host);
    if place == Place::Forbidden {
        return refused(
            "points to an address that is never a provider (link-local, multicast or unspecified)",
        );
    }
    match (url.scheme(), place) {
        ("https", _) | ("http", Place::Near) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        ("http", _) => refused(
            "http would send the key readable over the network; use https, or http only to localhost or a private IP address",
        ),
        _ => refused("must start with https:// (or http:// for this machine and private IP addresses)"),
    }
}

/// Scheme, host and port: what a key is bound to. None when it is no address.
pub(super) fn origin(text: &str) -> Option<String> {
    Url::parse(text.trim())
        .ok()
        .map(|url| url.origin().ascii_serialization())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// This machine, or a private network.
    Near,
    Far,
    Forbidden,
}

fn place(host: &Host<&str>) -> Place {
    match host {
        Host::Domain(name) if *name == "localhost" || name.ends_with(".localhost") => Place::Near,
        Host::Domain(_) => Place::Far,
        Host::Ipv4(ip) => place_of_ip(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => place_of_ip(IpAddr::V6(*ip)),
    }
}

fn place_of_ip(ip: IpAddr) -> Place {
    // `::ffff:169.254.169.254` is the same machine as `169.254.169.254`.
    let ip = ip.to_canonical();
    let (link_local, private) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local() || v4.is_broadcast(), v4.is_private()),
        IpAddr::V6(v6) => (
            v6.is_unicast_link_local(),
            v6.is_unique_local() && !is_cloud_metadata(v6),
        ),
    };
    let metadata = matches!(ip, IpAddr::V6(v6) if is_cloud_metadata(v6));
    if link_local || metadata || ip.is_multicast() || ip.is_unspecified() {
        Place::Forbidden
    } else if ip.is_loopback() || private {
        Place::Near
    } else {
        Place::Far
    }
}

/// The one address in the private range of IPv6 that hands out a machine's credentials.
fn is_cloud_metadata(ip: Ipv6Addr) -> bool {
    ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
}

#[cfg(test)]
mod tests {
    use super::{check, origin};

    #[test]
    fn sound_addresses_pass_and_lose_the_last_slash() {
        for (text, kept) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
            (" https://api.anthropic.com ", "https://api.anthropic.com"),
            ("http://localhost:11434/v1", "http://localhost:11434/v1"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://192.168.1.20:8000/v1", "http://192.168.1.20:8000/v1"),
            ("http://[fd12:3456::1]/v1", "http://[fd12:3456::1]/v1"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(kept), "{text}");
        }
    }

    #[test]
    fn dangerous_addresses_are_refused() {
        for text in [
            "",
            "api.openai.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://example.com/v1",
            "http://8.8.8.8",
            "https://user:secret@example.com",
            "https://example.com/v1?key=1",
            "https://example.com/v1#x",
            "http://169.254.169.254/latest",
            "https://169.254.169.254/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://0.0.0.0:80",
            "http://localhost.example.com",
        ] {
            let error = check(text).unwrap_err();
            assert!(
                error.message.starts_with("provider.base_url: "),
                "{text}: {error}"
            );
            assert!(!error.message.contains("secret"), "{error}");
        }
    }

    #[test]
    fn origins_ignore_path_and_standard_port() {
        assert_eq!(origin("https://a.example/v1"), origin("https://A.example:443/v2"));
        assert_ne!(origin("https://a.example"), origin("http://a.example"));
        assert_ne!(origin("https://a.example"), origin("https://a.example:8443"));
        assert_eq!(origin("nonsense"), None);
    }
}
