//! What a provider's bad status or error body means. Pure.

use super::{
    UpstreamError, UpstreamErrorKind,
    error_words::{contains, shorten, without, words_of},
};
use crate::protocol::StreamFault;
use bytes::Bytes;
use serde_json::Value;
use weir_contract::model::usage::TokenUsage;

/// An error without status, wait, body or usage.
#[must_use]
pub fn failure(kind: UpstreamErrorKind, message: impl Into<String>) -> UpstreamError {
    UpstreamError {
        kind,
        status: None,
        message: message.into(),
        retry_after_ms: None,
        raw: None,
        usage: None,
    }
}

/// Classifies an answer whose status is not 2xx. `key` is taken out of the words; `pass_raw` keeps the body for the client when
/// the fault is its own.
#[must_use]
pub fn from_status(
    provider: &str,
    status: u16,
    body: &Bytes,
    retry_after_ms: Option<u64>,
    key: Option<&str>,
    pass_raw: bool,
) -> UpstreamError {
    use UpstreamErrorKind::{
        BadRequest, Malformed, NotSupported, Overloaded, RateLimited, Timeout, Unauthorized,
    };
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let (code, words) = parsed.as_ref().map_or_else(Default::default, words_of);
    let kind = match status {
        300..=399 => Malformed,
        401..=403 => Unauthorized,
        404 | 405 | 410 | 501 => NotSupported,
        408 => Timeout,
        // No amount of waiting helps an account without money.
        429 if code == "insufficient_quota" || code == "billing_not_active" => Unauthorized,
        429 => RateLimited,
        409 | 425 | 500..=599 => Overloaded,
        // These say with 400 what others say with 401 and 402.
        400 if words.contains("API key not valid") || words.contains("API_KEY_INVALID") => Unauthorized,
        400 if words.contains("credit balance is too low") => Unauthorized,
        400 if code == "model_not_found" => NotSupported,
        400..=499 => BadRequest,
        _ => Malformed,
    };
    let said = if words.is_empty() {
        String::new()
    } else {
        format!(": {}", shorten(&without(&words, key)))
    };
    let redirected = if (300..400).contains(&status) {
        " (redirects are not followed; check the base URL)"
    } else {
        ""
    };
    let holds_key = key.is_some_and(|key| contains(body, key.as_bytes()));
    let raw = pass_raw && parsed.is_some() && !holds_key && matches!(kind, BadRequest | NotSupported);
    UpstreamError {
        kind,
        status: Some(status),
        message: format!("{provider} answered {status}{redirected}{said}"),
        retry_after_ms,
        raw: raw.then(|| body.clone()),
        usage: None,
    }
}

/// An error that came with a good status, as some compatible servers send it; none when the body is no error.
#[must_use]
pub fn from_good_status(provider: &str, body: &Value, key: Option<&str>) -> Option<UpstreamError> {
    let holder = body.as_array().and_then(|items| items.first()).unwrap_or(body);
    let is_error = match holder.get("error")? {
        Value::Object(fields) => !fields.is_empty(),
        Value::String(words) => !words.is_empty(),
        _ => false,
    };
    let (code, words) = words_of(body);
    is_error.then(|| UpstreamError {
        // An answer that says that nothing was done: it costs nothing.
        status: Some(200),
        ..failure(
            kind_of_word(&code),
            format!("{provider} reported {code}: {}", shorten(&without(&words, key))),
        )
    })
}

/// Classifies a fault inside a stream; `usage` is what was known before it.
#[must_use]
pub fn from_fault(
    provider: &str,
    fault: StreamFault,
    usage: Option<TokenUsage>,
    key: Option<&str>,
) -> UpstreamError {
    let (kind, message) = match fault {
        StreamFault::Malformed(message) => (UpstreamErrorKind::Malformed, format!("{provider}: {message}")),
        StreamFault::Truncated(message) => (UpstreamErrorKind::Truncated, format!("{provider}: {message}")),
        StreamFault::Reported { kind, message } => {
            let said = shorten(&without(&message, key));
            (
                kind_of_word(&kind),
                format!("{provider} reported {kind} inside the stream: {said}"),
            )
        }
    };
    UpstreamError {
        usage,
        ..failure(kind, message)
    }
}

