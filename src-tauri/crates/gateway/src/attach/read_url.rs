//! Reads a connection URL into a profile.

use url::Url;
use weir_contract::{
    ApiError,
    model::{
        profile::{ConnectionProfile, ReadUrl, TlsMode},
        secret::Secret,
    },
};

/// Reads `postgres://user:password@host:5432/database?sslmode=verify-full`. What it does not say is as in a new profile; a
/// weaker `sslmode` is kept and must be explained before the profile is saved.
///
/// # Errors
/// `invalid_argument`, in words that repeat no part of the URL.
pub fn read_url(url: &str) -> Result<ReadUrl, ApiError> {
    let parsed = Url::parse(url.trim()).map_err(|problem| wrong(&problem.to_string()))?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(wrong("it does not begin with postgres://"));
    }
    let mut profile = ConnectionProfile::new();
    let mut password = parsed.password().map(decoded).transpose()?;
    if let Some(host) = parsed.host_str() {
        profile.host = decoded(host)?.trim_matches(['[', ']']).to_owned();
    }
    if let Some(port) = parsed.port() {
        profile.port = port;
    }
    if !parsed.username().is_empty() {
        profile.user = decoded(parsed.username())?;
    }
    let database = parsed.path().trim_matches('/');
    if !database.is_empty() {
        profile.database = decoded(database)?;
    }
    let mut ignored = Vec::new();
    for (key, value) in parsed.query_pairs() {
        let value = value.into_owned();
        match key.as_ref() {
            "sslmode" => profile.tls = mode(&value)?,
            "sslrootcert" if value == "system" => profile.ca_file = String::new(),
            "sslrootcert" => profile.ca_file = value,
            "sslcert" => profile.client_cert_file = value,
            "sslkey" => profile.client_key_file = value,
            "host" => profile.host = value,
            "port" => profile.port = value.parse().map_err(|_| wrong("its port is no number"))?,
            "user" => profile.user = value,
            "password" => password = Some(value),
            "dbname" => profile.database = value,
            other => ignored.push(other.to_owned()),
        }
    }
    if profile.host.is_empty() {
        return Err(wrong("it names no host"));
    }
    if profile.host.starts_with('/') {
        return Err(wrong(
            "it names a socket of this machine; a connection needs a host",
        ));
    }
    if profile.admin_user == profile.user {
        // Who reads must not be able to write; the form asks for the one who reads.
        profile.user = "weir_viewer".to_owned();
        password = None;
    }
    profile.name = profile.host.split('.').next().unwrap_or_default().to_owned();
    Ok(ReadUrl {
        profile,
        password: password.filter(|text| !text.is_empty()).map(Secret::from),
        ignored,
    })
}

fn mode(word: &str) -> Result<TlsMode, ApiError> {
    Ok(match word {
        "verify-full" => TlsMode::VerifyFull,
        "verify-ca" => TlsMode::VerifyCa,
        "require" => TlsMode::Require,
        // Both may end in plain text without a word, so nobody is asked to accept them as they are.
        "prefer" | "allow" => TlsMode::Require,
        "disable" => TlsMode::Disable,
        _ => {
            return Err(wrong(
                "its sslmode is none of verify-full, verify-ca, require, disable",
            ));
        }
    })
}

fn decoded(text: &str) -> Result<String, ApiError> {
    // The parser of forms is the one that the URL library has; a plus sign stands for itself here.
    let form = format!("x={}", text.replace('+', "%2B"));
    let value = url::form_urlencoded::parse(form.as_bytes()).next();
    let value = value.map(|(_, value)| value.into_owned()).unwrap_or_default();
    if value.contains('\u{fffd}') {
        return Err(wrong("a part of it is not written in UTF-8"));
    }
    Ok(value)
}

fn wrong(problem: &str) -> ApiError {
    ApiError::invalid(format!(
        "The URL cannot be used ({problem}); it must look like postgres://user@host:5432/database?sslmode=verify-full."
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let read = read_url(
            "postgresql://ana%40acme:p%40ss+w%2Frd@db.example.com:6543/weir%2Dprod?sslmode=verify-ca&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&connect_timeout=3",
        )
        .unwrap();
        let profile = read.profile;
        assert_eq!(profile.place(), "ana@acme@db.example.com:6543/weir-prod");
        assert_eq!(read.password.unwrap().reveal(), "p@ss+w/rd");
        assert_eq!(profile.tls, TlsMode::VerifyCa);
        assert_eq!(profile.ca_file, "/ca.pem");
        assert_eq!(
            (profile.client_cert_file, profile.client_key_file),
            ("/c.pem".into(), "/k.pem".into())
        );
        assert_eq!(read.ignored, ["connect_timeout"]);
        assert_eq!(profile.name, "db");
    }

    #[test]
    fn what_is_left_out_is_careful() {
        let read = read_url("postgres://[2001:db8::1]/weir").unwrap();
        assert_eq!(read.profile.host, "2001:db8::1");
        assert_eq!((read.profile.port, read.profile.tls), (5432, TlsMode::VerifyFull));
        assert_eq!(read.profile.user, "weir_viewer");
        assert!(read.password.is_none());
        // The admin's URL does not make the admin the one who reads.
        let read = read_url("postgres://weir_admin:hush@db/weir").unwrap();
        assert_eq!(read.profile.user, "weir_viewer");
        assert!(read.password.is_none());
    }

    #[test]
    fn a_wrong_url_is_refused_without_its_password() {
        for url in [
            "mysql://a:hush@b/c",
            "postgres://a:hush@/c",
            "postgres://a:hush@b:port/c",
            "postgres://a:hush@b/c?sslmode=perhaps",
            "postgres://a:hush@b/c?host=/tmp",
            "hush",
        ] {
            let problem = read_url(url).unwrap_err();
            assert!(!problem.message.contains("hush"), "{problem}");
        }
    }
}
