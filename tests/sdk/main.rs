//! The official `openai` and `anthropic` Python SDKs, unchanged, against the gateway with each provider behind it.
#![allow(clippy::unwrap_used, reason = "this is test code")]

mod venv;

use std::time::Duration;
use support::{stage::Stage, upstream::Fault};

/// One request of this user per minute, so that Weir's own 429 can be met.
const LIMITED: &str = "[[limits]]\nname = \"user-limit\"\nsubject = \"user\"\nmax_requests = 1\nwindow_seconds = 60\nenabled = true\n";

/// Runs a script against a gateway in which each provider has models that fail in their own ways.
async fn run(script: &str, provider: &str) {
    let python = venv::python();
    let stage = Stage::open_with(LIMITED).await;
    stage.upstream.fail_model("missing", Fault::status(404));
    stage.upstream.fail_model("busy", Fault::busy_for(60));
    stage.upstream.fail_model("broken", Fault::status(500));
    stage.upstream.fail_model("cut", Fault::CutAfter(1_501));
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sdk")
        .join(script);
    let mut command = tokio::process::Command::new(python);
    command
        .arg(&script)
        .args([&stage.base, &stage.key.secret, provider])
        .kill_on_drop(true);
    for proxy in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        command.env_remove(proxy);
    }
    let output = tokio::time::timeout(Duration::from_secs(120), command.output())
        .await
        .expect("it ends")
        .expect("it runs");
    assert!(
        output.status.success()
            && String::from_utf8_lossy(&output.stdout)
                .trim()
                .ends_with("all good"),
        "{script:?} with {provider}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openai_sdk_works_with_openai() {
    run("openai_client.py", "fake").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openai_sdk_works_with_anthropic() {
    run("openai_client.py", "claude").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openai_sdk_works_with_gemini() {
    run("openai_client.py", "gem").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_anthropic_sdk_works_with_openai() {
    run("anthropic_client.py", "fake").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_anthropic_sdk_works_with_anthropic() {
    run("anthropic_client.py", "claude").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_anthropic_sdk_works_with_gemini() {
    run("anthropic_client.py", "gem").await;
}
