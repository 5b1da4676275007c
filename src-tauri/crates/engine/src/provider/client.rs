//! The one HTTP client that all providers share.

use super::base_url::is_forbidden;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// Resolves names and drops addresses that must never be called, so that a name cannot lead to a metadata service.
struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| !is_forbidden(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no address that may be called".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Builds the client: TLS by ring, 5 s to connect, never a redirect (it could carry the key elsewhere), no proxy from the
/// environment (it would see local calls too), idle connections kept for a minute.
///
/// # Errors
/// When the system's root certificates cannot be used.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    // Fails only when another part of the program was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_keepalive(Duration::from_secs(30))
        .dns_resolver(Arc::new(GuardedResolver))
        .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
        .build()
}
