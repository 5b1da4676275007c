//! An answer of the gateway, read whole.

use serde_json::Value;

/// Status, headers and body.
#[derive(Debug, Clone)]
pub struct Said {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Said {
    /// Reads an answer to its end; a body that breaks off keeps what came.
    pub async fn read(mut response: reqwest::Response) -> Said {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Ok(Some(piece)) = response.chunk().await {
            bytes.extend_from_slice(&piece);
        }
        Said {
            status,
            headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// A header's value; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|problem| panic!("not JSON ({problem}): {self:?}"))
    }

    /// The `data` of each event of a stream, `[DONE]` too.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        self.body
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.trim().to_owned())
            .collect()
    }

    /// The text of the answer, whole or streamed, in either chat protocol.
    #[must_use]
    pub fn text(&self) -> String {
        let word = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.header("content-type").starts_with("text/event-stream") {
            let events = self.events();
            let values = events
                .iter()
                .filter_map(|event| serde_json::from_str::<Value>(event).ok());
            return values
                .map(|event| {
                    word(
                        event
                            .pointer("/choices/0/delta/content")
                            .or_else(|| event.pointer("/delta/text")),
                    )
                })
                .collect();
        }
        let body = self.json();
        word(
            body.pointer("/choices/0/message/content")
                .or_else(|| body.pointer("/content/0/text")),
        )
    }

    /// Panics with the whole answer unless it has this status.
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "often called for its check alone"
    )]
    pub fn expect(self, status: u16) -> Said {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// `x-weir-request-id`.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.header("x-weir-request-id")
    }

    /// `x-weir-cache`.
    #[must_use]
    pub fn cache(&self) -> &str {
        self.header("x-weir-cache")
    }
}
