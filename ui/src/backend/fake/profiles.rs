//! Made-up connections: one that works, one that does not; no browser can open either.

use weir_contract::{
    ApiError, ErrorCode,
    command::profiles::{ProfilesSave, ProfilesUnlock},
    model::profile::{
        AttachedState, BandColour, ConnectionProfile, EnvironmentWord, ProfileState, ReadUrl, SshTunnel,
        StepKind, StepOutcome, TestStep,
    },
};

/// The made-up connections, and until when the attached preview is unlocked.
pub(super) struct Connections {
    profiles: Vec<ConnectionProfile>,
    unlocked_until_ms: Option<i64>,
}

impl Connections {
    pub(super) fn new() -> Connections {
        let production = ConnectionProfile {
            name: "acme-eu".to_owned(),
            host: "db.example.com".to_owned(),
            ..ConnectionProfile::new()
        };
        let staging = ConnectionProfile {
            name: "acme-staging".to_owned(),
            environment: EnvironmentWord::Staging,
            colour: BandColour::Blue,
            host: "10.0.0.7".to_owned(),
            admin_user: String::new(),
            ssh: Some(SshTunnel {
                host: "bastion".to_owned(),
                ..SshTunnel::default()
            }),
            ..ConnectionProfile::new()
        };
        Connections {
            profiles: vec![production, staging],
            unlocked_until_ms: None,
        }
    }

    pub(super) fn list(&self) -> Vec<ProfileState> {
        let states = self.profiles.iter().map(|profile| ProfileState {
            profile: profile.clone(),
            has_password: true,
            has_admin_password: !profile.admin_user.is_empty(),
            is_open: false,
        });
        states.collect()
    }

    pub(super) fn save(&mut self, save: ProfilesSave) -> Result<(), ApiError> {
        weir_contract::model::profile::check(&save.profile).map_err(ApiError::invalid)?;
        self.profiles
            .retain(|one| Some(&one.name) != save.before.as_ref() && one.name != save.profile.name);
        self.profiles.push(save.profile);
        self.profiles.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(())
    }

    pub(super) fn delete(&mut self, name: &str) {
        self.profiles.retain(|one| one.name != name);
    }

    /// The attached preview (`?fake=attached`).
    pub(super) fn state(&self, now_ms: i64) -> AttachedState {
        let profile = self.profiles.first().cloned().unwrap_or_default();
        AttachedState {
            place: profile.place(),
            can_unlock: !profile.admin_user.is_empty(),
            name: profile.name,
            environment: profile.environment,
            colour: profile.colour,
            tls: profile.tls,
            through_ssh: profile.ssh.is_some(),
            role: profile.user,
            auto_lock_minutes: profile.auto_lock_minutes,
            unlocked_until_ms: self.unlocked_until_ms.filter(|until| *until > now_ms),
            as_of_ms: now_ms,
            lost: None,
        }
    }

    pub(super) fn unlock(&mut self, it: &ProfilesUnlock, now_ms: i64) -> Result<AttachedState, ApiError> {
        let state = self.state(now_ms);
        if it.typed != state.name {
            return Err(ApiError::invalid(format!(
                "To unlock, type the connection's name exactly: {}",
                state.name
            )));
        }
        self.unlocked_until_ms = Some(now_ms + i64::from(it.minutes) * 60_000);
        Ok(self.state(now_ms))
    }

    pub(super) fn lock(&mut self, now_ms: i64) -> AttachedState {
        self.unlocked_until_ms = None;
        self.state(now_ms)
    }
}

/// A test that fails in the middle, so that every outcome can be looked at.
pub(super) fn steps() -> Vec<TestStep> {
    let found = [
        (
            StepKind::Dns,
            StepOutcome::Ok,
            "db.example.com is 203.0.113.7",
            "",
        ),
        (StepKind::Tcp, StepOutcome::Ok, "203.0.113.7:5432 answers", ""),
        (
            StepKind::Ssh,
            StepOutcome::Skipped,
            "the profile has no tunnel",
            "",
        ),
        (
            StepKind::Tls,
            StepOutcome::Warned,
            "the server proved that it is db.example.com; its certificate is valid for 9 more days",
            "Have the server's certificate renewed before it ends.",
        ),
        (
            StepKind::Login,
            StepOutcome::Failed,
            "made-up data: nobody logs in from a plain browser",
            "Run Weir's window.",
        ),
    ];
    let tried = found.map(|(kind, outcome, said, advice)| TestStep {
        kind,
        outcome,
        said: said.to_owned(),
        advice: advice.to_owned(),
        took_ms: 12,
    });
    let rest = StepKind::ALL.into_iter().skip(tried.len()).map(|kind| TestStep {
        kind,
        outcome: StepOutcome::NotReached,
        said: "not tried: a step before it failed".to_owned(),
        advice: String::new(),
        took_ms: 0,
    });
    tried.into_iter().chain(rest).collect()
}

pub(super) fn connect() -> Result<Vec<TestStep>, ApiError> {
    Err(ApiError::new(
        ErrorCode::Unavailable,
        "A plain browser cannot open a connection: run Weir's window.",
    ))
}

pub(super) fn read_url() -> Result<ReadUrl, ApiError> {
    Err(ApiError::new(
        ErrorCode::Unavailable,
        "A plain browser cannot read connection URLs: run Weir's window.",
    ))
}
