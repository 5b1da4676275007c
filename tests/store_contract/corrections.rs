//! Corrections of unsettled charges, kept checks, bills and learned ratios.

use crate::sample::{Draw, START_MS, act_of, lease, reservation, settled, wish};
use std::sync::Arc;
use weir_contract::{
    NanoUsd,
    model::{
        ledger::{Bill, BillFormat, BilledModel, LedgerCheck, LedgerMismatch, LedgerSum},
        request::{CostBasis, RequestRow, RequestStatus},
        time::TimeRange,
    },
};
use weir_engine::{
    budget::learned_ratio::{RatioCount, Side},
    change::Act,
    store::{CorrectionOutcome, CorrectionRequest, Dimension, Grain, RequestRecord, Settlement, Store},
};

const HOUR_MS: i64 = 3_600_000;

fn correction(row: &RequestRow, expected: i64, true_cost: i64) -> CorrectionRequest {
    CorrectionRequest {
        request_id: row.id.clone(),
        expected_nanousd: NanoUsd(expected),
        true_nanousd: NanoUsd(true_cost),
    }
}

fn by_ada() -> Act {
    Act {
        reason: "the bill".to_owned(),
        ..act_of("ada", START_MS + 500)
    }
}

/// Records a request whose one attempt was charged by estimate, counted by two caps, all of its lease used.
async fn unsettled(store: &Arc<dyn Store>, draw: &mut Draw, charge: i64) -> RequestRow {
    let keys = [lease("day", "a"), lease("tier", "b")];
    for key in &keys {
        store
            .acquire_lease(wish(key, "g", 1_000, 1, charge))
            .await
            .unwrap();
    }
    let mut row = draw.row(START_MS);
    row.cost_nanousd = NanoUsd(charge);
    row.cost_basis = CostBasis::Unsettled;
    row.status = RequestStatus::Cut;
    let open = reservation(&row, "g", charge, &keys);
    store.open_reservation(open.clone()).await.unwrap();
    let mut record: RequestRecord = settled(&open, charge, false);
    record.row = row.clone();
    store.record(record).await.unwrap();
    row
}

async fn balance(store: &Arc<dyn Store>, cap: &str) -> (i64, i64, i64) {
    let balance = store.balance(cap, START_MS).await.unwrap();
    assert_eq!(
        store.check_ledger().await.unwrap(),
        vec![],
        "every sum equals its balance"
    );
    (
        balance.spent_nanousd.0,
        balance.unsettled_nanousd.0,
        balance.committed_nanousd.0,
    )
}

/// Cost and unsettled part of the hour.
async fn hour(store: &Arc<dyn Store>, dimension: Dimension) -> (i64, i64) {
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + HOUR_MS,
    };
    let points = store
        .rollup_series(dimension, Grain::Hour, range, HOUR_MS)
        .await
        .unwrap();
    let sum = |of: fn(&weir_engine::store::RollupPoint) -> i64| points.iter().map(of).sum();
    (
        sum(|point| point.counters.cost_nanousd),
        sum(|point| point.counters.unsettled_nanousd),
    )
}

pub(crate) async fn a_correction_moves_everything_that_counted(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_correction_moves_everything_that_counted");
    let row = unsettled(&store, &mut draw, 100).await;
    store.fold_rollups().await.unwrap();
    assert_eq!(balance(&store, "day").await, (100, 100, 100));
    assert_eq!(hour(&store, Dimension::All).await, (100, 100));

    let outcome = store
        .correct_request(correction(&row, 100, 30), &by_ada())
        .await
        .unwrap();
    let CorrectionOutcome::Corrected(moved) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(moved.len(), 2);
    assert!(
        moved.iter().all(|one| one.change_nanousd == NanoUsd(-70)),
        "{moved:?}"
    );
    for cap in ["day", "tier"] {
        assert_eq!(
            balance(&store, cap).await,
            (30, 0, 30),
            "what was freed can be spent again"
        );
    }
    for dimension in [
        Dimension::All,
        Dimension::Model,
        Dimension::Key,
        Dimension::Provider,
        Dimension::User,
        Dimension::Team,
        Dimension::Event,
    ] {
        assert_eq!(hour(&store, dimension).await, (30, 0));
    }
    let detail = store.get_request(&row.id).await.unwrap().unwrap();
    assert_eq!(
        (detail.row.cost_nanousd, detail.row.cost_basis),
        (NanoUsd(30), CostBasis::Settled)
    );
    assert_eq!(detail.corrections.len(), 1);
    assert_eq!(
        (
            detail.corrections[0].before_nanousd,
            detail.corrections[0].after_nanousd
        ),
        (NanoUsd(100), NanoUsd(30))
    );

    // A correction may be corrected, also upwards.
    let outcome = store
        .correct_request(correction(&row, 30, 250), &by_ada())
        .await
        .unwrap();
    assert!(matches!(outcome, CorrectionOutcome::Corrected(_)), "{outcome:?}");
    assert_eq!(balance(&store, "day").await.0, 250);
    assert_eq!(hour(&store, Dimension::All).await, (250, 0));
    // What was spent beyond the lease takes room from the next.
    let more = store
        .acquire_lease(wish(&lease("day", "c"), "g", 1_000, 1, 1_000))
        .await
        .unwrap();
    assert_eq!(more, NanoUsd(750));
    assert_eq!(
        store
            .get_request(&row.id)
            .await
            .unwrap()
            .unwrap()
            .corrections
            .len(),
        2
    );
}

