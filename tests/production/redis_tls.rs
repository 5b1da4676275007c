//! `rediss://`: a server that proves who it is, and a password from the environment.

use crate::{
    fleet::Fleet,
    redis::{all_ready, section, standing},
    tls::certificate,
};
use support::{eventually, redis_server::RedisServer};

const SETTINGS: [&str; 12] = [
    "--port",
    "0",
    "--tls-port",
    "PORT",
    "--tls-cert-file",
    "right.pem",
    "--tls-key-file",
    "right.key",
    "--tls-ca-cert-file",
    "ours.pem",
    "--tls-auth-clients",
    "no",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_and_a_password_is_used_when_it_proves_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), "ours", "right", "IP:127.0.0.1", 10);
    certificate(folder.path(), "theirs", "unknown", "IP:127.0.0.1", 10);
    let mut settings = SETTINGS.to_vec();
    settings.extend(["--requirepass", "upstream-secret-1"]);
    let server = RedisServer::start_in(folder, &settings);
    let url = format!("rediss://default@127.0.0.1:{}", server.port());
    let extra = |ca: &str, password: &str| {
        let ca = server.folder().join(ca);
        section(&url, &format!("ca_file = \"{}\"\n{password}", ca.display()))
    };
    // The variable that the fleet has, with the provider's key.
    let with_password = "password_env = \"FAKE_KEY\"";
    let mut right = Fleet::start(1, &extra("ours.pem", with_password)).await;
    all_ready(&right).await;
    right.ask(0, "hello").await.expect(200);
    right.stop().await;

    for (ca, password) in [("theirs.pem", with_password), ("ours.pem", "")] {
        let mut wrong = Fleet::start(1, &extra(ca, password)).await;
        eventually("it was tried", || async {
            (!wrong.gateways[0].logged("Redis is away").is_empty()).then_some(())
        })
        .await;
        let said = standing(&wrong, 0).await;
        assert!(
            said.contains("Redis at 127.0.0.1") && !said.contains("upstream-secret"),
            "{said}"
        );
        // Everything else works.
        wrong.ask(0, "hello").await.expect(200);
        assert!(wrong.gateways[0].logged("upstream-secret").is_empty());
        wrong.stop().await;
    }
}
