//! What the fake remembers while the browser tab is open: caps, limits, rollouts, providers, keys.

use super::{alerts::AlertShelf, profiles::Connections, seed, semantic::SemanticShelf};
use weir_contract::{
    ApiError, ErrorCode, NanoUsd,
    command::{
        caps::CapsSave,
        limits::LimitsSave,
        providers::{ProviderTest, ProvidersSave},
        rollouts::RolloutsSave,
    },
    model::{
        cap::{CapPeriod, CapScope, CapState},
        catalog::{KeyStatus, ProviderProtocol, ProviderState},
        gateway::{GatewayFleet, GatewayState, GatewayStatus, ProfileKind},
        key::VirtualKey,
        ledger::BillComparison,
        limit::LimitState,
        rollout::RolloutState,
    },
};

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
    pub(super) alerts: AlertShelf,
    pub(super) semantic: SemanticShelf,
    /// Bills that were imported, newest first.
    pub(super) bills: Vec<BillComparison>,
    /// Keys of entries that are cleared, each with the number of its clear.
    pub(super) cleared: Vec<(i64, String)>,
    /// Clears, oldest first.
    pub(super) clears: Vec<weir_contract::model::cache::CacheClearRow>,
    /// The change that was taken back, if one was.
    pub(super) undone: Option<(i64, String)>,
    pub(super) connections: Connections,
}

impl Shelf {
    pub(super) fn new() -> Shelf {
        Shelf {
            now_ms: 0,
            profile: None,
            opened_ms: 0,
            caps: seed::caps(),
            limits: seed::limits(),
            rollouts: seed::rollouts(),
            providers: seed::providers(),
            keys: seed::keys(),
            alerts: AlertShelf::new(),
            semantic: SemanticShelf::default(),
            bills: Vec::new(),
            cleared: Vec::new(),
            clears: Vec::new(),
            undone: None,
            connections: Connections::new(),
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
            attached: (profile == ProfileKind::Attached).then(|| self.connections.state(self.now_ms)),
        })
    }

    /// Four made-up gateways, the last of which has not taken over the newest change yet.
    pub(super) fn fleet(&self) -> GatewayFleet {
        let gateway = |number: i64| GatewayState {
            id: format!("made-up-{number}"),
            address: format!("http://10.0.0.{}:8787", number + 3),
            version: "0.1.0".to_owned(),
            config_version: if number == 4 { 127 } else { 128 },
            config_problem: String::new(),
            limits_at: String::new(),
            started_ms: self.opened_ms - number * 3_600_000,
            last_beat_ms: self.now_ms - number * 1_000,
            is_silent: false,
        };
        GatewayFleet {
            config_version: 128,
            gateways: (1..=4).map(gateway).collect(),
        }
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
                state.unsettled_nanousd = NanoUsd::ZERO;
            }
        }
        for state in &mut self.caps {
            state.period_start_ms = self.now_ms - 14 * HOUR_MS;
            let is_monthly = state.cap.period == CapPeriod::Month;
            state.resets_ms = self.now_ms + if is_monthly { 226 } else { 10 } * HOUR_MS;
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
                ..seed::cap("", CapScope::Global, CapPeriod::Day, (0, 0, 0))
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
                would_refuse: 0,
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
            let fresh = seed::provider(save.provider, KeyStatus::Missing, Vec::new());
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
}

pub(super) fn find<'a, T>(
    states: &'a mut [T],
    name: &str,
    name_of: impl Fn(&T) -> &String,
) -> Result<&'a mut T, ApiError> {
    states
        .iter_mut()
        .find(|state| name_of(state) == name)
        .ok_or_else(|| ApiError::not_found(format!("There is no \"{name}\".")))
}

pub(super) fn bump(version: &mut i64, expected: i64) -> Result<(), ApiError> {
    if *version != expected {
        let message = format!("Somebody saved version {version} meanwhile. Look at it, then save again.");
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    *version += 1;
    Ok(())
}
