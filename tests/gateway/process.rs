//! The binary: signals, the environment alone, and its command line.

use serde_json::{Value, json};
use std::path::Path;
use support::{
    http_client,
    process::{Serving, run, run_to_failure},
    said::Said,
    stage::{chat, with},
    upstream::Upstream,
};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The environment of a gateway that knows one provider, and nothing else.
fn environment(folder: &Path, upstream: &Upstream) -> Vec<(&'static str, String)> {
    vec![
        (
            "WEIR_DATABASE",
            format!("sqlite://{}", folder.join("weir.db").display()),
        ),
        ("WEIR_LISTEN", "127.0.0.1:0".to_owned()),
        ("WEIR_PROVIDER", "openai".to_owned()),
        ("OPENAI_API_KEY", "sk-real".to_owned()),
        ("OPENAI_BASE_URL", format!("{}/v1", upstream.origin())),
    ]
}

async fn create_key(folder: &Path, environment: &[(&str, &str)]) -> Value {
    let output = run(
        folder,
        &["key", "create", "--name", "script", "--team", "red", "--json"],
        environment,
    )
    .await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stdout)))
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_environment_alone_to_a_clean_stop_that_drains_a_running_stream() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let owned = environment(folder.path(), &upstream);
    let environment: Vec<(&str, &str)> = owned
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut serving = Serving::start(folder.path(), &[], &environment).await;
    let key = create_key(folder.path(), &environment).await;
    let secret = key["key"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("sk-weir-"), "{key}");
    assert_eq!((&key["name"], &key["team"]), (&json!("script"), &json!("red")));

    let client = http_client();
    let post = |body: &Value| {
        client
            .post(format!("{}/v1/chat/completions", serving.base))
            .bearer_auth(&secret)
            .json(body)
    };
    let said = Said::read(post(&chat("auto", "hello")).send().await.unwrap())
        .await
        .expect(200);
    assert_eq!(said.text(), "Echo: hello");
    assert_eq!(upstream.last().header("authorization"), Some("Bearer sk-real"));

    upstream.hold_streams();
    let mut response = post(&with(chat("auto", "drain me please"), json!({"stream": true})))
        .send()
        .await
        .unwrap();
    let request_id = response.headers()["x-weir-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let first = response.chunk().await.unwrap().expect("the stream runs");
    serving.terminate().await;
    // It takes no new calls while it drains; then the provider goes on.
    let base = serving.base.clone();
    support::eventually("the door to close", || async {
        tokio::net::TcpStream::connect(base.trim_start_matches("http://"))
            .await
            .is_err()
            .then_some(())
    })
    .await;
    upstream.release();
    let rest = Said::read(response).await;
    let whole = format!("{}{}", text(&first), rest.body);
    assert!(
        whole.trim_end().ends_with("data: [DONE]"),
        "the stream was let to end: {whole}"
    );
    assert_eq!(serving.ended().await, Some(0));

    let arguments = json!({"id": request_id}).to_string();
    let output = run(
        folder.path(),
        &["admin", "call", "requests.get", &arguments],
        &environment,
    )
    .await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let detail: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&detail["row"]["status"], &detail["row"]["cost_basis"]),
        (&json!("ok"), &json!("settled")),
        "nothing was lost"
    );
    let listed = run(folder.path(), &["admin", "call", "caps.list"], &environment).await;
    let caps: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let global = caps
        .as_array()
        .unwrap()
        .iter()
        .find(|cap| cap["cap"]["name"] == "global-daily")
        .unwrap()
        .clone();
    assert_eq!(
        global["reserved_nanousd"], 0,
        "what was leased and not spent was given back: {global}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_made_or_revoked_by_a_script_counts_in_the_running_gateway() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let owned = environment(folder.path(), &upstream);
    let environment: Vec<(&str, &str)> = owned
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let serving = Serving::start(folder.path(), &[], &environment).await;
    let key = create_key(folder.path(), &environment).await;
    let ask = || async {
        let url = format!("{}/v1/models", serving.base);
        http_client()
            .get(url)
            .bearer_auth(key["key"].as_str().unwrap())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(ask().await, 200, "at once");
    let listed = run(folder.path(), &["key", "list"], &environment).await;
    assert!(
        text(&listed.stdout).contains("script"),
        "{}",
        text(&listed.stdout)
    );
    let id = key["id"].as_str().unwrap();
    assert!(
        run(folder.path(), &["key", "revoke", id], &environment)
            .await
            .status
            .success()
    );
    support::eventually("the revocation to reach the gateway", || async {
        (ask().await == 401).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_door_lists_calls_and_refuses_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("weir.db").display());
    let output = run(folder.path(), &["admin", "list"], &[]).await;
    let names: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(names, weir_admin::COMMAND_NAMES);
    let output = run(
        folder.path(),
        &["admin", "call", "caps.list", "{}", "--database", &url],
        &[],
    )
    .await;
    let caps: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    assert_eq!(caps[0]["cap"]["name"], "global-daily");

    let wrong: [(&[&str], &str); 4] = [
        (
            &["admin", "call", "caps.lisst", "{}", "--database", &url],
            "caps.lisst",
        ),
        (&["admin", "call", "caps.list", "{", "--database", &url], "JSON"),
        (
            &[
                "admin",
                "call",
                "caps.list",
                "{\"nonsense\": 1}",
                "--database",
                &url,
            ],
            "nonsense",
        ),
        (
            &[
                "admin",
                "call",
                "requests.get",
                "{\"id\": \"nobody\"}",
                "--database",
                &url,
            ],
            "nobody",
        ),
    ];
    for (arguments, names) in wrong {
        let problem = run_to_failure(folder.path(), arguments, &[]).await;
        assert!(problem.contains(names), "{arguments:?}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_configuration_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let example = run(folder.path(), &["example-config"], &[]).await;
    std::fs::write(folder.path().join("weir.toml"), &example.stdout).unwrap();
    let checked = run(folder.path(), &["check", "--config", "weir.toml"], &[]).await;
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("The configuration is good."));
    let mut serving = Serving::start(
        folder.path(),
        &["--config", "weir.toml"],
        &[("WEIR_LISTEN", "127.0.0.1:0")],
    )
    .await;
    serving.terminate().await;
    assert_eq!(serving.ended().await, Some(0));
}
