//! A balance that somebody changed behind the ledger's back is found, with both sums; and the ledger itself cannot be changed.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use sqlx::{Connection, SqliteConnection};
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{LeaseKey, LeaseRequest, LedgerStore},
};

const START_MS: i64 = 1_767_225_600_000;

#[tokio::test]
async fn a_tampered_balance_is_found_with_both_sums() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = weir_store_sqlite::open(&path).await.unwrap();
    let key = LeaseKey {
        cap: "global-daily".into(),
        period_start_ms: START_MS,
        lease_id: "l".into(),
    };
    let granted = store
        .acquire_lease(LeaseRequest {
            key,
            gateway_id: "g".into(),
            limit_nanousd: NanoUsd(1_000),
            need_nanousd: NanoUsd(1),
            want_nanousd: NanoUsd(600),
            now_ms: START_MS,
            counted: CountedStarts::only(START_MS),
        })
        .await
        .unwrap();
    assert_eq!(granted, NanoUsd(600));
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);

    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    sqlx::query("UPDATE cap_balances SET committed_nanousd = 250, spent_nanousd = 7")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut found: Vec<(String, i64, i64)> = Vec::new();
    for (sum, ledger, balance) in store.check_ledger().await.unwrap() {
        assert_eq!(
            (sum.cap.as_str(), sum.period_start_ms),
            ("global-daily", START_MS)
        );
        found.push((sum.lease_id, ledger.0, balance.0));
    }
    assert_eq!(
        found,
        [("committed".to_owned(), 600, 250), ("spent".to_owned(), 0, 7)]
    );

    for statement in [
        "UPDATE ledger SET amount_nanousd = 1",
        "DELETE FROM ledger",
        "INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms) VALUES ('charge', 'c', 0, 'l', -1, 0)",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await;
        assert!(refused.is_err(), "{statement}");
    }
}