fn kind_of_word(word: &str) -> UpstreamErrorKind {
    let word = word.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    if has(&["rate_limit", "resource_exhausted", "429"]) {
        UpstreamErrorKind::RateLimited
    } else if has(&[
        "auth",
        "api_key",
        "permission",
        "quota",
        "billing",
        "401",
        "402",
        "403",
    ]) {
        UpstreamErrorKind::Unauthorized
    } else if has(&["not_found", "404"]) {
        UpstreamErrorKind::NotSupported
    } else if has(&[
        "invalid",
        "too_large",
        "context_length",
        "content_",
        "400",
        "413",
        "422",
    ]) {
        UpstreamErrorKind::BadRequest
    } else if has(&["timeout", "deadline"]) {
        UpstreamErrorKind::Timeout
    } else {
        UpstreamErrorKind::Overloaded
    }
}

/// An answer that broke off, or ended without its last event.
#[must_use]
pub fn broken_off(message: impl Into<String>) -> UpstreamError {
    failure(UpstreamErrorKind::Truncated, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use UpstreamErrorKind::*;

    fn kind(status: u16, body: &str) -> UpstreamErrorKind {
        from_status(
            "openai",
            status,
            &Bytes::copy_from_slice(body.as_bytes()),
            None,
            None,
            true,
        )
        .kind
    }

    #[test]
    fn every_status_has_a_meaning() {
        for (status, expected) in [
            (302, Malformed),
            (304, Malformed),
            (400, BadRequest),
            (401, Unauthorized),
            (402, Unauthorized),
            (403, Unauthorized),
            (404, NotSupported),
            (408, Timeout),
            (409, Overloaded),
            (413, BadRequest),
            (418, BadRequest),
            (422, BadRequest),
            (429, RateLimited),
            (500, Overloaded),
            (501, NotSupported),
            (502, Overloaded),
            (503, Overloaded),
            (504, Overloaded),
            (529, Overloaded),
            (100, Malformed),
            (600, Malformed),
        ] {
            assert_eq!(kind(status, "<html>"), expected, "{status}");
        }
        assert_eq!(
            kind(429, r#"{"error":{"code":"insufficient_quota","message":"pay"}}"#),
            Unauthorized
        );
        let gemini = r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#;
        assert_eq!(kind(400, gemini), Unauthorized);
        assert_eq!(
            kind(400, r#"{"error":{"message":"Your credit balance is too low"}}"#),
            Unauthorized
        );
    }

    #[test]
    fn the_key_is_never_repeated() {
        let body = Bytes::from_static(br#"{"error":{"message":"bad field near sk-secret"}}"#);
        let error = from_status("openai", 400, &body, None, Some("sk-secret"), true);
        assert_eq!(error.message, "openai answered 400: bad field near [key]");
        assert_eq!(error.raw, None);
        let fault = StreamFault::Reported {
            kind: "x".into(),
            message: "sk-secret".into(),
        };
        assert!(
            !from_fault("openai", fault, None, Some("sk-secret"))
                .message
                .contains("secret")
        );
    }

    #[test]
    fn only_the_clients_own_faults_keep_their_body() {
        let raw = |status| {
            let body = Bytes::from_static(br#"{"error":{"message":"m"}}"#);
            from_status("p", status, &body, None, None, true).raw.is_some()
        };
        assert!(raw(400) && raw(404) && raw(422) && !raw(401) && !raw(429) && !raw(500));
    }

    #[test]
    fn an_error_with_a_good_status_is_an_error_all_the_same() {
        let found = |body: &str| {
            let body: Value = serde_json::from_str(body).unwrap();
            from_good_status("p", &body, Some("sk-secret"))
        };
        let error = found(r#"{"error":{"code":429,"message":"slow down sk-secret"}}"#).unwrap();
        assert_eq!(
            (error.kind, error.status, error.message.as_str()),
            (RateLimited, Some(200), "p reported 429: slow down [key]")
        );
        let anthropic = r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#;
        assert_eq!(found(anthropic).unwrap().kind, Overloaded);
        for fine in [
            r#"{"error":null,"choices":[]}"#,
            r#"{"error":{}}"#,
            "{}",
            "[]",
            "1",
        ] {
            assert!(found(fine).is_none(), "{fine}");
        }
    }

    #[test]
    fn faults_inside_streams_are_classified() {
        for (word, expected) in [
            ("overloaded_error", Overloaded),
            ("rate_limit_exceeded", RateLimited),
            ("RESOURCE_EXHAUSTED", RateLimited),
            ("invalid_request_error", BadRequest),
            ("authentication_error", Unauthorized),
            ("timeout_error", Timeout),
            ("502", Overloaded),
            ("not_found_error", NotSupported),
            ("invalid_api_key", Unauthorized),
            ("context_length_exceeded", BadRequest),
            ("content_policy_violation", BadRequest),
            ("", Overloaded),
        ] {
            assert_eq!(kind_of_word(word), expected, "{word}");
        }
    }
}
