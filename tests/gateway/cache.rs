//! The response cache: from a miss to a hit in every form, what the client may wish of it, and what is never kept.

use serde_json::json;
use support::{
    eventually,
    stage::{Stage, chat, with},
    upstream::{Fault, Reply, Tokens},
};
use weir_contract::{NanoUsd, command::cache::CacheClear, model::cache::CacheSelector};

#[tokio::test(flavor = "multi_thread")]
async fn a_miss_then_a_hit_that_costs_nothing_and_says_what_it_saved() {
    let stage = Stage::open().await;
    let miss = stage.ask("fake/nano", "again").await.expect(200);
    let hit = stage.ask("fake/nano", "again").await.expect(200);
    assert_eq!((miss.cache(), hit.cache()), ("miss", "response"));
    assert_eq!(miss.body, hit.body, "the same answer to the byte");
    assert_eq!(stage.upstream.calls(), 1);
    let cost = NanoUsd(85_000).to_decimal();
    assert_eq!(
        (miss.header("x-weir-cost-usd"), miss.header("x-weir-saved-usd")),
        (cost.as_str(), NanoUsd::ZERO.to_decimal().as_str())
    );
    assert_eq!(
        (hit.header("x-weir-cost-usd"), hit.header("x-weir-saved-usd")),
        (NanoUsd::ZERO.to_decimal().as_str(), cost.as_str())
    );
    assert_eq!(hit.header("x-weir-attempts"), "0");
    assert_eq!(hit.header("x-weir-model"), "fake/nano");
    let row = stage.detail(&hit).await.row;
    assert_eq!(
        (row.cost_nanousd, row.saved_nanousd),
        (NanoUsd::ZERO, NanoUsd(85_000))
    );
    assert_ne!(miss.request_id(), hit.request_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_replayed_whole_and_as_a_stream_whichever_way_it_came() {
    let stage = Stage::open().await;
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for model in ["fake/nano", "claude/any", "gem/any"] {
            for first_streams in [false, true] {
                let text = format!("{path} {model} {first_streams}");
                let ask = async |stream: bool| {
                    let usage = if stream && path == "/v1/chat/completions" {
                        json!({"stream_options": {"include_usage": true}})
                    } else {
                        json!({})
                    };
                    let body = with(with(chat(model, &text), json!({"stream": stream})), usage);
                    stage.send(stage.post(path, &body)).await.expect(200)
                };
                let calls = stage.upstream.calls();
                let first = ask(first_streams).await;
                let same = ask(first_streams).await;
                let other = ask(!first_streams).await;
                assert_eq!(
                    (first.cache(), same.cache(), other.cache()),
                    ("miss", "response", "response"),
                    "{text}"
                );
                assert_eq!(stage.upstream.calls(), calls + 1, "{text}");
                for said in [&first, &same, &other] {
                    assert_eq!(said.text(), format!("Echo: {text}"), "{said:#?}");
                }
                let streamed = if first_streams { &same } else { &other };
                if path == "/v1/messages" {
                    assert!(streamed.body.contains("event: message_stop"), "{}", streamed.body);
                } else {
                    assert_eq!(streamed.events().last().map(String::as_str), Some("[DONE]"));
                    assert!(
                        streamed.body.contains("\"usage\":{"),
                        "the usage that was asked for: {}",
                        streamed.body
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tool_calls_are_replayed_in_both_forms() {
    let stage = Stage::open().await;
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}}}}]);
    let body = with(chat("fake/nano", "weather"), json!({"tools": tools}));
    let whole = stage
        .send(stage.post("/v1/chat/completions", &body))
        .await
        .expect(200);
    let stream = stage
        .send(stage.post("/v1/chat/completions", &with(body, json!({"stream": true}))))
        .await
        .expect(200);
    assert_eq!(stream.cache(), "response");
    let id = whole.json()["choices"][0]["message"]["tool_calls"][0]["id"].clone();
    assert!(
        stream.body.contains(id.as_str().unwrap())
            && stream.body.contains("\"finish_reason\":\"tool_calls\""),
        "{}",
        stream.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_fields_and_who_asks_do_not_matter() {
    let stage = Stage::open().await;
    let bodies = [
        r#"{"model": "fake/nano", "temperature": 0.5, "messages": [{"role": "user", "content": "order"}], "max_tokens": 9}"#,
        r#"{"max_tokens":9,"messages":[{"content":"order","role":"user"}],"temperature":0.5,"model":"fake/nano"}"#,
        r#"{"max_tokens":9,"user":"ann","messages":[{"content":"order","role":"user"}],"temperature":0.5,"model":"fake/nano"}"#,
    ];
    let mut outcomes = Vec::new();
    for body in bodies {
        let request = stage
            .client
            .post(format!("{}/v1/chat/completions", stage.base))
            .bearer_auth(&stage.key.secret);
        outcomes.push(
            stage
                .send(request.header("content-type", "application/json").body(body))
                .await
                .expect(200)
                .cache()
                .to_owned(),
        );
    }
    assert_eq!(outcomes, ["miss", "response", "response"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_are_obeyed() {
    let stage = Stage::open().await;
    let say = |text: &str| stage.upstream.set_reply(Reply::Text(text.to_owned()));
    let ask = async |wish: &str| {
        stage
            .ask_with(&[("x-weir-cache", wish)], "fake/nano", "wish")
            .await
    };

    let said = ask("only").await.expect(504);
    assert!(said.json()["error"]["code"] == "cache_only_miss", "{said:#?}");
    assert_eq!(stage.upstream.calls(), 0, "only never buys");

    say("first");
    let said = ask("off").await.expect(200);
    assert_eq!((said.cache(), said.text().as_str()), ("bypass", "first"));
    ask("only").await.expect(504);
    assert_eq!(ask("on").await.expect(200).cache(), "miss");
    let said = ask("only").await.expect(200);
    assert_eq!((said.cache(), said.text().as_str()), ("response", "first"));

    say("second");
    let said = ask("off").await.expect(200);
    assert_eq!(said.text(), "second", "off does not look");
    assert_eq!(ask("on").await.text(), "first", "and does not keep");
    let said = ask("refresh").await.expect(200);
    assert_eq!((said.cache(), said.text().as_str()), ("miss", "second"));
    let said = ask("on").await.expect(200);
    assert_eq!(
        (said.cache(), said.text().as_str()),
        ("response", "second"),
        "refresh keeps the new answer"
    );

    assert!(ask("perhaps").await.expect(400).body.contains("refresh"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_ends_with_its_time() {
    let stage = Stage::open().await;
    let ask = async |ttl: &str| {
        stage
            .ask_with(&[("x-weir-cache-ttl", ttl)], "fake/nano", "short")
            .await
    };
    assert_eq!(ask("1").await.expect(200).cache(), "miss");
    assert_eq!(ask("1").await.expect(200).cache(), "response");
    eventually("the entry to end", || async {
        (ask("1").await.cache() == "miss").then_some(())
    })
    .await;
    for _ in 0..2 {
        let said = stage
            .ask_with(&[("x-weir-cache-ttl", "0")], "fake/nano", "never")
            .await
            .expect(200);
        assert_eq!(said.cache(), "miss", "a time of 0 keeps nothing");
    }
    assert!(ask("soon").await.expect(400).body.contains("x-weir-cache-ttl"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clear_makes_the_next_call_a_miss() {
    let stage = Stage::open().await;
    for (round, selector) in [CacheSelector::All, CacheSelector::Model("nano".into())]
        .into_iter()
        .enumerate()
    {
        let text = format!("clear {round}");
        stage.ask("fake/nano", &text).await.expect(200);
        assert_eq!(stage.ask("fake/nano", &text).await.cache(), "response");
        let extent = stage
            .admin(CacheClear {
                selector: selector.clone(),
                purge: false,
            })
            .await;
        assert!(extent.entries >= 1, "{selector:?}: {extent:?}");
        assert_eq!(
            stage.ask("fake/nano", &text).await.cache(),
            "miss",
            "{selector:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_cut_empty_and_refused_answers_are_never_kept() {
    let stage = Stage::open().await;
    let faults = [
        Fault::status(400),
        Fault::CutAfter(700),
        Fault::NoTerminal,
        Fault::ErrorEvent,
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let (model, text) = (format!("claude/m{index}"), format!("{fault:?}"));
        stage.upstream.fail(fault);
        let said = stage.ask_stream(&model, &text).await;
        assert!(
            said.status == 400 || said.body.contains("error"),
            "{text}: {said:#?}"
        );
        stage.upstream.heal();
        assert_eq!(
            stage.ask(&model, &text).await.expect(200).cache(),
            "miss",
            "{text}"
        );
    }
    for (index, reply) in [Reply::Empty, Reply::Refused, Reply::Text("  \n".into())]
        .into_iter()
        .enumerate()
    {
        for model in ["fake/nano", "claude/any", "gem/any"] {
            for stream in [false, true] {
                let text = format!("{index} {model} {stream}");
                stage.upstream.set_reply(reply.clone());
                let body = with(chat(model, &text), json!({"stream": stream}));
                stage
                    .send(stage.post("/v1/chat/completions", &body))
                    .await
                    .expect(200);
                stage.upstream.set_reply(Reply::Echo);
                let again = stage
                    .send(stage.post("/v1/chat/completions", &body))
                    .await
                    .expect(200);
                assert_eq!(again.cache(), "miss", "{reply:?} of {text}");
                assert_eq!(again.text(), format!("Echo: {text}"));
            }
        }
    }
    let failed_tool = json!({"model": "claude/any", "max_tokens": 9, "messages": [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "boom", "is_error": true}]}]});
    for _ in 0..2 {
        let said = stage
            .send(stage.post("/v1/messages", &failed_tool))
            .await
            .expect(200);
        assert_eq!(said.cache(), "miss", "an answer to a failed tool is not kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_usage_is_kept_and_its_cost_is_an_estimate() {
    let stage = Stage::open().await;
    stage.upstream.set_tokens(Tokens {
        reported: false,
        ..Tokens::default()
    });
    let miss = stage.ask("fake/nano", "no usage").await.expect(200);
    let row = stage.detail(&miss).await.row;
    assert_eq!(row.cost_basis.as_str(), "unsettled");
    assert!(row.cost_nanousd > NanoUsd::ZERO);
    assert_eq!(stage.ask("fake/nano", "no usage").await.cache(), "response");
}
