//! One provider's address and key: sends a body and checks the answer's status.

use super::{
    SecretSource, UpstreamError, UpstreamErrorKind,
    failure::{failure, from_status},
    retry_after::{date_ms, parse_retry_after},
};
use bytes::BytesMut;
use reqwest::{
    RequestBuilder, Response,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use weir_contract::model::catalog::KeySource;

const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a provider's key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHeader {
    /// `Authorization: Bearer …`
    Bearer,
    /// The key alone, in this header.
    Plain(&'static str),
}

/// A provider's address and key.
pub struct Endpoint {
    pub name: String,
    /// Checked, without a slash at the end.
    pub base_url: String,
    pub key: KeySource,
    pub key_header: KeyHeader,
    /// Sent with every call.
    pub headers: HeaderMap,
    pub client: reqwest::Client,
    pub secrets: Arc<dyn SecretSource>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// An answer with a good status, its body still to be read.
pub struct Opened {
    pub response: Response,
    /// Until when the first piece must be there.
    pub first_byte_by: Instant,
    /// To take out of error messages.
    pub key: Option<SecretString>,
}

impl Endpoint {
    /// Reads the key anew for every call, so that a rotated one works at once.
    fn secret(&self) -> Result<Option<SecretString>, UpstreamError> {
        let place = match &self.key {
            KeySource::None => return Ok(None),
            KeySource::Env(name) => format!("the environment variable {name} is not set"),
            KeySource::Keychain(entry) => format!("the keychain has no entry \"{entry}\""),
        };
        match self.secrets.secret(&self.key) {
            Some(secret) if !secret.expose_secret().trim().is_empty() => Ok(Some(secret)),
            _ => Err(failure(
                UpstreamErrorKind::Unauthorized,
                format!("{} needs a key, and {place}", self.name),
            )),
        }
    }

    fn authorize(
        &self,
        request: RequestBuilder,
        key: Option<&SecretString>,
    ) -> Result<RequestBuilder, UpstreamError> {
        let Some(key) = key else { return Ok(request) };
        let key = key.expose_secret().trim();
        let (name, text) = match self.key_header {
            KeyHeader::Bearer => (reqwest::header::AUTHORIZATION, format!("Bearer {key}")),
            KeyHeader::Plain(name) => (HeaderName::from_static(name), key.to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            let message = format!("the key of {} holds characters that a key cannot have", self.name);
            failure(UpstreamErrorKind::Unauthorized, message)
        })?;
        value.set_sensitive(true);
        Ok(request.header(name, value))
    }

    /// Posts a JSON body to `path` (which starts with a slash). Of `headers`, those that are sent with every call anyway take
    /// their place.
    ///
    /// # Errors
    /// Every failure before the body, classified. `pass_raw` keeps a refusal's body for the client.
    pub async fn post(
        &self,
        path: &str,
        body: Vec<u8>,
        headers: HeaderMap,
        first_byte_timeout: Duration,
        pass_raw: bool,
    ) -> Result<Opened, UpstreamError> {
        let request = self
            .client
            .post(format!("{}{path}", self.base_url))
            .header(CONTENT_TYPE, "application/json")
            .headers(self.headers.clone())
            .headers(headers)
            .body(body);
        self.send(request, first_byte_timeout, pass_raw).await
    }

    /// Gets `path` as JSON.
    ///
    /// # Errors
    /// Every failure, classified.
    pub async fn get_json(&self, path: &str) -> Result<serde_json::Value, UpstreamError> {
        let request = self
            .client
            .get(format!("{}{path}", self.base_url))
            .headers(self.headers.clone());
        let opened = self.send(request, LIST_TIMEOUT, false).await?;
        Ok(self.read_json(opened, LIST_TIMEOUT).await?.1)
    }

    async fn send(
        &self,
        request: RequestBuilder,
        first_byte_timeout: Duration,
        pass_raw: bool,
    ) -> Result<Opened, UpstreamError> {
        let key = self.secret()?;
        let request = self.authorize(request, key.as_ref())?;
        let first_byte_by = Instant::now() + first_byte_timeout;
        let response = timeout_at(first_byte_by, request.send())
            .await
            .map_err(|_| self.late("did not begin to answer in time"))?
            .map_err(|error| self.transport(error))?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) && status != 204 {
            return Ok(Opened {
                response,
                first_byte_by,
                key,
            });
        }
        let wait = wait_ms(response.headers());
        let mut body = BytesMut::new();
        let mut response = response;
        // An error counts even when its body does not come whole.
        while let Ok(Ok(Some(chunk))) = timeout_at(first_byte_by, response.chunk()).await {
            let room = MAX_ERROR_BODY_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() >= MAX_ERROR_BODY_BYTES {
                break;
            }
        }
        let key = key.as_ref().map(|key| key.expose_secret().trim());
        Err(from_status(
            &self.name,
            status,
            &body.freeze(),
            wait,
            key,
            pass_raw,
        ))
    }

    /// An answer that is not what the protocol says.
    #[must_use]
    pub fn malformed(&self, what: &str) -> UpstreamError {
        failure(UpstreamErrorKind::Malformed, format!("{}: {what}", self.name))
    }

    pub(super) fn late(&self, what: &str) -> UpstreamError {
        failure(UpstreamErrorKind::Timeout, format!("{} {what}", self.name))
    }

    /// A failure of the connection. The address is left out, the innermost reason kept.
    fn transport(&self, error: reqwest::Error) -> UpstreamError {
        let error = error.without_url();
        let mut reason: &dyn std::error::Error = &error;
        while let Some(inner) = reason.source() {
            reason = inner;
        }
        let (kind, what) = match (error.is_connect(), error.is_timeout()) {
            (true, _) => (UpstreamErrorKind::Connection, "cannot be reached"),
            (false, true) => (UpstreamErrorKind::Timeout, "did not answer in time"),
            (false, false) => (
                UpstreamErrorKind::Connection,
                "closed the connection without an answer",
            ),
        };
        failure(kind, format!("{} {what}: {reason}", self.name))
    }
}

/// The wait that the headers ask for. A date is measured against the provider's own clock, as its `Date` header tells it, so that
/// our clock may be wrong.
fn wait_ms(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
    let exact = headers
        .get("retry-after-ms")
        .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
    if let Some(ms) = exact.filter(|ms| (0.0..=86_400_000.0).contains(ms)) {
        return parse_retry_after(&format!("{}", ms / 1000.0), 0);
    }
    let value = text(&RETRY_AFTER)?;
    let now_ms = text(&DATE).and_then(date_ms);
    match now_ms {
        Some(now_ms) => parse_retry_after(value, now_ms),
        None if date_ms(value).is_some() => None,
        None => parse_retry_after(value, 0),
    }
}
