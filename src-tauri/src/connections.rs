//! The windows on shared databases: their profiles, and the connection behind each window.

use crate::{events, profile::on_thread, secrets::SecretStore, window};
use secrecy::SecretString;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tauri::{AppHandle, Manager, WindowEvent, async_runtime::JoinHandle};
use weir_contract::{
    ApiError, ErrorCode,
    command::profiles::ProfilesSave,
    model::{
        catalog::KeySource,
        profile::{ConnectionProfile, ProfileState, TestStep},
        secret::Secret,
    },
};
use weir_engine::{clock::SystemClock, provider::SecretSource};
use weir_gateway::attach::{Attached, Options, book, password_entry, walk};

/// Longer than any password.
const LONGEST_PASSWORD_BYTES: usize = 1024;

/// All of them. Commands share it.
pub struct Connections {
    folder: PathBuf,
    secrets: Arc<SecretStore>,
    options: Options,
    /// By the window's label.
    open: Mutex<HashMap<String, Arc<Attached>>>,
    /// Connections of windows that were closed a moment ago.
    ending: Mutex<Vec<JoinHandle<()>>>,
    /// One window at a time is opened, so that two clicks do not open two.
    opening: tokio::sync::Mutex<()>,
}

impl Connections {
    /// None open yet. Profiles lie in this folder.
    #[must_use]
    pub fn new(folder: PathBuf, secrets: Arc<SecretStore>) -> Connections {
        let options = Options {
            secrets: secrets.clone(),
            clock: Arc::new(SystemClock::new()),
            ssh: PathBuf::from("ssh"),
        };
        Connections {
            folder,
            secrets,
            options,
            open: Mutex::default(),
            ending: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
        }
    }

    /// All profiles, by name.
    ///
    /// # Errors
    /// As [`book::load`].
    pub async fn list(&self) -> Result<Vec<ProfileState>, ApiError> {
        let profiles = book::load(&self.folder)?;
        let secrets = self.secrets.clone();
        // The keychain may wait for a person.
        let known = on_thread(move || {
            let has = |profile: &ConnectionProfile, user: &str| {
                let entry = KeySource::Keychain(password_entry(profile, user));
                !user.is_empty() && secrets.secret(&entry).is_some()
            };
            let states = profiles.into_iter().map(|profile| {
                let has_password = has(&profile, &profile.user);
                let has_admin_password = has(&profile, &profile.admin_user);
                (profile, has_password, has_admin_password)
            });
            states.collect::<Vec<_>>()
        });
        let known = known.await?;
        let open = self.open();
        let states = known
            .into_iter()
            .map(|(profile, has_password, has_admin_password)| ProfileState {
                is_open: open.contains_key(&window::label_of(&profile.name)),
                profile,
                has_password,
                has_admin_password,
            });
        Ok(states.collect())
    }

    /// Keeps a profile, and the passwords that came with it.
    ///
    /// # Errors
    /// As [`book::save`]; `conflict` while a window on it is open, which would go on with what was before.
    pub async fn save(&self, command: ProfilesSave) -> Result<(), ApiError> {
        let ProfilesSave {
            profile,
            before,
            password,
            admin_password,
        } = command;
        if let Some(name) = &before {
            self.must_be_closed(name)?;
        }
        let password = password.map(|text| checked(&text)).transpose()?;
        let admin_password = admin_password.map(|text| checked(&text)).transpose()?;
        book::save(&self.folder, &profile, before.as_deref())?;
        let secrets = self.secrets.clone();
        on_thread(move || {
            for (user, password) in [(&profile.user, password), (&profile.admin_user, admin_password)] {
                if let Some(password) = password
                    && !user.is_empty()
                {
                    secrets.set(&password_entry(&profile, user), password);
                }
            }
        })
        .await
    }

