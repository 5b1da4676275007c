//! What the fake remembers while the browser tab is open: caps, limits, rollouts, providers, keys.

use weir_contract::{
    ApiError, ErrorCode, NanoUsd,
    command::{
        caps::CapsSave,
        keys::{CreatedKey, KeysCreate},
        limits::LimitsSave,
        providers::{ProviderTest, ProvidersSave},
        rollouts::RolloutsSave,
    },
    model::{
        cap::{Cap, CapAction, CapPeriod, CapScope, CapState},
        catalog::{
            BreakerPosition, IntentState, KeySource, KeyStatus, ProviderConfig, ProviderProtocol,
            ProviderState, TierState,
        },
        gateway::{GatewayStatus, ProfileKind},
        key::VirtualKey,
        limit::{Limit, LimitState, LimitSubject},
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

pub(super) struct Shelf {
    pub(super) now_ms: i64,
    pub(super) profile: Option<ProfileKind>,
    pub(super) opened_ms: i64,
    pub(super) caps: Vec<CapState>,
    pub(super) limits: Vec<LimitState>,
    pub(super) rollouts: Vec<RolloutState>,
    pub(super) providers: Vec<ProviderState>,
    pub(super) keys: Vec<VirtualKey>,
    /// Keys of entries that were cleared.
    pub(super) cleared: Vec<String>,
}

impl Shelf {
    pub(super) fn new() -> Shelf {
        Shelf {
            now_ms: 0,
            profile: None,
            opened_ms: 0,
            caps: vec![
                cap(
                    "global-daily",
                    CapScope::Global,
                    CapPeriod::Day,
                    CapAction::Refuse,
                    (25, 18_420, 310),
                ),
                cap(
                    "top-tier-monthly",
                    CapScope::Tier(Tier::T3),
                    CapPeriod::Month,
                    CapAction::CloseTier,
                    (400, 341_750, 1_120),
                ),
            ],
            limits: vec![
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
            ],
            rollouts: rollouts(),
            providers: providers(),
            keys: vec![
                key("7f3a", "production web", "web", 720, None),
                key("2b9c", "old batch job", "batch", 2_160, Some(240)),
            ],
            cleared: Vec::new(),
        }
    }

    pub(super) fn status(&self) -> Result<GatewayStatus, ApiError> {
        let Some(profile) = self.profile else {
            return Err(ApiError::new(ErrorCode::NoProfile, "No profile is open yet."));
        };
        Ok(GatewayStatus {
            profile,
            address: "http://127.0.0.1:8787".to_owned(),
            port_note: String::new(),
            version: "0.1.0".to_owned(),
            config_version: 128,
            database: "none (made-up data)".to_owned(),
            started_ms: self.opened_ms,
            degraded: vec![
                "No gateway is attached: this page runs in a plain browser and its figures are made up."
                    .to_owned(),
            ],
            default_provider: "simulated".to_owned(),
            secret_store: "session".to_owned(),
        })
    }

    pub(super) fn open(&mut self, kind: ProfileKind) -> Result<GatewayStatus, ApiError> {
        self.profile = Some(kind);
        self.opened_ms = self.now_ms;
        if kind == ProfileKind::Local {
            self.keys.clear();
            self.rollouts.clear();
            for state in &mut self.caps {
                state.spent_nanousd = NanoUsd::ZERO;
                state.reserved_nanousd = NanoUsd::ZERO;
            }
        }
        for state in &mut self.caps {
            state.period_start_ms = self.now_ms - 14 * HOUR_MS;
            state.resets_ms = self.now_ms + 10 * HOUR_MS;
        }
        for key in &mut self.keys {
            key.created_ms += self.now_ms;
            key.revoked_ms = key.revoked_ms.map(|ms| ms + self.now_ms);
            key.last_used_ms = key.last_used_ms.map(|ms| ms + self.now_ms);
        }
        self.status()
    }

    pub(super) fn set_secret(&mut self, provider: &str) -> Result<(), ApiError> {
        let state = find(&mut self.providers, provider, |state| &state.config.name)?;
        state.key_status = KeyStatus::Present;
        Ok(())
    }

    pub(super) fn save_cap(&mut self, save: CapsSave) -> Result<CapState, ApiError> {
        if save.expected_version == 0 {
            let fresh = CapState {
                cap: save.cap,
                version: 1,
                ..cap("", CapScope::Global, CapPeriod::Day, CapAction::Refuse, (0, 0, 0))
            };
            self.caps.push(fresh.clone());
            return Ok(fresh);
        }
        let state = find(&mut self.caps, &save.cap.name, |state| &state.cap.name)?;
        bump(&mut state.version, save.expected_version)?;
        state.cap = save.cap;
        Ok(state.clone())
    }

    pub(super) fn delete_cap(&mut self, name: &str) -> Result<(), ApiError> {
        self.caps.retain(|state| state.cap.name != name);
        Ok(())
    }

    pub(super) fn delete_limit(&mut self, name: &str) -> Result<(), ApiError> {
        self.limits.retain(|state| state.limit.name != name);
        Ok(())
    }

    pub(super) fn delete_rollout(&mut self, name: &str) -> Result<(), ApiError> {
        self.rollouts.retain(|state| state.rollout.name != name);
        Ok(())
    }

    pub(super) fn save_limit(&mut self, save: LimitsSave) -> Result<LimitState, ApiError> {
        if save.expected_version == 0 {
            let fresh = LimitState {
                limit: save.limit,
                version: 1,
                active_callers: 0,
                busiest: None,
                refused: 0,
            };
            self.limits.push(fresh.clone());
            return Ok(fresh);
        }
        let state = find(&mut self.limits, &save.limit.name, |state| &state.limit.name)?;
        bump(&mut state.version, save.expected_version)?;
        state.limit = save.limit;
        Ok(state.clone())
    }

    pub(super) fn save_rollout(&mut self, save: RolloutsSave) -> Result<RolloutState, ApiError> {
        if save.expected_version == 0 {
            let fresh = RolloutState {
                rollout: save.rollout,
                version: 1,
                new_requests: 0,
                old_requests: 0,
            };
            self.rollouts.push(fresh.clone());
            return Ok(fresh);
        }
        let state = find(&mut self.rollouts, &save.rollout.name, |state| {
            &state.rollout.name
        })?;
        bump(&mut state.version, save.expected_version)?;
        state.rollout = save.rollout;
        Ok(state.clone())
    }

    pub(super) fn save_provider(&mut self, save: ProvidersSave) -> Result<ProviderState, ApiError> {
        if save.expected_version == 0 {
            let fresh = provider(save.provider, KeyStatus::Missing, Vec::new());
            self.providers.push(fresh.clone());
            return Ok(fresh);
        }
        let state = find(&mut self.providers, &save.provider.name, |state| {
            &state.config.name
        })?;
        bump(&mut state.version, save.expected_version)?;
        state.config = save.provider;
        Ok(state.clone())
    }

    pub(super) fn test_provider(&mut self, name: &str) -> Result<ProviderTest, ApiError> {
        let state = find(&mut self.providers, name, |state| &state.config.name)?;
        let ok = state.config.protocol == ProviderProtocol::Simulated;
        let message = if ok {
            "The simulated provider always answers."
        } else {
            "A plain browser cannot reach providers."
        };
        let models = if ok {
            vec!["sim-small".to_owned(), "sim-large".to_owned()]
        } else {
            Vec::new()
        };
        Ok(ProviderTest {
            ok,
            message: message.to_owned(),
            latency_ms: 12,
            models,
        })
    }

    pub(super) fn set_default_provider(&mut self, name: &str) -> Result<(), ApiError> {
        for state in &mut self.providers {
            state.is_default = state.config.name == name;
        }
        Ok(())
    }

    pub(super) fn create_key(&mut self, create: KeysCreate) -> Result<CreatedKey, ApiError> {
        let id = format!("{:04x}", 0x4d00 + self.keys.len());
        let mut made = key(&id, &create.name, &create.team, 0, None);
        made.created_ms = self.now_ms;
        made.last_used_ms = None;
        self.keys.insert(0, made.clone());
        let secret = format!("sk-weir-{id}-made-up-and-worthless-{}", made.last_four);
        Ok(CreatedKey { key: made, secret })
    }

    pub(super) fn revoke_key(&mut self, id: &str) -> Result<VirtualKey, ApiError> {
        let now_ms = self.now_ms;
        let state = find(&mut self.keys, id, |state| &state.id)?;
        state.revoked_ms = Some(now_ms);
        Ok(state.clone())
    }
}

fn find<'a, T>(
    states: &'a mut [T],
    name: &str,
    name_of: impl Fn(&T) -> &String,
) -> Result<&'a mut T, ApiError> {
    states
        .iter_mut()
        .find(|state| name_of(state) == name)
        .ok_or_else(|| ApiError::not_found(format!("There is no \"{name}\".")))
}

