//! The gate before every endpoint: Host × Origin × Content-Type × Sec-Fetch-Site. A web page in a browser on this machine is
//! the attacker.

use serde_json::Value;
use support::stage::{Stage, chat};

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_matrix() {
    let stage = Stage::open().await;
    let port = stage.base.rsplit(':').next().unwrap().to_owned();
    let hosts = [
        (format!("127.0.0.1:{port}"), true),
        (format!("localhost:{port}"), true),
        (format!("LOCALHOST:{port}"), true),
        (format!("[::1]:{port}"), true),
        ("evil.example".to_owned(), false),
        (format!("evil.example:{port}"), false),
        ("127.0.0.1:1".to_owned(), false),
        (format!("127.0.0.1.evil.example:{port}"), false),
    ];
    let own = stage.base.clone();
    let origins = [
        None,
        Some("https://evil.example"),
        Some("null"),
        Some(own.as_str()),
    ];
    let types = [
        (Some("application/json"), true),
        (Some("Application/JSON; charset=utf-8"), true),
        (Some("text/plain"), false),
        (Some("application/x-www-form-urlencoded"), false),
        (Some("multipart/form-data; boundary=x"), false),
        (Some("text/plain; application/json"), false),
        (None, false),
    ];
    let sites = [
        (None, true),
        (Some("none"), true),
        (Some("same-origin"), true),
        (Some("cross-site"), false),
    ];
    let body = chat("simulated/sim-nano", "matrix").to_string();
    let mut passed = 0;
    for (host, host_is_ours) in &hosts {
        for origin in origins {
            for (kind, is_json) in types {
                for (site, site_may) in sites {
                    let url = format!("{}/v1/chat/completions", stage.base);
                    let mut request = stage
                        .client
                        .post(url)
                        .bearer_auth(&stage.key.secret)
                        .header("host", host)
                        .body(body.clone());
                    for (name, value) in [
                        ("origin", origin),
                        ("content-type", kind),
                        ("sec-fetch-site", site),
                    ] {
                        if let Some(value) = value {
                            request = request.header(name, value);
                        }
                    }
                    let expected = match () {
                        () if !host_is_ours => 421,
                        () if origin.is_some() || !site_may => 403,
                        () if !is_json => 415,
                        () => 200,
                    };
                    let said = stage.send(request).await;
                    assert_eq!(
                        said.status, expected,
                        "{host} {origin:?} {kind:?} {site:?}: {said:#?}"
                    );
                    assert_eq!(
                        said.header("access-control-allow-origin"),
                        "",
                        "no page may read an answer"
                    );
                    passed += usize::from(expected == 200);
                }
            }
        }
    }
    assert_eq!(passed, 4 * 2 * 3, "what should pass did pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_is_guarded_as_well() {
    let stage = Stage::open().await;
    for path in [
        "/v1/models",
        "/v1/providers",
        "/v1/cache/stats",
        "/metrics",
        "/health/live",
        "/health/ready",
        "/nowhere",
    ] {
        let url = format!("{}{path}", stage.base);
        let get = || stage.client.get(&url).bearer_auth(&stage.key.secret);
        assert_eq!(
            stage.send(get().header("host", "rebound.example")).await.status,
            421,
            "{path}"
        );
        assert_eq!(
            stage
                .send(get().header("origin", "https://evil.example"))
                .await
                .status,
            403,
            "{path}"
        );
        assert_eq!(
            stage
                .send(get().header("sec-fetch-site", "cross-site"))
                .await
                .status,
            403,
            "{path}"
        );
    }
    // The question a browser asks before it sends JSON across origins is answered with no.
    let preflight = stage.client.request(
        reqwest::Method::OPTIONS,
        format!("{}/v1/chat/completions", stage.base),
    );
    let said = stage
        .send(
            preflight
                .header("origin", "https://evil.example")
                .header("access-control-request-method", "POST"),
        )
        .await;
    assert_eq!(
        (said.status, said.header("access-control-allow-origin")),
        (403, "")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_allowed_may() {
    let extra =
        "[gateway]\nallowed_hosts = [\"weir.example\"]\nallowed_origins = [\"https://app.example\"]\n";
    let stage = Stage::open_with(extra).await;
    let ask = || stage.post("/v1/chat/completions", &chat("simulated/sim-nano", "x"));
    assert_eq!(stage.send(ask().header("host", "Weir.Example")).await.status, 200);
    assert_eq!(
        stage
            .send(ask().header("origin", "https://app.example"))
            .await
            .status,
        200
    );
    assert_eq!(
        stage
            .send(ask().header("origin", "https://app.example.evil.example"))
            .await
            .status,
        403
    );
    assert_eq!(
        stage
            .send(ask().header("origin", "http://app.example"))
            .await
            .status,
        403
    );
    let said = stage
        .send(
            stage
                .post("/v1/messages", &chat("x", "x"))
                .header("origin", "https://evil.example"),
        )
        .await
        .expect(403);
    assert_eq!(
        said.json()["type"],
        Value::from("error"),
        "in the protocol of the path"
    );
}
