//! Recording, reading and expiring requests.

use crate::sample::{Draw, START_MS, bare, entry, lease, reservation, settled, trace};
use std::sync::Arc;
use weir_contract::NanoUsd;
use weir_engine::store::{RequestRecord, Store, StoreError};

pub(crate) async fn a_record_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_record_comes_back_as_it_was_written");
    for at in 0..50 {
        let record = RequestRecord {
            trace: trace(),
            request_body: Some("{\"text\":\"caf\u{e9} \u{0} end\"}".to_owned()),
            response_body: (at % 2 == 0).then(|| "x".repeat(70_000)),
            ..bare(draw.row(START_MS + at))
        };
        store.record(record.clone()).await.unwrap();
        let detail = store.get_request(&record.row.id).await.unwrap().unwrap();
        assert_eq!(detail.row, record.row);
        assert_eq!(detail.trace, record.trace);
        assert_eq!(detail.request_body, record.request_body);
        assert_eq!(detail.response_body, record.response_body);
    }
}

pub(crate) async fn recording_twice_is_recording_once(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("recording_twice_is_recording_once");
    let cap = lease("day", "l1");
    store.put_entry(entry("k", START_MS)).await.unwrap();
    let open = reservation(&draw.row(START_MS), "g", 100, std::slice::from_ref(&cap));
    store.open_reservation(open.clone()).await.unwrap();
    let record = RequestRecord {
        trace: trace(),
        hit_key: Some("k".to_owned()),
        ..settled(&open, 60, true)
    };
    let many = (0..20).map(|_| store.record(record.clone()));
    for outcome in futures::future::join_all(many).await {
        outcome.unwrap();
    }
    let mut changed = record.clone();
    changed.row.error = "another".to_owned();
    store.record(changed).await.unwrap();

    let rows = store.list_requests(&Default::default(), None, 10).await.unwrap();
    assert_eq!(rows, vec![record.row]);
    let balance = store.balance("day", START_MS).await.unwrap();
    assert_eq!(balance.spent_nanousd, NanoUsd(60));
    assert_eq!(balance.reserved_nanousd, NanoUsd(0));
    let hit = store.get_entry("k", START_MS).await.unwrap().unwrap();
    assert_eq!(hit.row.hits, 1);
}

pub(crate) async fn an_unknown_request_is_none(store: Arc<dyn Store>) {
    assert_eq!(store.get_request("nobody").await.unwrap(), None);
}

pub(crate) async fn a_hit_counts_on_its_entry(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_hit_counts_on_its_entry");
    store.put_entry(entry("k", START_MS)).await.unwrap();
    for at in [5, 9, 7] {
        let record = RequestRecord {
            hit_key: Some("k".to_owned()),
            ..bare(draw.row(START_MS + at))
        };
        store.record(record).await.unwrap();
    }
    let gone = RequestRecord {
        hit_key: Some("cleared meanwhile".to_owned()),
        ..bare(draw.row(START_MS))
    };
    store.record(gone).await.unwrap();
    let row = store.get_entry("k", START_MS).await.unwrap().unwrap().row;
    assert_eq!(row.hits, 3);
    assert_eq!(row.last_hit_ms, Some(START_MS + 9));
}

pub(crate) async fn bodies_expire_before_rows(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("bodies_expire_before_rows");
    let mut ids = vec![];
    for at in [0, 100, 200] {
        let record = RequestRecord {
            trace: trace(),
            request_body: Some("body".to_owned()),
            ..bare(draw.row(START_MS + at))
        };
        ids.push(record.row.id.clone());
        store.record(record).await.unwrap();
    }
    store.fold_rollups().await.unwrap();
    while store
        .expire_requests(START_MS + 200, START_MS + 100)
        .await
        .unwrap()
        > 0
    {}

    assert_eq!(store.get_request(&ids[0]).await.unwrap(), None);
    let second = store.get_request(&ids[1]).await.unwrap().unwrap();
    assert_eq!((second.request_body, second.trace.len()), (None, 2));
    let third = store.get_request(&ids[2]).await.unwrap().unwrap();
    assert_eq!(third.request_body.as_deref(), Some("body"));
}

pub(crate) async fn expiry_is_bounded_and_complete(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("expiry_is_bounded_and_complete");
    let records = (0..2500)
        .map(|at| store.record(bare(draw.row(START_MS + at))))
        .collect::<Vec<_>>();
    for outcome in futures::future::join_all(records).await {
        outcome.unwrap();
    }
    store.fold_rollups().await.unwrap();
    let first = store.expire_requests(START_MS, START_MS + 2400).await.unwrap();
    assert!((1..2400).contains(&first), "{first} went at once");
    let mut went = first;
    loop {
        match store.expire_requests(START_MS, START_MS + 2400).await.unwrap() {
            0 => break,
            more => went += more,
        }
    }
    assert_eq!(went, 2400);
    assert_eq!(
        store
            .list_requests(&Default::default(), None, 200)
            .await
            .unwrap()
            .len(),
        100
    );
}

pub(crate) async fn a_bad_record_does_not_fail_its_neighbours(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_bad_record_does_not_fail_its_neighbours");
    let records: Vec<_> = (0..60)
        .map(|at| {
            let mut record = bare(draw.row(START_MS + at));
            if at % 7 == 3 {
                record.row.cost_nanousd = NanoUsd(-1);
            }
            record
        })
        .collect();
    let outcomes = futures::future::join_all(records.iter().map(|record| store.record(record.clone()))).await;
    for (record, outcome) in records.iter().zip(outcomes) {
        let kept = store.get_request(&record.row.id).await.unwrap().is_some();
        if record.row.cost_nanousd.0 < 0 {
            assert!(
                matches!(outcome, Err(StoreError::Inconsistent { .. })),
                "{outcome:?}"
            );
            assert!(!kept);
        } else {
            outcome.unwrap();
            assert!(kept);
        }
    }
}
