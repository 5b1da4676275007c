//! Errors in Anthropic's form: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

use crate::protocol::stream::write_event;
use bytes::Bytes;
use serde_json::{Value, json};

/// Anthropic's word for a status.
#[must_use]
pub fn kind_of_status(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// The body of a failed call. See [`crate::protocol::error_body`]. This protocol has no place for a code of its own, so `code`
/// stands beside the type, where the SDKs ignore it and people find it.
#[must_use]
pub fn body(status: u16, code: &str, message: &str, extra: Option<Value>) -> Value {
    let mut body = json!({
        "type": "error",
        "error": {"type": kind_of_status(status), "message": message, "code": code},
    });
    if let Some(Value::Object(extra)) = extra {
        for (name, value) in extra {
            match name.as_str() {
                "param" => body["error"]["param"] = value,
                "error" | "type" => {}
                "retryAfter" => {
                    body["error"]["retryAfter"] = value.clone();
                    body["retryAfter"] = value;
                }
                _ => body[name] = value,
            }
        }
    }
    body
}

/// The event that ends a stream badly.
#[must_use]
pub fn event(kind: &str, message: &str) -> Bytes {
    let mut out = Vec::new();
    let error = json!({"type": "error", "error": {"type": kind, "message": message}});
    write_event(&mut out, "error", &error);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_anthropics() {
        let extra = json!({"request_id": "r-1", "retryAfter": 3});
        assert_eq!(
            body(429, "rate_limit_exceeded", "Slow down.", Some(extra)),
            json!({"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down.",
                "code": "rate_limit_exceeded", "retryAfter": 3}, "request_id": "r-1", "retryAfter": 3})
        );
        assert_eq!(body(529, "x", "y", None)["error"]["type"], "overloaded_error");
        assert_eq!(
            body(422, "x", "y", None)["error"]["type"],
            "invalid_request_error"
        );
    }
}
