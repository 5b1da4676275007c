//! The decisions of one made-up request, in order.

use weir_contract::model::{
    request::{RequestRow, TraceStep},
    tier::Tier,
};

pub(super) fn trace(row: &RequestRow) -> Vec<TraceStep> {
    let step = |at_us: i64, stage: &str, decision: String, facts: &[(&str, &str)]| TraceStep {
        at_us,
        stage: stage.to_owned(),
        decision,
        facts: facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let tier = row.tier.map_or("none", Tier::as_str);
    let mut steps = vec![
        step(
            40,
            "authenticate",
            "Key 7f3a of team web".to_owned(),
            &[("key", "7f3a")],
        ),
        step(
            95,
            "limit",
            "41 of 60 requests in the window of this user".to_owned(),
            &[("limit", "user-per-minute")],
        ),
        step(
            210,
            "intent",
            format!("\"{}\", by a phrase in the last user message", row.intent),
            &[("confidence", "0.94")],
        ),
        step(240, "rollout", format!("In {}", row.variants.join(", ")), &[]),
        step(
            330,
            "cache",
            format!("Outcome: {}", row.cache.as_str()),
            &[("key", "9f2b6c0e4a71…")],
        ),
    ];
    if row.upstream_us > 0 {
        steps.push(step(
            410,
            "reserve",
            "Reserved the worst case against cap global-daily".to_owned(),
            &[("reserved", "$0.0124")],
        ));
        steps.push(step(
            450,
            "route",
            format!("{tier} is the cheapest tier this intent may use"),
            &[("considered", "T0: below the intent's lowest tier")],
        ));
        steps.push(step(
            row.upstream_us,
            "attempt",
            format!("{} answered", row.model),
            &[("provider", "simulated")],
        ));
        steps.push(step(
            row.duration_us,
            "settle",
            "Settled to the provider's own usage".to_owned(),
            &[("price", "simulated@2026-11-01")],
        ));
    }
    steps
}
