//! The right to change things: asked for by name, for a time and a reason, written down, and taken back.

use super::{
    link,
    lock::Lock,
    password_source,
    session::{Attached, READ_WITHIN},
};
use std::sync::atomic::Ordering;
use weir_admin::{Admin, Occasion};
use weir_contract::{ApiError, ErrorCode, model::profile::AttachedState};
use weir_engine::store::ChangeStore;
use weir_store_postgres::{AttachedRole, PostgresStore, Route, log_in, open_attached};

/// Most characters of a reason; the log of changes takes no more.
const MOST_REASON: usize = 400;

/// The second way in, for as long as the window is unlocked.
pub(super) struct Unlocked {
    store: PostgresStore,
    role: String,
    /// Stands beside every change until it locks.
    reason: String,
    pub(super) lock: Lock,
}

impl Attached {
    /// Lets the window change things for some minutes, by the profile's second role. The log of changes says so first.
    ///
    /// # Errors
    /// `invalid_argument` when what was typed is not the profile's name, the time is too long, or the reason is longer than
    /// 400 characters or more than one line; `not_allowed` when the profile names no second role or that role may not change
    /// things; `unavailable` when it cannot log in.
    pub async fn unlock(&self, typed: &str, minutes: u16, reason: &str) -> Result<AttachedState, ApiError> {
        let (profile, reason) = (&self.profile, reason.trim());
        if profile.admin_user.is_empty() {
            return Err(refused(
                "This connection names no role to change things with, so it always only reads. Name weir_admin in the connection to change that.",
            ));
        }
        if typed != profile.name {
            return Err(ApiError::invalid(format!(
                "To unlock, type the connection's name exactly: {}",
                profile.name
            )));
        }
        if !(1..=profile.auto_lock_minutes).contains(&minutes) {
            return Err(ApiError::invalid(format!(
                "This connection is unlocked for at most {} minutes.",
                profile.auto_lock_minutes
            )));
        }
        if reason.chars().count() > MOST_REASON || reason.chars().any(char::is_control) {
            return Err(ApiError::invalid(format!(
                "Give the reason in one line of at most {MOST_REASON} characters."
            )));
        }
        self.lock("unlocked anew").await;
        self.has_been_unlocked.store(true, Ordering::Relaxed);
        let password = self
            .options
            .secrets
            .secret(&password_source(profile, &profile.admin_user));
        let route = self
            .ways
            .read()
            .await
            .route
            .as_user(&profile.admin_user, password);
        let role = self.admin_role(&route).await?;
        let store = open_attached(&route, AttachedRole::Admin)
            .await
            .map_err(weir_admin::from_store)?;
        let said = match reason {
            "" => format!("for {minutes} min"),
            reason => format!("for {minutes} min: {reason}"),
        };
        if let Err(problem) = self.note(&store, &role, "profiles.unlock", &said).await {
            link::close_beside(store);
            return Err(problem);
        }
        let clock = &self.options.clock;
        let lock = Lock::open_for(minutes, clock.now_ms(), clock.monotonic_us());
        self.ways.write().await.unlocked = Some(Unlocked {
            store,
            role,
            reason: reason.to_owned(),
            lock,
        });
        self.standing().unlocked_until_ms = Some(lock.until_ms());
        self.tell();
        Ok(self.state())
    }

    /// Logs the second role in, and looks whether it may change things.
    async fn admin_role(&self, route: &Route) -> Result<String, ApiError> {
        let user = &self.profile.admin_user;
        let mut session = log_in(route, AttachedRole::Admin).await.map_err(|problem| {
            ApiError::new(
                ErrorCode::Unavailable,
                format!("{user} could not log in ({problem}); check its password in the connection."),
            )
        })?;
        let state = session.look(|| self.options.clock.now_ms()).await;
        session.close().await;
        let state = state.map_err(weir_admin::from_store)?;
        if state.is_standby {
            return Err(refused(
                "This server is a standby, on which nobody can change anything: connect to the primary.",
            ));
        }
        if !state.may_change {
            return Err(refused(&format!(
                "{user} may not change anything in this database: run `weir-gateway roles` and `weir-gateway migrate`, and name weir_admin."
            )));
        }
        Ok(state.role)
    }

    /// Takes the right to change things back, and writes that down while the way is still open.
    pub async fn lock(&self, why: &str) -> AttachedState {
        let unlocked = self.ways.write().await.unlocked.take();
        self.standing().unlocked_until_ms = None;
        if let Some(Unlocked { store, role, .. }) = unlocked {
            if self.standing().lost.is_none()
                && let Err(problem) = self.note(&store, &role, "profiles.lock", why).await
            {
                tracing::warn!(%problem, "the window is locked, but the log of changes does not say so");
            }
            link::close_beside(store);
            self.tell();
        }
        self.state()
    }

    async fn note(
        &self,
        store: &PostgresStore,
        role: &str,
        command: &str,
        reason: &str,
    ) -> Result<(), ApiError> {
        let occasion = Occasion {
            command: command.to_owned(),
            reason: reason.to_owned(),
            undoes: None,
        };
        let act = self.admin(store, role).on(occasion).act();
        let noted = store.note_change("connection", &self.profile.name, &act);
        match tokio::time::timeout(READ_WITHIN, noted).await {
            Ok(noted) => noted.map(|_| ()).map_err(weir_admin::from_store),
            Err(_) => Err(ApiError::new(
                ErrorCode::Unavailable,
                "The log of changes could not be written in time; nothing was unlocked.",
            )),
        }
    }

    /// The operations by the role that changes, while it may.
    pub(super) async fn writer(&self) -> Result<Admin, ApiError> {
        let clock = &self.options.clock;
        let ways = self.ways.read().await;
        match &ways.unlocked {
            Some(unlocked) if !unlocked.lock.is_over(clock.now_ms(), clock.monotonic_us()) => {
                let occasion = Occasion {
                    reason: unlocked.reason.clone(),
                    ..Occasion::default()
                };
                Ok(self.admin(&unlocked.store, &unlocked.role).on(occasion))
            }
            _ => Err(ApiError::new(
                ErrorCode::Locked,
                format!(
                    "Read only: {} is locked. Unlock the window first.",
                    self.profile.title()
                ),
            )),
        }
    }
}

pub(super) fn refused(message: &str) -> ApiError {
    ApiError::new(ErrorCode::NotAllowed, message)
}
