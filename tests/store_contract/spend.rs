//! What values spent by hour, as simulations and forecasts read it; and periods of every zone over it (BUD-8).

use crate::sample::{Draw, START_MS, bare};
use std::{collections::BTreeMap, sync::Arc};
use weir_contract::{
    NanoUsd,
    model::{cap::CapPeriod, request::RequestRow, time::TimeRange},
};
use weir_engine::{
    budget::period::period_bounds,
    store::{Dimension, HourSpend, Store},
};

const HOUR_MS: i64 = 3_600_000;

async fn record(store: &Arc<dyn Store>, rows: &[RequestRow]) {
    let recorded = rows.iter().map(|row| store.record(bare(row.clone())));
    for outcome in futures::future::join_all(recorded).await {
        outcome.unwrap();
    }
    store.fold_rollups().await.unwrap();
}

fn is_bought(row: &RequestRow) -> bool {
    let hit = matches!(row.cache.as_str(), "response" | "semantic");
    !hit && row.status.as_str() != "refused"
}

pub(crate) async fn a_values_hours_are_its_requests(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_values_hours_are_its_requests");
    let rows: Vec<RequestRow> = (0..200)
        .map(|_| {
            let at_ms = START_MS + draw.between(0, 30 * HOUR_MS);
            draw.row(at_ms)
        })
        .collect();
    record(&store, &rows).await;
    let range = TimeRange {
        from_ms: START_MS + 3 * HOUR_MS,
        to_ms: START_MS + 25 * HOUR_MS,
    };
    let inside: Vec<&RequestRow> = rows
        .iter()
        .filter(|row| (range.from_ms..range.to_ms).contains(&row.started_ms))
        .collect();
    type Value = fn(&RequestRow) -> String;
    let of: [(Dimension, Value); 5] = [
        (Dimension::All, |_| String::new()),
        (Dimension::User, |row| row.user.clone()),
        (Dimension::Team, |row| row.team.clone()),
        (Dimension::Event, |row| row.event.clone()),
        (Dimension::Model, |row| row.model.clone()),
    ];
    for (dimension, value_of) in of {
        let mut values: BTreeMap<String, Vec<&RequestRow>> = BTreeMap::new();
        for row in &inside {
            values.entry(value_of(row)).or_default().push(*row);
        }
        for (value, rows) in &values {
            let hours = store.value_hours(dimension, value, range).await.unwrap();
            let sum = |pick: fn(&HourSpend) -> i64| -> i64 { hours.iter().map(pick).sum() };
            let cost: i64 = rows.iter().map(|row| row.cost_nanousd.0).sum();
            assert_eq!(sum(|hour| hour.requests), rows.len() as i64);
            assert_eq!(sum(|hour| hour.cost_nanousd), cost, "{dimension:?} {value:?}");
            // An answer from the cache that was refused counts in both, so never more than are.
            let bought = rows.iter().filter(|row| is_bought(row)).count() as i64;
            assert!(sum(|hour| hour.bought) <= bought);
            let requests = store
                .bought_requests(dimension, value, range, 1_000)
                .await
                .unwrap();
            assert_eq!(
                requests.iter().map(|request| request.cost_nanousd).sum::<i64>(),
                cost
            );
            assert!(
                requests
                    .windows(2)
                    .all(|pair| pair[0].started_ms <= pair[1].started_ms)
            );
        }
        let above = store
            .values_above(dimension, range, NanoUsd(1), 1_000)
            .await
            .unwrap();
        let paying = values
            .values()
            .filter(|rows| rows.iter().any(|row| row.cost_nanousd > NanoUsd::ZERO));
        assert_eq!(above.len(), paying.count());
        assert!(
            above
                .windows(2)
                .all(|pair| pair[0].1.cost_nanousd >= pair[1].1.cost_nanousd)
        );
        let all = store.all_spend(range).await.unwrap();
        let cost: i64 = inside.iter().map(|row| row.cost_nanousd.0).sum();
        assert_eq!((all.requests, all.cost_nanousd), (inside.len() as i64, cost));
    }
}

/// Days, weeks and months of twelve zones, clock changes and a leap day among them: each call counts in exactly one, so the
/// periods add up to the whole.
pub(crate) async fn bud_8_periods_add_up_to_the_whole(store: Arc<dyn Store>) {
    const ZONES: [&str; 12] = [
        "UTC",
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "America/St_Johns",
        "America/Havana",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Asia/Tokyo",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Pacific/Chatham",
    ];
    // 2028-02-15 to 2028-04-15: a leap day, and the clock changes of both hemispheres.
    const FROM_MS: i64 = 1_834_185_600_000;
    let mut draw = Draw::seeded("bud_8_periods_add_up_to_the_whole");
    let mut total = 0;
    let mut keys: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for number in 0..60 {
        let at_ms = FROM_MS + draw.between(0, 60 * 24 * HOUR_MS);
        let cost = draw.between(1, 1_000_000);
        total += cost;
        let mut leases = Vec::new();
        for zone in ZONES {
            for period in [CapPeriod::Day, CapPeriod::Week, CapPeriod::Month] {
                let bounds = period_bounds(period, zone, at_ms).unwrap();
                assert!((bounds.start_ms..bounds.end_ms).contains(&at_ms));
                let cap = format!("{zone} {period:?}");
                keys.entry(cap.clone()).or_default().push(bounds.start_ms);
                leases.push(weir_engine::store::LeaseKey {
                    lease_id: format!("{cap} {}", bounds.start_ms),
                    period_start_ms: bounds.start_ms,
                    cap,
                });
            }
        }
        let row = draw.row(at_ms);
        let open = crate::sample::reservation(&row, "g", cost, &leases);
        store.open_reservation(open.clone()).await.unwrap();
        store
            .record(crate::sample::settled(&open, cost, number % 3 > 0))
            .await
            .unwrap();
    }
    for (cap, mut starts) in keys {
        starts.sort_unstable();
        starts.dedup();
        let mut sum = 0;
        for start_ms in starts {
            sum += store.balance(&cap, start_ms).await.unwrap().spent_nanousd.0;
        }
        assert_eq!(sum, total, "{cap}");
    }
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}
