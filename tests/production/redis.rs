//! Answers that gateways share through Redis, and that no clear leaves behind there, also one that Redis did not hear of.

use crate::{
    clears::until_followed,
    fleet::{Fleet, cap},
};
use serde_json::{Value, json};
use support::{eventually, redis_server::RedisServer, said::Said, stage::chat};

/// The configuration of gateways with this Redis. Tests share their machine with others, so they are patient.
pub(crate) fn section(url: &str, more: &str) -> String {
    format!(
        "[redis]\nurl = \"{url}\"\nread_ms = 1000\n{more}\n{}",
        cap(1_000_000_000_000)
    )
}

/// What a gateway says of its Redis: `ready`, or why it is not used.
pub(crate) async fn standing(fleet: &Fleet, gateway: usize) -> String {
    let url = format!("{}/health/ready", fleet.gateways[gateway].base);
    let said: Value = fleet.client.get(url).send().await.unwrap().json().await.unwrap();
    said["redis"].as_str().unwrap_or_default().to_owned()
}

/// Waits until every gateway uses Redis.
pub(crate) async fn all_ready(fleet: &Fleet) {
    for gateway in 0..fleet.gateways.len() {
        eventually("Redis is used", || async {
            (standing(fleet, gateway).await == "ready").then_some(())
        })
        .await;
    }
}

fn answers(server: &RedisServer) -> usize {
    let names = server.command(&["--raw", "KEYS", "weir:*:answer:*"]);
    names
        .lines()
        .filter(|name| !name.is_empty() && !name.contains('#'))
        .count()
}

async fn ask_with(fleet: &Fleet, gateway: usize, headers: &[(&str, &str)], text: &str) -> Said {
    let url = format!("{}/v1/chat/completions", fleet.gateways[gateway].base);
    let mut request = fleet
        .client
        .post(url)
        .bearer_auth(&fleet.key)
        .json(&chat("fake/nano", text));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Said::read(request.send().await.unwrap()).await.expect(200)
}

