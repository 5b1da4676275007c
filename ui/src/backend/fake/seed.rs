//! What a freshly opened fake profile holds: caps, limits, rollouts, providers, keys, tiers and intents.

use super::per_user;
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapPeriod, CapScope, CapState, CapStep},
        catalog::{
            BreakerPosition, IntentState, KeySource, KeyStatus, ProviderConfig, ProviderProtocol,
            ProviderState, TierState,
        },
        key::VirtualKey,
        limit::{EndpointClass, Limit, LimitMeasure, LimitState, LimitSubject},
        rollout::{Rollout, RolloutState, VariantChange},
        tier::Tier,
    },
};

/// Intents of the made-up traffic: name, share of requests, hit rate.
pub(super) const INTENTS: [(&str, f64, f64); 6] = [
    ("task_lookup", 0.30, 0.72),
    ("expense_categorize", 0.22, 0.61),
    ("summarize", 0.18, 0.34),
    ("draft_reply", 0.14, 0.12),
    ("translate", 0.10, 0.48),
    ("code_review", 0.06, 0.05),
];

const USD: i64 = NanoUsd::PER_USD;
const HOUR_MS: i64 = 3_600_000;

pub(super) fn caps() -> Vec<CapState> {
    vec![
        cap(
            "global-daily",
            CapScope::Global,
            CapPeriod::Day,
            (25, 18_420, 310),
        ),
        per_user::cap(),
        cap(
            "top-tier-monthly",
            CapScope::tier(Tier::T3),
            CapPeriod::Month,
            (400, 341_750, 1_120),
        ),
    ]
}

pub(super) fn limits() -> Vec<LimitState> {
    vec![
        limit(
            "key-per-minute",
            LimitSubject::Key,
            600,
            Some(("sk-weir-7f3a", 412)),
            0,
        ),
        limit(
            "user-per-minute",
            LimitSubject::User,
            60,
            Some(("ana@example.com", 58)),
            37,
        ),
        limit(
            "ip-per-minute",
            LimitSubject::Ip,
            1_200,
            Some(("10.4.0.17", 96)),
            0,
        ),
    ]
}

pub(super) fn keys() -> Vec<VirtualKey> {
    vec![
        key("7f3a", "production web", "web", 720, None),
        key("2b9c", "old batch job", "batch", 2_160, Some(240)),
    ]
}

/// `money` is the limit in dollars, then spent and reserved in thousandths of a dollar.
pub(super) fn cap(name: &str, scope: CapScope, period: CapPeriod, money: (i64, i64, i64)) -> CapState {
    let (limit_usd, spent_mills, reserved_mills) = money;
    CapState {
        cap: Cap {
            name: name.to_owned(),
            scope,
            period,
            time_zone: "Europe/Berlin".to_owned(),
            limit_nanousd: NanoUsd(limit_usd * USD),
            steps: CapStep::tell_and_refuse(80),
            enabled: true,
            manner: weir_contract::model::cap::CapManner::default(),
        },
        version: 3,
        spent_nanousd: NanoUsd(spent_mills * USD / 1_000),
        reserved_nanousd: NanoUsd(reserved_mills * USD / 1_000),
        unsettled_nanousd: NanoUsd(42_000_000),
        period_start_ms: 0,
        resets_ms: 0,
        resets_text: match period {
            CapPeriod::Day => "tomorrow 00:00 Europe/Berlin",
            CapPeriod::Week => "on Monday 00:00 Europe/Berlin",
            CapPeriod::Month => "on the 1st 00:00 Europe/Berlin",
            CapPeriod::RollingHours(_) => "in an hour",
        }
        .to_owned(),
        in_force: Vec::new(),
        values: Vec::new(),
        overrun_nanousd: NanoUsd::ZERO,
        trips: Vec::new(),
    }
}

fn limit(
    name: &str,
    subject: LimitSubject,
    most: i64,
    busiest: Option<(&str, i64)>,
    refused: u64,
) -> LimitState {
    LimitState {
        limit: Limit {
            name: name.to_owned(),
            subject,
            measure: LimitMeasure::Requests,
            endpoint_class: EndpointClass::ModelCalls,
            most,
            window_seconds: 60,
            enabled: true,
            shadow: false,
        },
        version: 1,
        active_callers: 14,
        busiest: busiest.map(|(who, number)| (who.to_owned(), number)),
        refused,
        would_refuse: 0,
    }
}