fn bump(version: &mut i64, expected: i64) -> Result<(), ApiError> {
    if *version != expected {
        let message = format!("Somebody saved version {version} meanwhile. Look at it, then save again.");
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    *version += 1;
    Ok(())
}

/// `money` is the limit in dollars, then spent and reserved in thousandths of a dollar.
fn cap(
    name: &str,
    scope: CapScope,
    period: CapPeriod,
    action: CapAction,
    money: (i64, i64, i64),
) -> CapState {
    let (limit_usd, spent_mills, reserved_mills) = money;
    CapState {
        cap: Cap {
            name: name.to_owned(),
            scope,
            period,
            time_zone: "Europe/Berlin".to_owned(),
            limit_nanousd: NanoUsd(limit_usd * USD),
            action,
            alert_percent: 80,
            enabled: true,
        },
        version: 3,
        spent_nanousd: NanoUsd(spent_mills * USD / 1_000),
        reserved_nanousd: NanoUsd(reserved_mills * USD / 1_000),
        unsettled_nanousd: NanoUsd(42_000_000),
        period_start_ms: 0,
        resets_ms: 0,
        resets_text: "tomorrow 00:00 Europe/Berlin".to_owned(),
    }
}

fn limit(
    name: &str,
    subject: LimitSubject,
    max_requests: u32,
    busiest: Option<(&str, u32)>,
    refused: u64,
) -> LimitState {
    LimitState {
        limit: Limit {
            name: name.to_owned(),
            subject,
            max_requests,
            window_seconds: 60,
            enabled: true,
        },
        version: 1,
        active_callers: 14,
        busiest: busiest.map(|(who, number)| (who.to_owned(), number)),
        refused,
    }
}

fn rollouts() -> Vec<RolloutState> {
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

fn providers() -> Vec<ProviderState> {
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

fn provider(
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
fn key(id: &str, name: &str, team: &str, created_hours: i64, revoked_hours: Option<i64>) -> VirtualKey {
    VirtualKey {
        id: id.to_owned(),
        name: name.to_owned(),
        team: team.to_owned(),
        last_four: "9Qx2".to_owned(),
        created_ms: -created_hours * HOUR_MS,
        revoked_ms: revoked_hours.map(|hours| -hours * HOUR_MS),
        last_used_ms: Some(revoked_hours.map_or(-40_000, |hours| -(hours + 1) * HOUR_MS)),
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
