//! Several gateway processes on one Postgres: one cap, one configuration, one cache.

use crate::{
    clears::until_followed,
    fleet::{Fleet, cap},
};
use serde_json::json;
use std::time::{Duration, Instant};
use weir_contract::{
    NanoUsd,
    model::{
        cache::CacheSelector,
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus},
        usage::TokenUsage,
    },
};
use weir_engine::{
    budget::period::CountedStarts,
    store::{LeaseKey, LeaseRequest, OpenReservation, RequestRecord, Settlement, Store},
};

/// One call's writes, without the engine around them.
pub(crate) async fn one_call(store: &dyn Store, gateway: &str) {
    one_call_at(store, gateway, 1_767_225_600_000).await;
}

/// The same at a time.
pub(crate) async fn one_call_at(store: &dyn Store, gateway: &str, now_ms: i64) {
    store.beat(gateway, now_ms).await.unwrap();
    let key = LeaseKey {
        cap: "day".to_owned(),
        period_start_ms: now_ms,
        lease_id: format!("lease of {gateway}"),
    };
    let wish = LeaseRequest {
        key: key.clone(),
        gateway_id: gateway.to_owned(),
        limit_nanousd: NanoUsd(1_000),
        need_nanousd: NanoUsd(1),
        want_nanousd: NanoUsd(500),
        now_ms,
        counted: CountedStarts::only(now_ms),
    };
    assert_eq!(store.acquire_lease(wish).await.unwrap(), NanoUsd(500));
    let row = RequestRow {
        id: uuid::Uuid::now_v7().to_string(),
        started_ms: now_ms,
        duration_us: 5,
        first_byte_us: 3,
        upstream_us: 4,
        endpoint: "chat_completions".to_owned(),
        streamed: false,
        key_id: "k".to_owned(),
        team: String::new(),
        user: "ana".to_owned(),
        session: String::new(),
        event: String::new(),
        tags: vec!["a".to_owned()],
        client_ip: String::new(),
        intent: "task".to_owned(),
        requested_model: "auto".to_owned(),
        tier: None,
        provider: "fake".to_owned(),
        model: "nano".to_owned(),
        simulated: false,
        cache: CacheOutcome::Miss,
        variants: vec![],
        status: RequestStatus::Ok,
        http_status: 200,
        error: String::new(),
        attempts: 1,
        tokens: TokenUsage::default(),
        cost_nanousd: NanoUsd(80),
        saved_nanousd: NanoUsd(0),
        cost_basis: CostBasis::Settled,
        price_id: String::new(),
        price_unknown: false,
    };
    let open = OpenReservation {
        id: format!("{}-1", row.id),
        gateway_id: gateway.to_owned(),
        amount_nanousd: NanoUsd(100),
        hard_bound_nanousd: NanoUsd(100),
        leases: vec![key.clone().into()],
        opened_ms: now_ms,
        row: row.clone(),
    };
    store.open_reservation(open.clone()).await.unwrap();
    let record = RequestRecord {
        row,
        trace: vec![],
        request_body: Some("{}".to_owned()),
        response_body: None,
        settlements: vec![Settlement {
            reservation_id: open.id,
            amount_nanousd: NanoUsd(80),
            settled: true,
            leases: vec![key.clone()],
        }],
        hit_key: None,
    };
    store.record(record).await.unwrap();
    let left = store.return_lease(&key, NanoUsd(1_000)).await.unwrap();
    assert_eq!(left.taken_nanousd, NanoUsd(420));
}

/// BUD-1: callers of four gateways race for one cap.
#[tokio::test(flavor = "multi_thread")]
async fn four_gateways_never_pass_one_cap() {
    const LIMIT: i64 = 6_000_000;
    let mut fleet = Fleet::start(4, &cap(LIMIT)).await;
    let asking = (0..400).map(|number| {
        let fleet = &fleet;
        async move { fleet.ask(number % 4, &format!("question {number}")).await.status }
    });
    let mut refused = 0;
    let mut bought = 0;
    let answered = futures::stream::StreamExt::buffer_unordered(futures::stream::iter(asking), 64);
    for status in futures::stream::StreamExt::collect::<Vec<_>>(answered).await {
        match status {
            200 => bought += 1,
            429 => refused += 1,
            other => panic!("status {other}"),
        }
    }
    fleet.stop().await;
    assert!(bought > 20 && refused > 20, "{bought} bought, {refused} refused");
    assert_eq!(fleet.upstream.calls(), bought, "what was refused was not bought");
    let spent: i64 = fleet
        .database
        .sql("SELECT sum(cost_nanousd) FROM weir.requests")
        .parse()
        .unwrap();
    assert!(spent <= LIMIT, "{spent} of {LIMIT}");
    let balance = fleet.database.sql(
        "SELECT spent_nanousd || ' ' || reserved_nanousd || ' ' || committed_nanousd FROM weir.cap_balances WHERE cap = 'global-daily'",
    );
    assert_eq!(
        balance,
        format!("{spent} 0 {spent}"),
        "all unspent money came back"
    );
    assert!(spent > LIMIT / 2, "leases hold too much back: {spent} of {LIMIT}");
    let rows = fleet.database.sql("SELECT count(*) FROM weir.requests");
    assert_eq!(rows, "400", "every call is recorded");
}

