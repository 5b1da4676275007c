//! The sample company's caps, and today's sample spend counted against them.

use super::DAY_MS;
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapPeriod, CapScope, CapStep, CapSubject},
        tier::Tier,
    },
};
use weir_engine::{
    budget::period::CountedStarts,
    store::{LeaseKey, LeaseRequest, RequestRecord, Settlement, Store, StoreError},
};

/// Small enough for the sample traffic to come near them on a busy day.
pub(crate) fn caps() -> Vec<Cap> {
    let daily = |name: &str, scope, usd: i64| Cap {
        name: name.to_owned(),
        scope,
        period: CapPeriod::Day,
        time_zone: "UTC".to_owned(),
        limit_nanousd: NanoUsd(usd * NanoUsd::PER_USD),
        steps: CapStep::tell_and_refuse(80),
        enabled: true,
        manner: weir_contract::model::cap::CapManner::default(),
    };
    vec![
        daily("global-daily", CapScope::Global, 15),
        daily("top-tier-daily", CapScope::tier(Tier::T3), 8),
    ]
}

/// Leases what today's requests among these cost and has their records charge it, as a gateway would have.
///
/// # Errors
/// The store's.
pub(super) async fn charge(
    store: &dyn Store,
    records: &mut [RequestRecord],
    now_ms: i64,
) -> Result<(), StoreError> {
    // The caps count in UTC, whose days are all of the same length.
    let period_start_ms = now_ms - now_ms.rem_euclid(DAY_MS);
    for cap in caps() {
        let counts = |record: &RequestRecord| {
            let in_scope = match &cap.scope {
                CapScope::Global => true,
                CapScope::One {
                    subject: CapSubject::Tier,
                    value,
                } => record.row.tier.is_some_and(|tier| tier.as_str() == value),
                // The sample has no others.
                CapScope::One { .. } | CapScope::Each(_) => false,
            };
            in_scope && record.row.started_ms >= period_start_ms && record.row.cost_nanousd > NanoUsd::ZERO
        };
        let spent = records
            .iter()
            .filter(|record| counts(record))
            .map(|record| record.row.cost_nanousd.0)
            .sum();
        if spent == 0 {
            continue;
        }
        let lease = LeaseKey {
            cap: cap.name.clone(),
            period_start_ms,
            lease_id: "sample".to_owned(),
        };
        let request = LeaseRequest {
            key: lease.clone(),
            gateway_id: "sample".to_owned(),
            limit_nanousd: cap.limit_nanousd,
            need_nanousd: NanoUsd(spent),
            want_nanousd: NanoUsd(spent),
            now_ms,
            counted: CountedStarts::only(period_start_ms),
        };
        if store.acquire_lease(request).await? == NanoUsd::ZERO {
            continue;
        }
        for record in records.iter_mut().filter(|record| counts(record)) {
            count_against(record, lease.clone());
        }
    }
    Ok(())
}

fn count_against(record: &mut RequestRecord, lease: LeaseKey) {
    match record.settlements.first_mut() {
        Some(settlement) => settlement.leases.push(lease),
        None => record.settlements.push(Settlement {
            reservation_id: format!("{}-1", record.row.id),
            amount_nanousd: record.row.cost_nanousd,
            settled: true,
            leases: vec![lease],
        }),
    }
}
