//! Signs a webhook as Standard Webhooks 1.0 says: HMAC-SHA256 over `id.timestamp.body`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

/// Why a secret cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the secret is not `whsec_` followed by base64; copy it whole from the receiver")]
    NotASecret,
    #[error(
        "the secret has fewer than 24 or more than 64 bytes; make one with `echo whsec_$(openssl rand -base64 32)`"
    )]
    Length,
}

/// The value of the `webhook-signature` header. `timestamp_s` is in UNIX seconds, as in `webhook-timestamp`.
///
/// # Errors
/// [`SignatureError`]; it never repeats the secret.
pub fn sign(secret: &str, id: &str, timestamp_s: i64, body: &[u8]) -> Result<String, SignatureError> {
    let encoded = secret
        .trim()
        .strip_prefix("whsec_")
        .ok_or(SignatureError::NotASecret)?;
    let key = STANDARD.decode(encoded).map_err(|_| SignatureError::NotASecret)?;
    if !(24..=64).contains(&key.len()) {
        return Err(SignatureError::Length);
    }
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    context.update(format!("{id}.{timestamp_s}.").as_bytes());
    context.update(body);
    Ok(format!("v1,{}", STANDARD.encode(context.sign())))
}

/// A moment as the specification writes it in a body: `2026-11-21T12:00:00.123Z`.
#[must_use]
pub fn timestamp(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::{SignatureError, sign, timestamp};

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn the_specifications_example_comes_out() {
        let signed = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signed.as_deref(),
            Ok("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn moments_are_written_as_iso_8601() {
        assert_eq!(timestamp(1_614_265_330_005), "2021-02-25T15:02:10.005Z");
    }

    #[test]
    fn other_secrets_are_refused_without_being_repeated() {
        for (secret, problem) in [
            ("", SignatureError::NotASecret),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SignatureError::NotASecret),
            ("whsec_***", SignatureError::NotASecret),
            ("whsec_c2hvcnQ=", SignatureError::Length),
        ] {
            let refused = sign(secret, "a", 1, b"").unwrap_err();
            assert_eq!(refused, problem, "{secret}");
            assert!(secret.is_empty() || !refused.to_string().contains(secret));
        }
    }
}
