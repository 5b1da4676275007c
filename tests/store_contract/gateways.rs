//! Gateways say what they run, and are listed while they live.

use crate::sample::START_MS;
use std::sync::Arc;
use weir_engine::store::{GatewayReport, Store};

fn report(id: &str, config_version: i64) -> GatewayReport {
    GatewayReport {
        id: id.to_owned(),
        address: format!("http://{id}:8787"),
        version: "1.2.3".to_owned(),
        config_version,
        config_problem: String::new(),
        limits_at: "cache.internal:6379".to_owned(),
        cache_seq: 0,
    }
}

async fn listed(store: &Arc<dyn Store>) -> Vec<(String, i64, i64)> {
    let known = store.list_gateways().await.unwrap();
    known
        .into_iter()
        .map(|one| (one.report.id, one.report.config_version, one.last_beat_ms))
        .collect()
}

pub(crate) async fn a_gateway_is_listed_with_what_it_runs(store: Arc<dyn Store>) {
    store.report_gateway(&report("stranger", 1)).await.unwrap();
    store.beat("second", START_MS + 10).await.unwrap();
    store.beat("first", START_MS).await.unwrap();
    assert_eq!(listed(&store).await, [], "none has said where it listens");
    for id in ["first", "second"] {
        store.report_gateway(&report(id, 7)).await.unwrap();
    }
    let mut refusing = report("second", 7);
    refusing.config_problem = "version 8: no such provider".to_owned();
    refusing.cache_seq = 12;
    store.report_gateway(&refusing).await.unwrap();
    store.report_gateway(&report("first", 8)).await.unwrap();
    let (first, second) = (
        ("first".to_owned(), 8, START_MS),
        ("second".to_owned(), 7, START_MS + 10),
    );
    assert_eq!(listed(&store).await, [first.clone(), second]);
    assert_eq!(store.list_gateways().await.unwrap()[1].report, refusing);
    // A report is no sign of life, and one that stopped is listed no more.
    refusing.address = String::new();
    store.report_gateway(&refusing).await.unwrap();
    assert_eq!(listed(&store).await, [first]);
}

pub(crate) async fn a_dead_gateway_is_listed_no_more(store: Arc<dyn Store>) {
    for (id, at_ms) in [("dead", START_MS), ("alive", START_MS + 20_000)] {
        store.beat(id, at_ms).await.unwrap();
        store.report_gateway(&report(id, 1)).await.unwrap();
    }
    store
        .recover_dead_gateways(START_MS + 5_000, START_MS + 20_000)
        .await
        .unwrap();
    assert_eq!(listed(&store).await, [("alive".to_owned(), 1, START_MS + 20_000)]);
    // Taken for dead, it does not come back by what it says, but by living.
    store.report_gateway(&report("dead", 2)).await.unwrap();
    assert_eq!(listed(&store).await.len(), 1);
    store.beat("dead", START_MS + 21_000).await.unwrap();
    store.report_gateway(&report("dead", 2)).await.unwrap();
    assert_eq!(listed(&store).await.len(), 2);
}
