//! What a call costs, against sums made by hand from each provider's own usage body.

use serde_json::json;
use std::sync::Arc;
use support::{
    http_client,
    said::Said,
    stage::{Stage, admin, chat, with},
    upstream::{Tokens, Upstream},
};
use weir_contract::{
    NanoUsd,
    command::{keys::KeysCreate, requests::RequestsGet},
    model::{gateway::ProfileKind, usage::TokenUsage},
};
use weir_gateway::{
    bootstrap::{StartOptions, start_gateway},
    config::{Config, Environment, FileConfig},
};

const TOKENS: Tokens = Tokens {
    input: 21,
    cache_read: 8,
    cache_write: 3,
    output: 9,
    reasoning: 4,
    reported: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_class_of_token_has_its_price() {
    let stage = Stage::open().await;
    stage.upstream.set_tokens(TOKENS);
    // 21·1,000 + 8·500 + 9·4,000 + 4·6,000; Anthropic: 21·1,000 + 8·500 + 3·2,000 + 13·4,000.
    let apart = TokenUsage {
        input: 21,
        cache_read: 8,
        cache_write: 0,
        output: 9,
        reasoning: 4,
    };
    let together = TokenUsage {
        input: 21,
        cache_read: 8,
        cache_write: 3,
        output: 13,
        reasoning: 0,
    };
    for (model, cost, usage) in [
        ("fake/nano", 85_000, apart),
        ("claude/any", 83_000, together),
        ("gem/any", 85_000, apart),
    ] {
        for path in ["/v1/chat/completions", "/v1/messages"] {
            for stream in [false, true] {
                let what = format!("{model} {path} {stream}");
                let said = stage
                    .send(stage.post(path, &with(chat(model, &what), json!({"stream": stream}))))
                    .await
                    .expect(200);
                let row = stage.detail(&said).await.row;
                assert_eq!(
                    (row.tokens, row.cost_nanousd, row.cost_basis.as_str()),
                    (usage, NanoUsd(cost), "settled"),
                    "{what}"
                );
                assert!(
                    !row.price_unknown && row.price_id.starts_with("config:"),
                    "{what}: {}",
                    row.price_id
                );
                if !stream {
                    assert_eq!(
                        said.header("x-weir-cost-usd"),
                        NanoUsd(cost).to_decimal(),
                        "{what}"
                    );
                }
            }
        }
    }
    let body = json!({"model": "fake/embed", "input": "x"});
    let said = stage.send(stage.post("/v1/embeddings", &body)).await.expect(200);
    assert_eq!(
        stage.detail(&said).await.row.cost_nanousd,
        NanoUsd(420),
        "21 tokens at 20"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_usage_is_right_in_either_protocol() {
    let stage = Stage::open().await;
    stage.upstream.set_tokens(Tokens {
        cache_write: 0,
        ..TOKENS
    });
    for model in ["fake/nano", "claude/any", "gem/any"] {
        let usage = stage.ask(model, "usage").await.expect(200).json()["usage"].clone();
        assert_eq!(
            (
                &usage["prompt_tokens"],
                &usage["completion_tokens"],
                &usage["total_tokens"]
            ),
            (&29.into(), &13.into(), &42.into()),
            "{model}"
        );
        assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 8, "{model}");
        let usage = stage
            .send(stage.post("/v1/messages", &chat(model, "usage")))
            .await
            .expect(200)
            .json()["usage"]
            .clone();
        let found = (
            &usage["input_tokens"],
            &usage["cache_read_input_tokens"],
            &usage["output_tokens"],
        );
        assert_eq!(found, (&21.into(), &8.into(), &13.into()), "{model}");
    }
}

/// BUD-5.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_a_price_is_charged_at_the_highest_and_flagged() {
    let stage = Stage::open().await;
    let said = stage.ask("fake/nobody-knows-it", "x").await.expect(200);
    let row = stage.detail(&said).await.row;
    assert!(row.price_unknown && row.cost_nanousd > NanoUsd(85_000), "{row:?}");
}

/// From the environment alone, at the prices of the embedded table.
#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_table_bills_real_models() {
    let upstream = Upstream::start().await;
    upstream.set_tokens(TOKENS);
    let folder = tempfile::tempdir().unwrap();
    let origin = upstream.origin();
    let pairs = [
        ("WEIR_LISTEN", "127.0.0.1:0".to_owned()),
        (
            "WEIR_DATABASE",
            format!("sqlite://{}", folder.path().join("weir.db").display()),
        ),
        ("OPENAI_API_KEY", "a".to_owned()),
        ("OPENAI_BASE_URL", format!("{origin}/v1")),
        ("ANTHROPIC_API_KEY", "b".to_owned()),
        ("ANTHROPIC_BASE_URL", format!("{origin}/v1")),
        ("GEMINI_API_KEY", "c".to_owned()),
        ("GEMINI_BASE_URL", format!("{origin}/v1beta")),
    ];
    let environment =
        Environment::from_pairs(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let options = StartOptions {
        config: Config::combine(FileConfig::default(), &environment).unwrap(),
        profile: ProfileKind::Local,
        secrets: Arc::new(environment),
        next_free_port: false,
        secret_store: "environment".to_owned(),
        actor: weir_gateway::actor::actor_of("test", "local"),
        desktop: None,
    };
    let gateway = start_gateway(options).await.unwrap();
    let key = admin(
        &gateway,
        KeysCreate {
            name: "k".into(),
            team: String::new(),
            ..KeysCreate::default()
        },
    )
    .await
    .unwrap();
    let table = [
        // 0.15 in, 0.075 read, 0.60 out.
        ("openai/gpt-4o-mini", 21 * 150 + 8 * 75 + 13 * 600),
        // 3 in, 0.30 read, 3.75 write, 15 out.
        (
            "anthropic/claude-sonnet-4-5",
            21 * 3_000 + 8 * 300 + 3 * 3_750 + 13 * 15_000,
        ),
        // 0.30 in, 0.03 read, 2.50 out.
        ("gemini/gemini-2.5-flash", 21 * 300 + 8 * 30 + 13 * 2_500),
    ];
    for (model, expected) in table {
        let url = format!("{}/v1/chat/completions", gateway.status().address);
        let response = http_client()
            .post(url)
            .bearer_auth(&key.secret)
            .json(&chat(model, "bill"))
            .send()
            .await
            .unwrap();
        let said = Said::read(response).await.expect(200);
        let row = admin(
            &gateway,
            RequestsGet {
                id: said.request_id().to_owned(),
            },
        )
        .await
        .unwrap()
        .row;
        assert_eq!(
            (row.cost_nanousd, row.price_unknown),
            (NanoUsd(expected), false),
            "{model} at {}",
            row.price_id
        );
    }
    gateway.stop().await;
}
