//! An embedder at a provider: OpenAI's form and Gemini's, what it costs, and what goes on when it fails.

use crate::semantic::{ask, rule, stored};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use support::{
    eventually,
    said::Said,
    stage::{Stage, configuration, options},
    upstream::{Fault, Upstream},
};
use weir_contract::{
    command::semantic::{SemanticGet, SemanticSave},
    model::semantic::{SemanticMode, SemanticPolicy, SemanticRule},
};
use weir_gateway::{bootstrap::start_gateway, config::FileConfig};

const OPENAI: &str = "[embedder]\nprovider = \"fake\"\nmodel = \"words\"\ndims = 128\n\
                      [[prices]]\nprovider = \"fake\"\nmodel = \"words\"\ninput = \"1\"\noutput = \"0\"\n";
const GEMINI: &str = "[embedder]\nprovider = \"gem\"\nmodel = \"words\"\ndims = 96\n";

async fn stage(extra: &str) -> Stage {
    let stage = Stage::open_with(extra).await;
    stage
        .admin(SemanticSave {
            rule: rule(SemanticRule::ANY, SemanticMode::On, SemanticPolicy::Distance),
            expected_version: 0,
        })
        .await;
    stage
}

async fn call(stage: &Stage, method: Method, path: &str, body: &Value) -> Said {
    let request = stage
        .client
        .request(method, format!("{}{path}", stage.base))
        .bearer_auth(&stage.key.secret);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    stage.send(request).await
}

