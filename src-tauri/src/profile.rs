//! The one profile that is open: which it is, its running gateway, and how it is opened and closed.

use crate::{events, folders::Folders, notifications::WindowNotifier, secrets::SecretStore, window};
use std::{fs, sync::Arc, time::Duration};
use tauri::AppHandle;
use tempfile::TempDir;
use tokio::sync::RwLock;
use weir_contract::{
    ApiError, Command, ErrorCode,
    model::gateway::{GatewayStatus, ProfileKind},
};
use weir_gateway::{
    bootstrap::{self, LocalOptions},
    config::Environment,
    running::RunningGateway,
};

/// How long closing waits for answers that are still streaming.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// Holds `local` once the local profile has been opened, so that the next start goes straight there.
const LAST_PROFILE_FILE: &str = "last-profile";

struct Open {
    kind: ProfileKind,
    gateway: RunningGateway,
    /// A sample profile's data; removed when dropped.
    _sample: Option<TempDir>,
}

/// The window's profile. Commands share it; opening and closing wait for the commands under way.
pub struct Profile {
    open: RwLock<Option<Open>>,
    folders: Folders,
    environment: Environment,
    secrets: Arc<SecretStore>,
}

impl Profile {
    /// No profile open yet.
    #[must_use]
    pub fn new(folders: Folders, environment: Environment) -> Profile {
        let secrets = Arc::new(SecretStore::open(environment.clone()));
        Profile {
            open: RwLock::new(None),
            folders,
            environment,
            secrets,
        }
    }

    /// The provider keys of this window.
    #[must_use]
    pub fn secrets(&self) -> Arc<SecretStore> {
        self.secrets.clone()
    }

    /// The profile to open at the start when the command line names none.
    #[must_use]
    pub fn last_used(&self) -> Option<ProfileKind> {
        let word = fs::read_to_string(self.folders.config.join(LAST_PROFILE_FILE)).ok()?;
        (word.trim() == "local").then_some(ProfileKind::Local)
    }

    /// Opens a profile and starts its gateway, after closing another. One that is open already stays as it is.
    ///
    /// # Errors
    /// `unavailable` when its gateway cannot start: the database is damaged or locked, the configuration is wrong.
    /// No profile is open then.
    pub async fn open(&self, app: &AppHandle, kind: ProfileKind) -> Result<GatewayStatus, ApiError> {
        let mut open = self.open.write().await;
        if let Some(open) = open.as_ref().filter(|open| open.kind == kind) {
            return Ok(open.gateway.status());
        }
        close(open.take()).await;
        let sample = match kind {
            ProfileKind::Sample => Some(sample_folder()?),
            ProfileKind::Local => None,
            ProfileKind::Attached => {
                return Err(ApiError::invalid(
                    "A shared database is opened in a window of its own: use profiles.connect.",
                ));
            }
        };
        let secrets = self.secrets();
        let secret_store = on_thread(move || secrets.place().word().to_owned()).await?;
        let gateway = bootstrap::start_local(LocalOptions {
            kind,
            data_dir: sample
                .as_ref()
                .map_or_else(|| self.folders.data.clone(), |folder| folder.path().to_owned()),
            config_dir: self.folders.config.clone(),
            secrets: self.secrets.clone(),
            environment: self.environment.clone(),
            secret_store,
            desktop: Arc::new(WindowNotifier(app.clone())),
        })
        .await
        .map_err(|problem| {
            ApiError::new(
                ErrorCode::Unavailable,
                format!("The profile could not be opened: {problem}"),
            )
        })?;
        events::forward_changes(app.clone(), window::MAIN.to_owned(), gateway.changed());
        let status = gateway.status();
        *open = Some(Open {
            kind,
            gateway,
            _sample: sample,
        });
        self.remember(kind);
        Ok(status)
    }

    /// What runs now.
    ///
    /// # Errors
    /// `no_profile` before one is opened.
    pub async fn status(&self) -> Result<GatewayStatus, ApiError> {
        let open = self.open.read().await;
        open.as_ref()
            .map(|open| open.gateway.status())
            .ok_or_else(no_profile)
    }

    /// Runs one of the dashboard's operations on the open profile.
    ///
    /// # Errors
    /// `no_profile` before one is opened, and the operation's own.
    pub async fn call<C: Command>(&self, args: C) -> Result<C::Reply, ApiError> {
        let open = self.open.read().await;
        let admin = open.as_ref().ok_or_else(no_profile)?.gateway.admin();
        let args = serde_json::to_value(args).map_err(|problem| unreadable::<C>(&problem))?;
        let reply = weir_admin::call(admin, C::NAME, args).await?;
        serde_json::from_value(reply).map_err(|problem| unreadable::<C>(&problem))
    }

    /// Stops the gateway, if one runs.
    pub async fn close(&self) {
        close(self.open.write().await.take()).await;
    }

    fn remember(&self, kind: ProfileKind) {
        // Sample data is never what somebody wants to find at the next start.
        if kind == ProfileKind::Local
            && let Err(problem) = fs::write(self.folders.config.join(LAST_PROFILE_FILE), "local\n")
        {
            tracing::warn!(%problem, "the next start will ask for a profile again");
        }
    }
}

async fn close(open: Option<Open>) {
    let Some(open) = open else { return };
    if tokio::time::timeout(STOP_WAIT, open.gateway.stop())
        .await
        .is_err()
    {
        tracing::warn!("answers were still streaming after 10 s; they are charged as unsettled");
    }
}

/// Runs something that blocks away from the threads that answer the page.
///
/// # Errors
/// `internal` when it panicked.
pub async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|problem| ApiError::new(ErrorCode::Internal, format!("A part of Weir failed: {problem}")))
}

fn sample_folder() -> Result<TempDir, ApiError> {
    tempfile::Builder::new().prefix("weir-sample-").tempdir().map_err(|problem| {
        let message = format!("No folder could be made for the sample data: {problem}. Free some space in the temporary folder.");
        ApiError::new(ErrorCode::Unavailable, message)
    })
}

fn no_profile() -> ApiError {
    ApiError::new(ErrorCode::NoProfile, "No profile is open yet: choose one first.")
}

fn unreadable<C: Command>(problem: &serde_json::Error) -> ApiError {
    ApiError::new(
        ErrorCode::Internal,
        format!("{} could not be read: {problem}", C::NAME),
    )
}