    /// Forgets a profile and its passwords.
    ///
    /// # Errors
    /// As [`book::delete`]; `conflict` while a window on it is open.
    pub async fn delete(&self, name: &str) -> Result<(), ApiError> {
        self.must_be_closed(name)?;
        let gone = book::delete(&self.folder, name)?;
        // Another profile may lead to the same place.
        let others = book::load(&self.folder)?;
        let secrets = self.secrets.clone();
        on_thread(move || {
            for user in [&gone.user, &gone.admin_user] {
                let entry = password_entry(&gone, user);
                let is_shared = others.iter().any(|other| {
                    [&other.user, &other.admin_user]
                        .iter()
                        .any(|user| password_entry(other, user) == entry)
                });
                if !is_shared {
                    secrets.forget(&entry);
                }
            }
        })
        .await
    }

    /// Goes the way that [`Connections::connect`] goes.
    ///
    /// # Errors
    /// As [`book::find`]. A step that fails is no error.
    pub async fn test(&self, name: &str) -> Result<Vec<TestStep>, ApiError> {
        let profile = book::find(&self.folder, name)?;
        Ok(walk(&profile, &self.options).await.leave().await)
    }

    /// Opens a window on the database, or brings the one that is open to the front and replies no steps.
    ///
    /// # Errors
    /// As [`book::find`]; `unavailable` when no window can be opened. A step that fails is no error.
    pub async fn connect(&self, app: &AppHandle, name: &str) -> Result<Vec<TestStep>, ApiError> {
        let _one = self.opening.lock().await;
        let label = window::label_of(name);
        if let Some(window) = app.get_webview_window(&label) {
            window
                .unminimize()
                .and_then(|()| window.set_focus())
                .map_err(no_window)?;
            return Ok(Vec::new());
        }
        let profile = book::find(&self.folder, name)?;
        let (steps, attached) = Attached::connect(profile, self.options.clone()).await;
        let Ok(attached) = attached else {
            return Ok(steps);
        };
        events::forward_changes(app.clone(), label.clone(), attached.changed());
        let title = attached.profile().title();
        // Known before the page in it can ask.
        self.open().insert(label.clone(), attached);
        match window::open_attached(app, &label, &title) {
            Ok(window) => {
                let (app, label) = (app.clone(), label);
                window.on_window_event(move |event| {
                    if let WindowEvent::Destroyed = event {
                        end(&app, &label);
                    }
                });
                Ok(steps)
            }
            Err(problem) => {
                end(app, &label);
                Err(no_window(problem))
            }
        }
    }

    /// The connection behind the window of this label.
    #[must_use]
    pub fn behind(&self, label: &str) -> Option<Arc<Attached>> {
        self.open().get(label).cloned()
    }

    /// Ends all connections.
    pub async fn close_all(&self) {
        let all: Vec<_> = self.open().drain().map(|(_, attached)| attached).collect();
        for attached in all {
            attached.close().await;
        }
        let ending = std::mem::take(&mut *self.ending.lock().unwrap_or_else(PoisonError::into_inner));
        for one in ending {
            let _ = one.await;
        }
    }

    fn must_be_closed(&self, name: &str) -> Result<(), ApiError> {
        if self.open().contains_key(&window::label_of(name)) {
            return Err(ApiError::new(
                ErrorCode::Conflict,
                format!("A window on {name} is open: close it first."),
            ));
        }
        Ok(())
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Attached>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The window is gone, and its connection goes with it.
fn end(app: &AppHandle, label: &str) {
    let connections = app.state::<Connections>();
    let attached = connections.open().remove(label);
    if let Some(attached) = attached {
        // The program waits for it when it ends, so that no tunnel outlives it.
        let ending = tauri::async_runtime::spawn(async move { attached.close().await });
        let mut all = connections.ending.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| !one.inner().is_finished());
        all.push(ending);
    }
}

fn no_window(problem: tauri::Error) -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        format!("The window could not be opened: {problem}"),
    )
}

fn checked(password: &Secret) -> Result<SecretString, ApiError> {
    let text = password.reveal();
    if text.is_empty() || text.len() > LONGEST_PASSWORD_BYTES || text.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "The password is empty, too long, or has line breaks in it: leave it out to keep the one before.",
        ));
    }
    Ok(SecretString::from(text))
}
