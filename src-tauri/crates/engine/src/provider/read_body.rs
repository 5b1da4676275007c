//! Reading a provider's answer whole, within bounds, and checking that it is what was asked for.

use super::{
    UpstreamError, UpstreamErrorKind,
    endpoint::{Endpoint, Opened},
    failure::{failure, from_good_status},
};
use bytes::{Bytes, BytesMut};
use reqwest::{Response, header::CONTENT_TYPE};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout_at;

/// A larger answer is refused.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

impl Endpoint {
    /// Reads a whole JSON body, as it came and parsed: its first piece by the first-byte deadline, all of it `rest_timeout`
    /// later. JSON under another content type is JSON all the same.
    ///
    /// # Errors
    /// Too large, broken off, late, not JSON, or an error in spite of the good status.
    pub async fn read_json(
        &self,
        opened: Opened,
        rest_timeout: Duration,
    ) -> Result<(Bytes, Value), UpstreamError> {
        let kind = content_type(&opened.response);
        let key = opened.key.clone();
        let raw = self.read_bytes(opened, rest_timeout).await?;
        let body: Value = serde_json::from_slice(&raw).map_err(|error| match kind {
            Some(kind) if !kind.contains("json") => {
                self.malformed(&format!("the answer is {kind}, not JSON; check the base URL"))
            }
            _ => self.malformed(&format!("the answer is not JSON: {error}")),
        })?;
        let key = key.as_ref().map(|key| key.expose_secret().trim());
        match from_good_status(&self.name, &body, key) {
            Some(error) => Err(error),
            None => Ok((raw, body)),
        }
    }

    async fn read_bytes(&self, opened: Opened, rest_timeout: Duration) -> Result<Bytes, UpstreamError> {
        let Opened {
            mut response,
            first_byte_by,
            ..
        } = opened;
        let mut body = BytesMut::new();
        let mut deadline = first_byte_by;
        loop {
            let chunk = timeout_at(deadline, response.chunk())
                .await
                .map_err(|_| self.late("did not finish its answer in time"))?
                .map_err(|_| {
                    failure(
                        UpstreamErrorKind::Truncated,
                        format!("{} broke off its answer", self.name),
                    )
                })?;
            let Some(chunk) = chunk else {
                return Ok(body.freeze());
            };
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(self.malformed("the answer is larger than 32 MiB"));
            }
            body.extend_from_slice(&chunk);
            deadline = first_byte_by + rest_timeout;
        }
    }

    /// Checks that a stream is what comes. Where JSON comes instead, it is read for the error that it may hold.
    ///
    /// # Errors
    /// Wrong content type, or the provider's own error.
    pub async fn expect_stream(
        &self,
        opened: Opened,
        rest_timeout: Duration,
    ) -> Result<Opened, UpstreamError> {
        let kind = match content_type(&opened.response) {
            Some(kind) if kind.starts_with("text/event-stream") => return Ok(opened),
            Some(kind) => kind,
            None => return Err(self.malformed("the answer does not say that it is a stream of events")),
        };
        if kind.contains("json") {
            self.read_json(opened, rest_timeout).await?;
        }
        Err(self.malformed(&format!(
            "the answer is {kind}, not a stream of events; check the base URL"
        )))
    }
}

fn content_type(response: &Response) -> Option<String> {
    let value = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(
        value
            .split(';')
            .next()
            .unwrap_or(value)
            .trim()
            .to_ascii_lowercase(),
    )
}