const FIRST: &str = "How do I reset the password of my account?";
const SAME: &str = "Please, how do I reset the password of my account?";

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_make_vectors_and_each_costs_a_line_of_its_own() {
    for (extra, path, dims) in [
        (OPENAI, "/v1/embeddings", "dimensions"),
        (
            GEMINI,
            "/v1beta/models/words:batchEmbedContents",
            "outputDimensionality",
        ),
    ] {
        let stage = stage(extra).await;
        ask(&stage, FIRST).await.expect(200);
        stored(&stage, 1).await;
        assert_eq!(ask(&stage, SAME).await.expect(200).cache(), "semantic", "{path}");
        let asked: Vec<_> = stage
            .upstream
            .seen()
            .into_iter()
            .filter(|seen| seen.path == path)
            .collect();
        assert_eq!(asked.len(), 2, "one call for each question: {path}");
        assert!(
            asked[0].body.to_string().contains(&format!("\"{dims}\"")),
            "{}",
            asked[0].body
        );
        assert!(asked[0].body.to_string().contains(FIRST));
        let line = stage
            .row_where("the embedding is recorded", |row| row.event == "weir-embed")
            .await;
        assert_eq!(
            (line.key_id.as_str(), line.intent.as_str()),
            ("weir", "weir-embed")
        );
        assert!(
            line.cost_nanousd.0 > 0 && line.endpoint.contains("embeddings"),
            "{line:?}"
        );
        let state = stage.admin(SemanticGet {}).await;
        assert!(state.embedder.is_some_and(|id| id.contains("/words at http")));
        assert_eq!((state.problem, state.left_to_embed), (None, 0));
        eventually("both are in the sums", || async {
            let state = stage.admin(SemanticGet {}).await;
            (state.embedding_nanousd.0 >= 2 * line.cost_nanousd.0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_it_fails_exact_caching_goes_on_and_it_is_said() {
    let stage = stage(OPENAI).await;
    stage.upstream.fail_model("words", Fault::status(500));
    let first = ask(&stage, FIRST).await.expect(200);
    assert_eq!(first.cache(), "miss");
    assert_eq!(ask(&stage, FIRST).await.expect(200).cache(), "response");
    let trace = stage.detail(&first).await.trace;
    let step = trace.iter().find(|step| step.stage == "semantic").unwrap();
    assert!(step.decision.contains("not asked"), "{step:?}");
    let problem = eventually("the window says so", || async {
        stage.admin(SemanticGet {}).await.problem
    })
    .await;
    assert!(problem.contains("exact caching goes on"), "{problem}");
    assert!(!problem.contains("upstream-secret-1"));
    assert!(
        stage
            .gateway
            .status()
            .degraded
            .iter()
            .any(|line| line.contains("cannot be searched"))
    );
    call(&stage, Method::PUT, "/v1/collections/c", &Value::Null)
        .await
        .expect(201);
    let items = json!({"items": [{"id": "a", "text": "a text"}]});
    let said = call(&stage, Method::POST, "/v1/collections/c/items", &items).await;
    assert_eq!(said.status, 503, "{said:?}");
    stage.upstream.heal();
    eventually("it works again", || async {
        let said = call(&stage, Method::POST, "/v1/collections/c/items", &items).await;
        (said.status == 200).then_some(())
    })
    .await;
    assert_eq!(stage.admin(SemanticGet {}).await.problem, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_one_holds_no_call_up() {
    let extra = OPENAI.replace("dims = 128", "dims = 128\ntimeout_seconds = 1");
    let stage = stage(&extra).await;
    stage.upstream.fail_model("words", Fault::Silent);
    let begun = std::time::Instant::now();
    ask(&stage, FIRST).await.expect(200);
    // Whoever waited for it would wait for two minutes.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_embeds_its_query_once() {
    let stage = stage(OPENAI).await;
    call(&stage, Method::PUT, "/v1/collections/c", &Value::Null)
        .await
        .expect(201);
    let items: Vec<Value> = (0..100)
        .map(|n| json!({"id": n.to_string(), "text": format!("chapter number{n} of the manual")}))
        .collect();
    call(
        &stage,
        Method::POST,
        "/v1/collections/c/items",
        &json!({ "items": items }),
    )
    .await
    .expect(200);
    assert_eq!(stage.upstream.calls_of("words"), 2, "64 texts in a call");
    let query = json!({"collection": "c", "query": "manual chapter number7", "k": 1});
    for word in ["miss", "hit", "hit"] {
        let said = call(&stage, Method::POST, "/v1/search", &query).await.expect(200);
        assert_eq!((said.cache(), &said.json()["data"][0]["id"]), (word, &json!("7")));
    }
    assert_eq!(stage.upstream.calls_of("words"), 3);
    stage.upstream.set_latency(Duration::from_millis(300));
    let query = json!({"collection": "c", "query": "manual chapter number8", "k": 1});
    let at_once = (0..8).map(|_| call(&stage, Method::POST, "/v1/search", &query));
    for said in futures::future::join_all(at_once).await {
        assert_eq!(said.expect(200).json()["data"][0]["id"], "8");
    }
    assert_eq!(stage.upstream.calls_of("words"), 4, "eight at once embed it once");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_embedder_embeds_anew_in_the_background() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("weir.db").display());
    let start = async |extra: &str| {
        start_gateway(options(&configuration(&upstream.origin(), extra), &url))
            .await
            .unwrap()
    };
    let first = start(OPENAI).await;
    let key = support::stage::admin(
        &first,
        weir_contract::command::keys::KeysCreate {
            name: "k".into(),
            ..Default::default()
        },
    )
    .await
    .unwrap();
    let at = async |base: &str, method: Method, path: &str, body: &Value| {
        let request = support::http_client()
            .request(method, format!("{base}{path}"))
            .bearer_auth(&key.secret)
            .json(body);
        Said::read(request.send().await.unwrap()).await
    };
    let base = first.status().address;
    at(&base, Method::PUT, "/v1/collections/c", &json!({}))
        .await
        .expect(201);
    let items: Vec<Value> = (0..50)
        .map(|n| json!({"id": n.to_string(), "text": format!("chapter number{n}")}))
        .collect();
    at(
        &base,
        Method::POST,
        "/v1/collections/c/items",
        &json!({ "items": items }),
    )
    .await
    .expect(200);
    first.stop().await;
    upstream.fail_model("words", Fault::status(500));
    let second = start(GEMINI).await;
    let base = second.status().address;
    let state = support::stage::admin(&second, SemanticGet {}).await.unwrap();
    assert_eq!(state.left_to_embed, 50, "progress is shown");
    upstream.heal();
    eventually("all is embedded anew", || async {
        let state = support::stage::admin(&second, SemanticGet {}).await.unwrap();
        (state.left_to_embed == 0).then_some(())
    })
    .await;
    let query = json!({"collection": "c", "query": "chapter number7", "k": 1});
    let said = at(&base, Method::POST, "/v1/search", &query).await.expect(200);
    assert_eq!(
        (
            &said.json()["data"][0]["id"],
            &said.json()["collection"]["searched"]
        ),
        (&json!("7"), &json!(50))
    );
    second.stop().await;
}

#[test]
fn a_wrong_section_says_what_to_do() {
    let problem = |section: &str| {
        let text = configuration("http://127.0.0.1:1", section);
        let file = FileConfig::parse(&text).map_err(|problem| problem.to_string());
        let environment = weir_gateway::config::Environment::from_pairs(std::iter::empty());
        let combined = file.and_then(|file| {
            weir_gateway::config::Config::combine(file, &environment).map_err(|problem| problem.to_string())
        });
        combined.err().unwrap_or_default()
    };
    for (section, says) in [
        (
            "[embedder]\nprovider = \"claude\"\nmodel = \"x\"\n",
            "has no embeddings",
        ),
        (
            "[embedder]\nprovider = \"fake\"\nmodel = \"x\"\nkey_env = \"K\"\n",
            "base_url too",
        ),
        (
            "[embedder]\nprovider = \"fake\"\nmodel = \"x\"\nbase_url = \"http://127.0.0.1:2\"\n",
            "another name",
        ),
        (
            "[embedder]\nprovider = \"fake\"\nmodel = \"x\"\ndims = 0\n",
            "1 to 8192",
        ),
        (
            "[embedder]\nprovider = \"fake\"\nmodel = \"x\"\nkey = \"sk-1\"\n",
            "unknown field",
        ),
    ] {
        let said = problem(section);
        assert!(said.contains(says), "{section}: {said}");
    }
    assert_eq!(
        problem(
            "[embedder]\nprovider = \"own\"\nmodel = \"x\"\nbase_url = \"http://127.0.0.1:2/v1\"\nkey_env = \"K\"\n"
        ),
        ""
    );
}
