//! What the gateway tells of itself: metrics, cache statistics, and the trace of one request.

use std::collections::BTreeMap;
use support::{stage::Stage, upstream::Fault};
use weir_contract::NanoUsd;

/// Parses the Prometheus text form strictly: every sample belongs to a declared family and has a number.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut families = Vec::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            families.push(name.to_owned());
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let name = series.split('{').next().unwrap();
            assert!(
                families.iter().any(|family| name.starts_with(family.as_str())),
                "no TYPE for {line}"
            );
            assert_eq!(series.matches('{').count(), series.matches('}').count(), "{line}");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(
                samples.insert(series.to_owned(), value).is_none(),
                "twice: {line}"
            );
        }
    }
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_parse_and_count_right() {
    let stage = Stage::open().await;
    for text in ["one", "one", "two"] {
        stage.ask("fake/nano", text).await.expect(200);
    }
    stage.upstream.fail_model("mini", Fault::status(400));
    stage.ask("fake/mini", "bad").await.expect(400);
    let said = stage
        .send(stage.client.get(format!("{}/metrics", stage.base)))
        .await
        .expect(200);
    assert!(
        said.header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    let samples = parse(&said.body);
    let of = |name: &str| {
        *samples
            .get(name)
            .unwrap_or_else(|| panic!("{name} in {}", said.body))
    };
    assert_eq!(of("weir_requests_total{status=\"ok\"}"), 3.0);
    assert_eq!(of("weir_requests_total{status=\"refused\"}"), 1.0);
    assert_eq!(of("weir_cache_requests_total{outcome=\"response\"}"), 1.0);
    assert_eq!(of("weir_cache_requests_total{outcome=\"miss\"}"), 3.0);
    assert_eq!(of("weir_upstream_attempts_total"), 3.0);
    assert!((of("weir_cost_usd_total") - 0.000_17).abs() < 1e-12);
    assert!((of("weir_saved_usd_total") - 0.000_085).abs() < 1e-12);
    let nano = "provider=\"fake\",model=\"nano\"";
    assert_eq!(
        of(&format!("weir_model_requests_total{{{nano},status=\"ok\"}}")),
        2.0
    );
    assert!(of(&format!("weir_tokens_total{{{nano},class=\"output\"}}")) > 0.0);
    assert!((of(&format!("weir_model_cost_usd_total{{{nano}}}")) - 0.000_17).abs() < 1e-12);
    assert_eq!(of(&format!("weir_model_first_byte_seconds_count{{{nano}}}")), 2.0);
    assert_eq!(of("weir_overhead_duration_seconds_count"), 4.0);
    assert!(
        of("weir_overhead_duration_seconds_sum") <= of("weir_request_duration_seconds_sum"),
        "overhead is a part of the whole"
    );
    assert_eq!(of("weir_request_duration_seconds_count"), 4.0);
    assert_eq!(of("weir_request_duration_seconds_bucket{le=\"+Inf\"}"), 4.0);
    let mut buckets: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|(series, value)| {
            let bound = series
                .strip_prefix("weir_request_duration_seconds_bucket{le=\"")?
                .strip_suffix("\"}")?;
            Some((bound.parse().unwrap_or(f64::INFINITY), *value))
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(
        buckets.len() > 5 && buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1),
        "{buckets:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_statistics_add_up() {
    let stage = Stage::open().await;
    for text in ["one", "one", "one", "two"] {
        stage.ask("fake/nano", text).await.expect(200);
    }
    stage
        .ask_with(&[("x-weir-cache", "off")], "fake/nano", "one")
        .await
        .expect(200);
    let stats = stage.get("/v1/cache/stats").await.expect(200).json();
    assert_eq!(
        (&stats["hits"]["response"], &stats["misses"], &stats["bypassed"]),
        (&2.into(), &2.into(), &1.into())
    );
    assert_eq!(stats["hit_rate"], 0.5);
    assert_eq!(stats["saved_usd"], NanoUsd(170_000).to_decimal());
    assert_eq!(
        (&stats["memory"]["entries"], &stats["stored"]["entries"]),
        (&2.into(), &2.into())
    );
    assert!(stats["stored"]["bytes"].as_i64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_request_tells_every_decision() {
    let stage = Stage::open().await;
    stage.upstream.fail_model("nano", Fault::status(401));
    let said = stage
        .ask_with(
            &[("x-weir-intent", "anything"), ("x-weir-user", "ann")],
            "auto",
            "trace me",
        )
        .await
        .expect(200);
    let detail = stage.detail(&said).await;
    let stages: Vec<&str> = detail.trace.iter().map(|step| step.stage.as_str()).collect();
    for stage in ["intent", "cache", "reserve", "attempt", "settle", "store"] {
        assert!(stages.contains(&stage), "{stage}: {:#?}", detail.trace);
    }
    let told: String = detail
        .trace
        .iter()
        .map(|step| format!("{} {:?}\n", step.decision, step.facts))
        .collect();
    for words in [
        "named by the client",
        "fake/nano",
        "fake/mini",
        "key",
        "not found",
        "holds",
        "charged",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(
        detail.trace.windows(2).all(|pair| pair[0].at_us <= pair[1].at_us),
        "in the order they were made"
    );
    assert!(detail.request_body.unwrap().contains("trace me"));
    assert!(detail.response_body.unwrap().contains("Echo: trace me"));
    let row = detail.row;
    assert_eq!(
        (row.attempts, row.user.as_str(), row.requested_model.as_str()),
        (2, "ann", "auto")
    );
    assert!(
        row.duration_us >= row.first_byte_us && row.duration_us >= row.upstream_us && row.upstream_us > 0,
        "{row:?}"
    );

    let again = stage
        .ask_with(
            &[("x-weir-intent", "anything"), ("x-weir-user", "ann")],
            "auto",
            "trace me",
        )
        .await
        .expect(200);
    let detail = stage.detail(&again).await;
    assert!(
        detail
            .trace
            .iter()
            .any(|step| step.stage == "cache" && step.decision.contains("found in memory")),
        "{:#?}",
        detail.trace
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_row_no_trace_and_not_in_the_database() {
    let stage = Stage::open().await;
    let said = stage.ask("fake/nano", "secret?").await.expect(200);
    let detail = serde_json::to_string(&stage.detail(&said).await).unwrap();
    let secret = stage.key.secret.rsplit('-').next().unwrap().to_owned();
    assert!(!detail.contains(&secret) && !detail.contains("upstream-secret"));
    let folder = stage.folder.path().to_owned();
    stage.gateway.stop().await;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for needle in [secret.as_bytes(), b"upstream-secret-1"] {
            assert!(
                !bytes.windows(needle.len()).any(|window| window == needle),
                "a secret lies in the database"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_make_series_without_end() {
    let stage = Stage::open().await;
    for n in 0..130 {
        stage.ask(&format!("fake/made-up-{n}"), "hi").await;
    }
    let said = stage
        .send(stage.client.get(format!("{}/metrics", stage.base)))
        .await
        .expect(200);
    let samples = parse(&said.body);
    let of = |name: &str| samples.keys().filter(|series| series.starts_with(name)).count();
    assert_eq!(
        of("weir_model_cost_usd_total{"),
        101,
        "a hundred, and the others together"
    );
    let others: f64 = samples
        .iter()
        .filter(|(series, _)| series.starts_with("weir_model_requests_total{provider=\"other\""))
        .map(|(_, value)| value)
        .sum();
    assert_eq!(others, 30.0);
    for private in ["user", "key", "session"] {
        assert!(
            !said.body.contains(&format!("{private}=\"")),
            "{private} is no label"
        );
    }
}
