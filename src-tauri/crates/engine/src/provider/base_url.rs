//! Which addresses a provider may have: `https`, or `http` inside one's own network, and never a machine's metadata service.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Why an address cannot be used. The address is not repeated: it may carry a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    #[error("is not an address; write it like https://api.openai.com/v1")]
    NotAUrl,
    #[error("must start with https:// (http:// is possible only for this computer or a private network)")]
    NotHttps,
    #[error("must not hold a user name or password; give the key as a key")]
    Credentials,
    #[error("must not hold a `?` or `#` part")]
    QueryOrFragment,
    #[error("names a link-local or metadata address, which could give away this computer's credentials")]
    Forbidden,
}

/// Checks an operator's address; gives it without a slash at the end.
///
/// # Errors
/// [`BaseUrlError`], made to follow the words "the base URL".
pub fn check(text: &str) -> Result<String, BaseUrlError> {
    let url = Url::parse(text.trim()).map_err(|_| BaseUrlError::NotAUrl)?;
    let host = url.host().ok_or(BaseUrlError::NotAUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BaseUrlError::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BaseUrlError::QueryOrFragment);
    }
    let (forbidden, private) = match &host {
        Host::Ipv4(ip) => (is_forbidden((*ip).into()), is_private((*ip).into())),
        Host::Ipv6(ip) => (is_forbidden((*ip).into()), is_private((*ip).into())),
        Host::Domain(name) => (is_metadata_name(name), is_private_name(name)),
    };
    if forbidden {
        return Err(BaseUrlError::Forbidden);
    }
    match url.scheme() {
        "https" => {}
        "http" if private => {}
        _ => return Err(BaseUrlError::NotHttps),
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Never to be called, under whatever name: link-local (with the cloud metadata services), unspecified, multicast.
#[must_use]
pub fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            // 100.100.100.200 is the metadata service of one large cloud; 168.63.129.16 of another.
            let metadata = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];
            ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast()
                || metadata.contains(&ip)
        }
        IpAddr::V6(ip) => {
            let embedded = ip.to_ipv4_mapped().or_else(|| nat64(ip));
            let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unicast_link_local()
                || ip == metadata
                || embedded.is_some_and(|ip| is_forbidden(ip.into()))
        }
    }
}

/// An IPv4 address written through the well-known translation prefix 64:ff9b::/96.
fn nat64(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        _ => None,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        // 100.64/10 is what private overlay networks use.
        IpAddr::V4(ip) => {
            ip.is_loopback() || ip.is_private() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64)
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unique_local()
                || ip.to_ipv4_mapped().is_some_and(|ip| is_private(ip.into()))
        }
    }
}

fn is_metadata_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "metadata" || name == "metadata.google.internal" || name == "instance-data"
}

/// Names that only a private network resolves: no dot at all (a container's name), or a reserved ending.
fn is_private_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let endings = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
    !name.contains('.') || endings.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_addresses() {
        for (text, expected) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
            ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
            ("http://192.168.1.4:1234/v1", "http://192.168.1.4:1234/v1"),
            ("http://ollama:11434/v1", "http://ollama:11434/v1"),
            ("https://10.0.0.1/v1", "https://10.0.0.1/v1"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn bad_addresses() {
        use BaseUrlError::{Credentials, Forbidden, NotAUrl, NotHttps, QueryOrFragment};
        for (text, expected) in [
            ("", NotAUrl),
            ("api.openai.com", NotAUrl),
            ("http://api.openai.com/v1", NotHttps),
            ("http://8.8.8.8/v1", NotHttps),
            ("ftp://localhost/", NotHttps),
            ("https://me:secret@api.openai.com/v1", Credentials),
            ("https://api.openai.com/v1?key=1", QueryOrFragment),
            ("https://api.openai.com/v1#x", QueryOrFragment),
            ("http://169.254.169.254/latest", Forbidden),
            ("http://2852039166/", Forbidden),
            ("http://0xa9fea9fe/", Forbidden),
            ("https://[fe80::1]/", Forbidden),
            ("http://[::ffff:169.254.169.254]/", Forbidden),
            ("http://[64:ff9b::a9fe:a9fe]/", Forbidden),
            ("http://[fd00:ec2::254]/", Forbidden),
            ("http://metadata.google.internal/", Forbidden),
            ("http://0.0.0.0:80/", Forbidden),
        ] {
            assert_eq!(check(text), Err(expected), "{text}");
        }
    }
}
