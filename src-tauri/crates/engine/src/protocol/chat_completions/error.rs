//! Errors in OpenAI's form: `{"error": {"message", "type", "param", "code"}}`.

use crate::protocol::stream::write_data;
use bytes::Bytes;
use serde_json::{Value, json};

/// OpenAI's word for a status.
#[must_use]
pub fn kind_of_status(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

/// The body of a failed call. See [`crate::protocol::error_body`].
#[must_use]
pub fn body(status: u16, code: &str, message: &str, extra: Option<Value>) -> Value {
    let mut body = json!({"error": {
        "message": message,
        "type": kind_of_status(status),
        "param": null,
        "code": code,
    }});
    if let Some(Value::Object(extra)) = extra {
        for (name, value) in extra {
            match name.as_str() {
                "param" => body["error"]["param"] = value,
                "error" => {}
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
    let error = json!({"error": {"message": message, "type": kind, "param": null, "code": kind}});
    write_data(&mut out, &error);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_openais() {
        let extra = json!({"param": "model", "retryAfter": 12});
        assert_eq!(
            body(429, "rate_limit_exceeded", "Slow down.", Some(extra)),
            json!({"error": {"message": "Slow down.", "type": "rate_limit_error", "param": "model",
                "code": "rate_limit_exceeded", "retryAfter": 12}, "retryAfter": 12})
        );
        assert_eq!(body(500, "x", "y", None)["error"]["type"], "server_error");
    }

    #[test]
    fn the_error_event_has_an_error_and_no_choices() {
        let event = event("upstream_cut", "It broke off.");
        assert_eq!(
            event,
            "data: {\"error\":{\"message\":\"It broke off.\",\"type\":\"upstream_cut\",\"param\":null,\"code\":\"upstream_cut\"}}\n\n"
        );
    }
}
