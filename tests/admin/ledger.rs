//! Correcting what a request cost, checking the ledger, and holding it against a provider's bill.

use crate::stage::{NOW_MS, Stage, bought};
use serde_json::{Value, json};
use weir_contract::{
    ErrorCode, NanoUsd,
    model::{
        ledger::{LedgerCheck, LedgerMismatch, LedgerSum},
        request::CostBasis,
    },
};
use weir_engine::store::AuditStore;

const DAY_MS: i64 = 86_400_000;

fn range() -> Value {
    json!({"from_ms": NOW_MS - DAY_MS, "to_ms": NOW_MS + 1})
}

#[tokio::test]
async fn an_unsettled_cost_is_corrected_and_audited() {
    let stage = Stage::new().await;
    let mut row = bought(3);
    row.cost_basis = CostBasis::Unsettled;
    let id = row.id.clone();
    stage.record(vec![row, bought(4)]).await;
    let unsettled = json!({"filter": {"cost_basis": "unsettled"}, "cursor": null, "limit": 10});
    let listed = stage.ok("requests.list", unsettled.clone()).await;
    assert_eq!(listed["rows"].as_array().unwrap().len(), 1);
    assert_eq!(listed["rows"][0]["id"], json!(id));

    let args = |expected: i64, cost: i64, reason: &str| json!({"request_id": id, "expected_nanousd": expected, "true_nanousd": cost, "reason": reason});
    let stale = stage.fails("ledger.correct", args(5, 400_000, "bill")).await;
    assert_eq!(stale.code, ErrorCode::Conflict);
    assert!(stale.message.contains("$0.001"), "{stale}");
    for (wrong, field) in [
        (args(1_000_000, 1, " "), "reason: "),
        (args(1_000_000, -1, "bill"), "true_nanousd: "),
    ] {
        let error = stage.fails("ledger.correct", wrong).await;
        assert!(error.message.starts_with(field), "{error}");
    }
    let corrected = stage
        .ok("ledger.correct", args(1_000_000, 400_000, " bill "))
        .await;
    assert_eq!(
        (&corrected["row"]["cost_nanousd"], &corrected["row"]["cost_basis"]),
        (&json!(400_000), &json!("settled"))
    );
    let detail = stage.ok("requests.get", json!({"id": id})).await;
    let expected = json!([{"before_nanousd": 1_000_000, "after_nanousd": 400_000, "reason": "bill", "who": "test:ada", "at_ms": NOW_MS}]);
    assert_eq!(detail["corrections"], expected);
    assert_eq!(stage.ok("requests.list", unsettled).await["rows"], json!([]));
    let overview = stage.ok("overview.get", json!({"range": range()})).await;
    assert_eq!(overview["current"]["cost_nanousd"], 1_400_000);
    assert_eq!(overview["current"]["unsettled_nanousd"], 0);

    let sure =
        json!({"request_id": bought(4).id, "expected_nanousd": 1_000_000, "true_nanousd": 1, "reason": "x"});
    let error = stage.fails("ledger.correct", sure).await;
    assert!(error.message.contains("not an estimate"), "{error}");
    let gone = json!({"request_id": "none", "expected_nanousd": 0, "true_nanousd": 1, "reason": "x"});
    assert_eq!(
        stage.fails("ledger.correct", gone).await.code,
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn a_difference_that_was_found_stands_on_the_overview_until_it_is_gone() {
    let stage = Stage::new().await;
    let found = LedgerCheck {
        at_ms: NOW_MS - 1,
        mismatches: vec![LedgerMismatch {
            cap: "global-daily".into(),
            period_start_ms: NOW_MS - DAY_MS,
            sum: LedgerSum::Spent,
            ledger_nanousd: NanoUsd(2_000_000_000),
            balance_nanousd: NanoUsd(1_000_000_000),
        }],
    };
    stage.store.save_ledger_check(&found).await.unwrap();
    let overview = stage.ok("overview.get", json!({"range": range()})).await;
    let told = overview["attention"].to_string();
    for part in [
        "global-daily",
        "$2 by the ledger",
        "$1 by the balance",
        "calls go on",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let check = stage.ok("ledger.check", json!({})).await;
    assert_eq!(check, json!({"at_ms": NOW_MS, "mismatches": []}));
    let overview = stage.ok("overview.get", json!({"range": range()})).await;
    assert!(!overview["attention"].to_string().contains("by the ledger"));
}

#[tokio::test]
async fn a_bill_is_compared_kept_and_compared_again() {
    let stage = Stage::new().await;
    let mut guessed = bought(2);
    guessed.cost_basis = CostBasis::Unsettled;
    stage.record(vec![bought(1), guessed.clone(), bought(3)]).await;
    let text = "usage_date_utc,model,cost_usd\n2026-09-21,small-20260101,0.0025\n2026-09-21,large,1.00\n";
    let range = json!({"from_ms": 1_789_948_800_000_i64, "to_ms": 1_790_035_200_000_i64});
    let made = stage
        .ok(
            "ledger.reconcile",
            json!({"provider": "openai", "range": range, "text": text}),
        )
        .await;
    assert_eq!(
        (&made["bill"]["format"], &made["bill"]["who"]),
        (&json!("anthropic"), &json!("test:ada"))
    );
    assert_eq!(made["total"]["billed_nanousd"], 1_002_500_000);
    let small = &made["models"][1];
    assert_eq!(
        (
            &small["model"],
            &small["billed_as"],
            &small["ours_nanousd"],
            &small["difference_nanousd"]
        ),
        (
            &json!("small"),
            &json!(["small-20260101"]),
            &json!(3_000_000),
            &json!(500_000)
        )
    );
    assert_eq!(
        (
            &small["difference_basis_points"],
            &small["requests"],
            &small["unsettled_nanousd"]
        ),
        (&json!(2_000), &json!(3), &json!(1_000_000))
    );
    assert!(made["notes"].to_string().contains("by estimate"), "{made}");

    let correct = json!({"request_id": guessed.id, "expected_nanousd": 1_000_000, "true_nanousd": 500_000, "reason": "bill"});
    stage.ok("ledger.correct", correct).await;
    let bills = stage.ok("ledger.bills", json!({})).await;
    assert_eq!(bills.as_array().unwrap().len(), 1);
    let again = stage.ok("ledger.bill", json!({"id": bills[0]["id"]})).await;
    assert_eq!(again["models"][1]["difference_nanousd"], 0);
    assert_eq!(
        stage.fails("ledger.bill", json!({"id": "none"})).await.code,
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn a_bad_line_keeps_the_whole_bill_out() {
    let stage = Stage::new().await;
    let text = "model,amount_usd\nsmall,1\nlarge,1.2.3\n";
    let error = stage
        .fails(
            "ledger.reconcile",
            json!({"provider": "openai", "range": range(), "text": text}),
        )
        .await;
    assert_eq!(error.code, ErrorCode::InvalidArgument);
    for part in ["nothing was imported", "line 3", "12.50"] {
        assert!(error.message.contains(part), "{error}");
    }
    assert_eq!(stage.ok("ledger.bills", json!({})).await, json!([]));
}