/// A change reaches all gateways within two seconds, and a clear empties the memory of all.
#[tokio::test(flavor = "multi_thread")]
async fn changes_and_clears_reach_all_gateways() {
    let mut fleet = Fleet::start(3, &cap(1_000_000_000)).await;
    for gateway in 0..3 {
        fleet.ask(gateway, "the same").await.expect(200);
        let again = fleet.ask(gateway, "the same").await.expect(200);
        assert_eq!(again.cache(), "response");
    }
    assert_eq!(fleet.upstream.calls(), 1, "one answer for all gateways");
    let everything = serde_json::to_value(CacheSelector::All).unwrap();
    let cleared = fleet.call("cache.clear", &json!({"selector": everything})).await;
    assert_eq!(cleared["entries"], 1, "{cleared}");
    until_followed(&fleet, &cleared["id"], 3).await;
    for gateway in 0..3 {
        // What another gateway bought anew must not hide what this one's memory still holds.
        fleet.database.sql("DELETE FROM weir.cache_entries");
        let anew = fleet.ask(gateway, "the same").await.expect(200);
        assert_eq!(anew.cache(), "miss", "gateway {gateway}");
    }

    let caps = fleet.call("caps.list", &json!({})).await;
    let mut cap = caps[0]["cap"].clone();
    let version = caps[0]["version"].clone();
    cap["limit_nanousd"] = json!(1);
    fleet
        .call("caps.save", &json!({"cap": cap, "expected_version": version}))
        .await;
    let since = Instant::now();
    for gateway in 0..3 {
        let number = std::cell::Cell::new(0);
        support::eventually("the new cap", || {
            number.set(number.get() + 1);
            let text = format!("another {gateway} {}", number.get());
            let fleet = &fleet;
            async move { (fleet.ask(gateway, &text).await.status == 429).then_some(()) }
        })
        .await;
    }
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    fleet.stop().await;
}

/// The server drops all connections again and again while two gateways work: nothing answered is lost or charged twice.
#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_lose_nothing() {
    let mut fleet = Fleet::start(2, &cap(1_000_000_000)).await;
    let asking = (0..300).map(|number| {
        let fleet = &fleet;
        async move { fleet.ask(number % 2, &format!("question {number}")).await.status }
    });
    let cutting = async {
        let mut cuts = 0;
        for _ in 0..8 {
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            cuts += fleet.database.sql(cut).parse::<i64>().unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        cuts
    };
    let answering = futures::stream::StreamExt::collect::<Vec<_>>(
        futures::stream::StreamExt::buffer_unordered(futures::stream::iter(asking), 16),
    );
    let (statuses, cuts) = futures::join!(answering, cutting);
    assert!(cuts > 8, "only {cuts} connections were cut");
    let answered = statuses.iter().filter(|status| **status == 200).count();
    assert!(answered > 100, "{answered} of 300 were answered");
    fleet.stop().await;
    let figure = |sql: &str| fleet.database.sql(sql).parse::<i64>().unwrap();
    let recorded = figure("SELECT count(*) FROM weir.requests WHERE status = 'ok'");
    assert!(
        recorded >= answered as i64,
        "{recorded} recorded of {answered} answered"
    );
    // What was bought is charged once, and nothing else is.
    let cost = figure("SELECT sum(cost_nanousd) FROM weir.requests");
    let charged =
        figure("SELECT sum(amount_nanousd) FROM weir.ledger WHERE kind = 'charge' AND cap = 'global-daily'");
    assert_eq!(charged, cost);
    assert_eq!(
        figure("SELECT spent_nanousd FROM weir.cap_balances WHERE cap = 'global-daily'"),
        cost
    );
    let counted =
        figure("SELECT sum(requests) FROM weir.rollup_counters WHERE grain = 'hour' AND dimension = 'all'");
    assert_eq!(counted, figure("SELECT count(*) FROM weir.requests"));
}
