//! CACHE-6: what is cleared on one gateway is served by none, can be brought back on all, and goes for good by a purge.

use crate::fleet::{Fleet, cap};
use futures::future::join_all;
use serde_json::json;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use support::said::Said;
use weir_contract::model::cache::CacheSelector;
use weir_engine::{
    change::Act,
    clock::{Clock, SystemClock},
    store::{ClearEnd, ClearStore, Clearing, GatewayStore},
};
use weir_store_postgres::PostgresStore;

const GATEWAYS: usize = 4;
const QUESTIONS: usize = 12;

/// Puts the answers into the database and into the memory of every gateway.
async fn warm(fleet: &Fleet, intent: &str) {
    for number in 0..QUESTIONS {
        for gateway in 0..GATEWAYS {
            let headers = [("intent", intent), ("source", "manual")];
            fleet
                .ask_with(gateway, &headers, &format!("{intent} {number}"))
                .await
                .expect(200);
        }
    }
}

/// How many of the answers all gateways together would serve; nothing is bought.
async fn hits(fleet: &Fleet, intent: &str) -> usize {
    let asking = (0..QUESTIONS * GATEWAYS).map(|number| async move {
        let headers = [("intent", intent), ("cache", "only")];
        let text = format!("{intent} {}", number / GATEWAYS);
        fleet.ask_with(number % GATEWAYS, &headers, &text).await.status == 200
    });
    join_all(asking).await.into_iter().filter(|hit| *hit).count()
}

/// Waits until so many gateways have followed the newest clear or undo of this number.
pub(crate) async fn until_followed(fleet: &Fleet, id: &serde_json::Value, many: usize) -> serde_json::Value {
    let since = Instant::now();
    loop {
        let clears = fleet.call("cache.clears", &json!({"limit": 20})).await;
        let rows = clears.as_array().unwrap();
        let row = rows.iter().find(|row| row["id"] == *id).unwrap();
        if row["confirmed"] == many {
            return row.clone();
        }
        assert!(since.elapsed() < Duration::from_secs(10), "{row}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cleared_is_served_by_no_gateway_and_comes_back_on_all() {
    let mut fleet = Fleet::start(GATEWAYS, &cap(1_000_000_000_000)).await;
    for intent in ["faq", "task"] {
        warm(&fleet, intent).await;
        assert_eq!(hits(&fleet, intent).await, QUESTIONS * GATEWAYS);
    }
    let bought = fleet.upstream.calls();
    let faq = json!({"selector": {"kind": "intent", "value": "faq"}});
    let preview = fleet.call("cache.clear_preview", &faq).await;
    let cleared = fleet.call("cache.clear", &faq).await;
    assert_eq!(cleared["entries"], QUESTIONS, "{cleared}");
    assert_eq!(cleared["bytes"], preview["bytes"]);
    let row = until_followed(&fleet, &cleared["id"], GATEWAYS).await;
    assert_eq!(
        (&row["gateways"], &row["state"]),
        (&json!(GATEWAYS), &json!("cleared"))
    );
    assert_eq!(hits(&fleet, "faq").await, 0, "no stale hit on any gateway");
    assert_eq!(hits(&fleet, "task").await, QUESTIONS * GATEWAYS, "the rest stays");

    fleet
        .call("cache.undo_clear", &json!({"id": cleared["id"]}))
        .await;
    let row = until_followed(&fleet, &cleared["id"], GATEWAYS).await;
    assert_eq!(row["state"], "undone");
    assert_eq!(
        hits(&fleet, "faq").await,
        QUESTIONS * GATEWAYS,
        "all are served again"
    );

    // One gateway hangs: everybody can see which one has not followed, and it does so when it goes on.
    fleet.signal(3, "-STOP");
    let cleared = fleet.call("cache.clear", &faq).await;
    let row = until_followed(&fleet, &cleared["id"], GATEWAYS - 1).await;
    assert_eq!(row["waiting"], json!([fleet.gateways[3].base]), "{row}");
    fleet.signal(3, "-CONT");
    until_followed(&fleet, &cleared["id"], GATEWAYS).await;
    assert_eq!(hits(&fleet, "faq").await, 0);

    // An application drops by source at one gateway, for good.
    let url = format!(
        "{}/v1/cache/entries?source=manual&purge=true",
        fleet.gateways[1].base
    );
    let gone = fleet.client.delete(url).bearer_auth(&fleet.key).send().await;
    let gone = Said::read(gone.unwrap()).await.expect(200).json();
    assert_eq!(
        gone["entries"],
        2 * QUESTIONS,
        "with what was cleared before: {gone}"
    );
    until_followed(&fleet, &gone["id"], GATEWAYS).await;
    assert_eq!(hits(&fleet, "task").await + hits(&fleet, "faq").await, 0);
    let left = "SELECT (SELECT count(*) FROM weir.cache_entries) || ' ' || (SELECT count(*) FROM weir.cache_tombstones)
        || ' ' || (SELECT count(*) FROM weir.cache_marks) || ' ' || (SELECT count(*) FROM weir.semantic_entries)";
    assert_eq!(fleet.database.sql(left), "0 0 0 0");
    assert_eq!(
        fleet.upstream.calls(),
        bought,
        "nothing was bought to find this out"
    );
    fleet.stop().await;
}

/// Clears and undos reach four busy gateways within two seconds.
#[tokio::test(flavor = "multi_thread")]
async fn clears_are_followed_by_four_gateways_within_two_seconds() {
    let rounds = if std::env::var_os("WEIR_LONG").is_some() {
        500
    } else {
        60
    };
    let mut fleet = Fleet::start(GATEWAYS, &cap(1_000_000_000_000)).await;
    warm(&fleet, "faq").await;
    let store: PostgresStore = weir_store_postgres::open(&fleet.database.url()).await.unwrap();
    let act = Act::of_weir("test", SystemClock::new().now_ms());
    let until = async |seq: i64| {
        let since = Instant::now();
        loop {
            let known = store.list_gateways().await.unwrap();
            if known.iter().filter(|one| one.report.cache_seq >= seq).count() == GATEWAYS {
                return since.elapsed();
            }
            assert!(since.elapsed() < Duration::from_secs(10), "{seq}: {known:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let is_over = AtomicBool::new(false);
    let clearing = async {
        let mut took = Vec::new();
        for _ in 0..rounds {
            let faq = Clearing::of(CacheSelector::Intent("faq".to_owned()));
            let cleared = store.clear(&faq, &act).await.unwrap();
            took.push(until(cleared.seq).await);
            store
                .end_clear(cleared.seq, ClearEnd::Undone, &act)
                .await
                .unwrap();
            took.push(until(store.newest_clear().await.unwrap()).await);
        }
        is_over.store(true, Ordering::SeqCst);
        took
    };
    let calling = async {
        let mut answered = 0;
        while !is_over.load(Ordering::SeqCst) {
            let text = format!("task {}", answered % 50);
            fleet
                .ask_with(answered % GATEWAYS, &[("intent", "task")], &text)
                .await
                .expect(200);
            answered += 1;
        }
        answered
    };
    let (mut took, answered) = futures::join!(clearing, calling);
    took.sort();
    let p99 = took[(took.len() * 99).div_ceil(100) - 1];
    println!(
        "{} clears and undos beside {answered} calls: p50 {:?}, p99 {p99:?}",
        took.len(),
        took[took.len() / 2]
    );
    assert!(p99 <= Duration::from_secs(2), "{p99:?}");
    assert_eq!(
        hits(&fleet, "faq").await,
        QUESTIONS * GATEWAYS,
        "every clear was undone"
    );
    fleet.stop().await;
}