pub(crate) async fn a_correction_before_the_fold_is_counted_once(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_correction_before_the_fold_is_counted_once");
    let row = unsettled(&store, &mut draw, 100).await;
    store
        .correct_request(correction(&row, 100, 100), &by_ada())
        .await
        .unwrap();
    assert_eq!(
        balance(&store, "day").await,
        (100, 0, 100),
        "the estimate was right, and is settled"
    );
    store.fold_rollups().await.unwrap();
    assert_eq!(hour(&store, Dimension::All).await, (100, 0));
}

pub(crate) async fn a_correction_that_does_not_fit_changes_nothing(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_correction_that_does_not_fit_changes_nothing");
    let row = unsettled(&store, &mut draw, 100).await;
    assert_eq!(
        store
            .correct_request(correction(&row, 99, 30), &by_ada())
            .await
            .unwrap(),
        CorrectionOutcome::CostIs(NanoUsd(100))
    );
    let mut sure = draw.row(START_MS);
    sure.cost_basis = CostBasis::Settled;
    store.record(crate::sample::bare(sure.clone())).await.unwrap();
    let outcome = store
        .correct_request(correction(&sure, sure.cost_nanousd.0, 1), &by_ada())
        .await
        .unwrap();
    assert_eq!(outcome, CorrectionOutcome::NotUnsettled);
    let unknown = draw.row(START_MS);
    assert_eq!(
        store
            .correct_request(correction(&unknown, 0, 1), &by_ada())
            .await
            .unwrap(),
        CorrectionOutcome::NoSuchRequest
    );
    assert_eq!(balance(&store, "day").await, (100, 100, 100));
    assert_eq!(
        store
            .get_request(&row.id)
            .await
            .unwrap()
            .unwrap()
            .row
            .cost_nanousd,
        NanoUsd(100)
    );
}

pub(crate) async fn only_unsettled_attempts_are_corrected(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("only_unsettled_attempts_are_corrected");
    let key = lease("day", "a");
    store.acquire_lease(wish(&key, "g", 1_000, 1, 500)).await.unwrap();
    let mut row = draw.row(START_MS);
    row.cost_nanousd = NanoUsd(300);
    row.cost_basis = CostBasis::Unsettled;
    let attempt = |n: u32, amount: i64, settled: bool| Settlement {
        reservation_id: format!("{}-{n}", row.id),
        amount_nanousd: NanoUsd(amount),
        settled,
        leases: vec![key.clone()],
    };
    let mut record = crate::sample::bare(row.clone());
    record.settlements = vec![
        attempt(1, 150, false),
        attempt(2, 100, true),
        attempt(3, 50, false),
    ];
    store.record(record).await.unwrap();
    assert_eq!(balance(&store, "day").await, (300, 200, 500));
    assert_eq!(
        store
            .correct_request(correction(&row, 300, 99), &by_ada())
            .await
            .unwrap(),
        CorrectionOutcome::SettledAlone(NanoUsd(100))
    );
    store
        .correct_request(correction(&row, 300, 101), &by_ada())
        .await
        .unwrap();
    assert_eq!(balance(&store, "day").await.0, 101);
    assert_eq!(balance(&store, "day").await.1, 0);
}