async fn until_answers(server: &RedisServer, many: usize) {
    eventually("the answers stand in Redis", || async {
        (answers(server) == many).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_share_an_answer_without_the_database() {
    let server = RedisServer::start(&[]);
    let mut fleet = Fleet::start(2, &section(&server.url(), "")).await;
    all_ready(&fleet).await;
    fleet.ask(0, "the same").await.expect(200);
    until_answers(&server, 1).await;
    let lives_ms: i64 = server
        .command(&["PTTL", &server.command(&["--raw", "KEYS", "weir:*:answer:*"])])
        .trim_start_matches("(integer) ")
        .parse()
        .unwrap();
    assert!(lives_ms > 0, "it ends with its time to live");
    // Not a clear, which would remove it from Redis too.
    fleet.database.sql("DELETE FROM weir.cache_entries");
    let shared = fleet.ask(1, "the same").await.expect(200);
    assert_eq!(
        (shared.cache(), shared.text().as_str()),
        ("response", "Echo: the same")
    );
    assert_eq!(fleet.upstream.calls(), 1);
    // What the database alone holds comes to Redis when it is asked for.
    assert_eq!(server.command(&["FLUSHALL"]), "OK");
    fleet.ask(0, "another").await.expect(200);
    until_answers(&server, 1).await;
    assert_eq!(server.command(&["FLUSHALL"]), "OK");
    let from_database = fleet.ask(1, "another").await.expect(200);
    assert_eq!(from_database.cache(), "response");
    until_answers(&server, 1).await;
    fleet.stop().await;
}

/// Two databases on one Redis: neither sees the other's answers.
#[tokio::test(flavor = "multi_thread")]
async fn databases_do_not_share() {
    let server = RedisServer::start(&[]);
    let mut one = Fleet::start(1, &section(&server.url(), "")).await;
    let mut other = Fleet::start(1, &section(&server.url(), "")).await;
    all_ready(&one).await;
    all_ready(&other).await;
    one.ask(0, "the same").await.expect(200);
    until_answers(&server, 1).await;
    assert_ne!(other.ask(0, "the same").await.expect(200).cache(), "response");
    assert_eq!(other.upstream.calls(), 1);
    one.stop().await;
    other.stop().await;
}

/// Every kind of clear, while Redis hears nothing: none of what was cleared comes back with it, and what was not is served on.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cleared_while_redis_is_away_never_comes_back() {
    let mut server = RedisServer::start(&[]);
    let mut fleet = Fleet::start(2, &section(&server.url(), "")).await;
    all_ready(&fleet).await;
    let headers = [
        ("x-weir-user", "ana"),
        ("x-weir-source", "wiki"),
        ("x-weir-intent", "faq"),
    ];
    for round in 0..6 {
        let text = format!("question {round}");
        let kept = format!("kept {round}");
        let first = ask_with(&fleet, 0, &headers, &text).await;
        assert_ne!(first.cache(), "response", "{first:#?}");
        ask_with(
            &fleet,
            0,
            &[("x-weir-user", "bob"), ("x-weir-source", "faq")],
            &kept,
        )
        .await;
        until_answers(&server, 2).await;
        let key = fleet
            .database
            .sql("SELECT key FROM weir.cache_marks WHERE kind = 'user' AND value = 'ana'");
        let selector = match round {
            0 => json!({"kind": "entry", "value": key}),
            1 => json!({"kind": "intent", "value": "faq"}),
            2 => json!({"kind": "source", "value": "wiki"}),
            3 => json!({"kind": "user", "value": "ana"}),
            4 => json!({"kind": "prefix", "value": text}),
            _ => json!({"kind": "all"}),
        };
        server.signal("-STOP");
        let cleared = fleet.call("cache.clear", &json!({"selector": selector})).await;
        assert_eq!(
            cleared["entries"],
            if round == 5 { 2 } else { 1 },
            "{selector}: {cleared}"
        );
        // Every gateway follows while Redis is still away.
        until_followed(&fleet, &cleared["id"], fleet.gateways.len()).await;
        server.signal("-CONT");
        all_ready(&fleet).await;
        let bought = fleet.upstream.calls();
        if round != 5 {
            let served = ask_with(&fleet, 1, &[("x-weir-cache", "only")], &kept).await;
            assert_eq!(served.text(), format!("Echo: {kept}"), "{selector}");
        }
        let anew = ask_with(&fleet, 1, &headers, &text).await;
        assert_eq!(
            (anew.cache(), anew.text()),
            ("miss", format!("Echo: {text}")),
            "{selector}"
        );
        assert_eq!(fleet.upstream.calls(), bought + 1, "{selector}");
        let cleared = fleet
            .call("cache.clear", &json!({"selector": {"kind": "all"}}))
            .await;
        // And nothing stays behind in Redis.
        until_answers(&server, 0).await;
        until_followed(&fleet, &cleared["id"], fleet.gateways.len()).await;
    }
    server.stop();
    fleet.stop().await;
}

/// What a gateway cleared itself is gone there at once, before its number has come around.
#[tokio::test(flavor = "multi_thread")]
async fn a_clear_holds_at_once_where_it_was_made() {
    use support::{
        http_client,
        postgres::TestDatabase,
        stage::{admin, configuration, options},
        upstream::Upstream,
    };
    use weir_contract::{
        command::{cache::CacheClear, keys::KeysCreate},
        model::cache::CacheSelector,
    };
    let server = RedisServer::start(&[]);
    let upstream = Upstream::start().await;
    let database = TestDatabase::migrated();
    let text = configuration(&upstream.origin(), &section(&server.url(), ""));
    let gateway = weir_gateway::bootstrap::start_gateway(options(&text, &database.url()))
        .await
        .unwrap();
    let created = KeysCreate {
        name: "test".into(),
        ..KeysCreate::default()
    };
    let key = admin(&gateway, created).await.unwrap();
    eventually("Redis is used", || async {
        gateway.status().degraded.is_empty().then_some(())
    })
    .await;
    let client = http_client();
    let url = format!("{}/v1/chat/completions", gateway.status().address);
    for round in 0..30 {
        let ask = || async {
            let request = client
                .post(&url)
                .bearer_auth(&key.secret)
                .json(&chat("fake/nano", "the same"));
            Said::read(request.send().await.unwrap()).await.expect(200)
        };
        assert_eq!(ask().await.cache(), "miss", "round {round}");
        assert_eq!(ask().await.cache(), "response", "round {round}");
        let selector = CacheSelector::All;
        admin(
            &gateway,
            CacheClear {
                selector,
                purge: false,
            },
        )
        .await
        .unwrap();
    }
    gateway.stop().await;
}
