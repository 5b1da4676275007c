//! The gate before every endpoint. Loopback is no boundary: a web page in a browser on this machine can reach it too, so
//! `Host`, `Origin` and `Content-Type` are checked before anything is read.

use super::{GatewayState, reply};
use crate::config::GatewaySection;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use std::net::SocketAddr;
use weir_engine::request::ClientProtocol;

/// Whom the gateway believes.
pub(crate) struct Guard {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Guard {
    pub(crate) fn new(section: &GatewaySection, address: SocketAddr) -> Guard {
        let port = address.port();
        let mut hosts = vec![
            format!("127.0.0.1:{port}"),
            format!("localhost:{port}"),
            format!("[::1]:{port}"),
            address.to_string(),
        ];
        if port == 80 {
            hosts.extend(["127.0.0.1", "localhost", "[::1]"].map(str::to_owned));
        }
        hosts.extend(section.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()));
        Guard {
            hosts,
            origins: section.allowed_origins.clone(),
        }
    }

    fn refusal(
        &self,
        method: &Method,
        headers: &HeaderMap,
        host_of_target: Option<&str>,
    ) -> Option<(u16, &'static str, String)> {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST)
            .or(host_of_target)
            .unwrap_or_default()
            .to_ascii_lowercase();
        if !self.hosts.contains(&host) {
            let message = format!(
                "this gateway does not answer for host \"{host}\"; use its own address, or add the host to gateway.allowed_hosts"
            );
            return Some((421, "wrong_host", message));
        }
        if let Some(origin) = headers.get(header::ORIGIN) {
            let allowed = origin
                .to_str()
                .is_ok_and(|origin| self.origins.iter().any(|known| known == origin));
            if !allowed {
                let message = "web pages may not call this gateway; list the page under gateway.allowed_origins if it should".to_owned();
                return Some((403, "origin_not_allowed", message));
            }
        } else if headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "cross-site")
        {
            return Some((
                403,
                "origin_not_allowed",
                "web pages may not call this gateway".to_owned(),
            ));
        }
        let json = || {
            let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
            let kind = content_type
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            kind == "application/json"
        };
        if method == Method::POST && !json() {
            return Some((
                415,
                "unsupported_media_type",
                "send the body with \"Content-Type: application/json\"".to_owned(),
            ));
        }
        None
    }
}

/// Lets a request through, or answers in the protocol that its path speaks.
pub(crate) async fn check(State(state): State<GatewayState>, request: Request, next: Next) -> Response {
    let target_host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned());
    match state
        .guard
        .refusal(request.method(), request.headers(), target_host.as_deref())
    {
        None => next.run(request).await,
        Some((status, code, message)) => {
            reply::error(protocol_of(request.uri().path()), status, code, &message)
        }
    }
}

/// The protocol in whose shape errors of a path are written.
pub(crate) fn protocol_of(path: &str) -> ClientProtocol {
    if path.starts_with("/v1/messages") {
        ClientProtocol::Messages
    } else {
        ClientProtocol::ChatCompletions
    }
}