pub(crate) async fn the_newest_check_is_kept(store: Arc<dyn Store>) {
    assert_eq!(store.last_ledger_check().await.unwrap(), None);
    let check = |at_ms: i64, mismatches| LedgerCheck { at_ms, mismatches };
    let bad = LedgerMismatch {
        cap: "day".to_owned(),
        period_start_ms: START_MS,
        sum: LedgerSum::Spent,
        ledger_nanousd: NanoUsd(5),
        balance_nanousd: NanoUsd(4),
    };
    let first = check(START_MS, vec![bad]);
    store.save_ledger_check(&first).await.unwrap();
    assert_eq!(store.last_ledger_check().await.unwrap(), Some(first));
    let second = check(START_MS + HOUR_MS, Vec::new());
    store.save_ledger_check(&second).await.unwrap();
    assert_eq!(store.last_ledger_check().await.unwrap(), Some(second));
}

pub(crate) async fn a_bill_is_kept_whole_and_held_against_the_requests(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_bill_is_kept_whole_and_held_against_the_requests");
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + HOUR_MS,
    };
    assert_eq!(store.oldest_request_ms().await.unwrap(), None);
    for (at, model, cost, basis) in [
        (0, "m", 10, CostBasis::Settled),
        (1, "m", 5, CostBasis::Unsettled),
        (2, "m", 0, CostBasis::Free),
        (HOUR_MS, "m", 100, CostBasis::Settled),
        (3, "n", 7, CostBasis::Settled),
    ] {
        let mut row = draw.row(START_MS + at);
        row.provider = "openai".to_owned();
        row.model = model.to_owned();
        row.cost_nanousd = NanoUsd(cost);
        row.cost_basis = basis;
        store.record(crate::sample::bare(row)).await.unwrap();
    }
    let bought = store.bought_models("openai", range).await.unwrap();
    let shown: Vec<_> = bought
        .iter()
        .map(|one| {
            (
                one.model.as_str(),
                one.requests,
                one.cost_nanousd.0,
                one.unsettled_nanousd.0,
            )
        })
        .collect();
    assert_eq!(shown, [("m", 2, 15, 5), ("n", 1, 7, 0)]);
    assert_eq!(store.bought_models("other", range).await.unwrap(), vec![]);
    assert_eq!(store.oldest_request_ms().await.unwrap(), Some(START_MS));

    let bill = Bill {
        id: "b1".to_owned(),
        provider: "openai".to_owned(),
        format: BillFormat::Totals,
        range,
        total_nanousd: NanoUsd(9),
        who: "test".to_owned(),
        imported_ms: START_MS,
    };
    let model = |name: &str, amount| BilledModel {
        model: name.to_owned(),
        amount_nanousd: NanoUsd(amount),
        lines: 1,
    };
    let twice = [model("m", 1), model("m", 2)];
    assert!(store.insert_bill(&bill, &twice, &by_ada()).await.is_err());
    assert_eq!(
        store.list_bills().await.unwrap(),
        vec![],
        "nothing of a bad bill stays"
    );
    let models = vec![model("m", 12), model("n", -3)];
    store.insert_bill(&bill, &models, &by_ada()).await.unwrap();
    assert_eq!(store.list_bills().await.unwrap(), vec![bill.clone()]);
    assert_eq!(store.get_bill("b1").await.unwrap(), Some((bill, models)));
    assert_eq!(store.get_bill("b2").await.unwrap(), None);
}

pub(crate) async fn ratio_counts_add_up_and_old_generations_go(store: Arc<dyn Store>) {
    let count = |generation, bucket, n| RatioCount {
        provider: "openai".to_owned(),
        model: "m".to_owned(),
        size_class: 1,
        side: Side::Output,
        generation,
        bucket,
        n,
    };
    store
        .add_ratio_counts(vec![count(0, 5, 2), count(0, 6, 1)])
        .await
        .unwrap();
    store
        .add_ratio_counts(vec![count(0, 5, 3), count(1, 65_535, 1)])
        .await
        .unwrap();
    let expected = vec![count(0, 5, 5), count(0, 6, 1), count(1, 65_535, 1)];
    assert_eq!(store.ratio_counts().await.unwrap(), expected);
    store.add_ratio_counts(vec![count(2, 5, 1)]).await.unwrap();
    assert_eq!(
        store.ratio_counts().await.unwrap(),
        vec![count(1, 65_535, 1), count(2, 5, 1)]
    );
}
