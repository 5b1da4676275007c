//! The response cache over restarts: entries outlive the gateway, and end with the application's version.

use support::{
    said::Said,
    stage::{admin, chat, configuration, options},
    upstream::Upstream,
};
use tempfile::TempDir;
use weir_contract::command::keys::KeysCreate;
use weir_gateway::bootstrap::start_gateway;

/// A provider and a database that outlive the gateways between them.
struct Restarts {
    upstream: Upstream,
    folder: TempDir,
    /// The virtual key; made by the first gateway.
    secret: Option<String>,
}

impl Restarts {
    async fn begin() -> Restarts {
        Restarts {
            upstream: Upstream::start().await,
            folder: tempfile::tempdir().unwrap(),
            secret: None,
        }
    }

    /// Starts a gateway with these settings, asks once, stops it; what the cache did.
    async fn ask_a_new_gateway(&mut self, settings: &str) -> String {
        let text = format!("{settings}\n{}", configuration(&self.upstream.origin(), ""));
        let url = format!("sqlite://{}", self.folder.path().join("weir.db").display());
        let gateway = start_gateway(options(&text, &url)).await.unwrap();
        if self.secret.is_none() {
            let key = KeysCreate {
                name: "k".into(),
                team: String::new(),
                ..KeysCreate::default()
            };
            self.secret = Some(admin(&gateway, key).await.unwrap().secret);
        }
        let response = support::http_client()
            .post(format!("{}/v1/chat/completions", gateway.status().address))
            .bearer_auth(self.secret.as_deref().unwrap_or_default())
            .json(&chat("fake/nano", "keep"))
            .send()
            .await
            .unwrap();
        let cache = Said::read(response).await.expect(200).cache().to_owned();
        gateway.stop().await;
        cache
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_outlive_the_gateway() {
    let mut restarts = Restarts::begin().await;
    assert_eq!(restarts.ask_a_new_gateway("").await, "miss");
    assert_eq!(restarts.ask_a_new_gateway("").await, "response");
    assert_eq!(restarts.upstream.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_application_version_starts_with_an_empty_cache() {
    let mut restarts = Restarts::begin().await;
    for (version, expected) in [("1", "miss"), ("1", "response"), ("2", "miss")] {
        let cache = restarts
            .ask_a_new_gateway(&format!("app_version = \"{version}\""))
            .await;
        assert_eq!(cache, expected, "version {version}");
    }
}