pub(super) fn rollouts() -> Vec<RolloutState> {
    let change = VariantChange {
        highest_tier: Some(Tier::T1),
        intent: Some("summarize".to_owned()),
        ..Default::default()
    };
    let prefix = VariantChange {
        system_prefix: Some("Answer in at most three sentences.".to_owned()),
        ..Default::default()
    };
    vec![
        rollout(
            "cheaper-summaries",
            "Summaries on T1 instead of T2",
            2_500,
            change,
            (1_204, 3_588),
        ),
        rollout(
            "short-answers",
            "A shorter system prompt for everyone",
            1_000,
            prefix,
            (611, 5_388),
        ),
    ]
}

fn rollout(
    name: &str,
    description: &str,
    basis_points: u16,
    change: VariantChange,
    seen: (i64, i64),
) -> RolloutState {
    RolloutState {
        rollout: Rollout {
            name: name.to_owned(),
            description: description.to_owned(),
            basis_points,
            enabled: true,
            change,
        },
        version: 4,
        new_requests: seen.0,
        old_requests: seen.1,
    }
}

pub(super) fn providers() -> Vec<ProviderState> {
    let config = |name: &str, protocol, base_url: &str, key| ProviderConfig {
        name: name.to_owned(),
        protocol,
        base_url: base_url.to_owned(),
        key,
    };
    let openai_key = KeySource::Keychain("openai".to_owned());
    let openai = config(
        "openai",
        ProviderProtocol::Openai,
        "https://api.openai.com/v1",
        openai_key,
    );
    let breaker = vec![("gpt-5-mini".to_owned(), BreakerPosition::HalfOpen)];
    let mut simulated = provider(
        config("simulated", ProviderProtocol::Simulated, "", KeySource::None),
        KeyStatus::NotNeeded,
        vec![("sim-small".to_owned(), BreakerPosition::Closed)],
    );
    simulated.is_default = true;
    simulated.from_file = true;
    vec![simulated, provider(openai, KeyStatus::Missing, breaker)]
}

pub(super) fn provider(
    config: ProviderConfig,
    key_status: KeyStatus,
    breakers: Vec<(String, BreakerPosition)>,
) -> ProviderState {
    ProviderState {
        config,
        key_status,
        is_default: false,
        from_file: false,
        version: 1,
        breakers,
    }
}

/// Times are hours before the profile was opened; `open` makes them moments.
pub(super) fn key(
    id: &str,
    name: &str,
    team: &str,
    created_hours: i64,
    revoked_hours: Option<i64>,
) -> VirtualKey {
    VirtualKey {
        id: id.to_owned(),
        name: name.to_owned(),
        team: team.to_owned(),
        last_four: "9Qx2".to_owned(),
        created_ms: -created_hours * HOUR_MS,
        revoked_ms: revoked_hours.map(|hours| -hours * HOUR_MS),
        last_used_ms: Some(revoked_hours.map_or(-40_000, |hours| -(hours + 1) * HOUR_MS)),
        fingerprint: "5e81b3c0".to_owned(),
        ..VirtualKey::default()
    }
}

pub(super) fn tiers() -> Vec<TierState> {
    Tier::ALL
        .into_iter()
        .zip([
            &["simulated/sim-nano"][..],
            &["simulated/sim-small", "openai/gpt-5-mini"],
            &["simulated/sim-large"],
            &["simulated/sim-max"],
        ])
        .map(|(tier, models)| TierState {
            tier,
            models: models.iter().map(|model| (*model).to_owned()).collect(),
        })
        .collect()
}

pub(super) fn intents() -> Vec<IntentState> {
    let keys = [
        "task:{object}:base",
        "expense:{category}:categorization",
        "",
        "",
        "translate:{language}",
        "",
    ];
    INTENTS
        .iter()
        .zip(keys)
        .enumerate()
        .map(|(index, ((name, _, _), cache_key))| IntentState {
            name: (*name).to_owned(),
            description: format!("Requests that ask to {}", name.replace('_', " ")),
            lowest_tier: if index < 2 { Tier::T0 } else { Tier::T1 },
            highest_tier: if index < 2 { Tier::T1 } else { Tier::T3 },
            cache_key: cache_key.to_owned(),
            cache_ttl_seconds: if index == 0 { 86_400 } else { 3_600 },
        })
        .collect()
}
