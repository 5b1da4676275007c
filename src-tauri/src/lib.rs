//! The desktop shell: a window, the page in it, and the gateway in the same process.
//!
//! One line of delegation per command; no SQL, no HTTP client, no rule of the business lives here.
//!
//! - [`commands`]: what the page may call, one file per noun.
//! - [`profile`]: the profile that is open and its gateway.
//! - [`connections`]: the windows on shared databases.
//! - [`secrets`]: provider keys in the keychain or in this session.
//! - [`events`]: what the page is told unasked.
//! - [`notifications`]: what the operating system shows of alerts.

mod asking;
pub mod commands;
pub mod connections;
pub mod events;
pub mod folders;
#[cfg(target_os = "linux")]
pub mod graphics;
pub mod notifications;
pub mod profile;
pub mod secrets;
mod window;

use connections::Connections;
use profile::Profile;
use std::io;
use tauri::{AppHandle, Manager, RunEvent};
use tracing_subscriber::EnvFilter;
use weir_contract::model::gateway::ProfileKind;
use weir_gateway::config::Environment;

/// Why the window did not open.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Folders(#[from] folders::FoldersError),
    #[error("the window could not be opened: {0}")]
    Window(#[from] tauri::Error),
}

/// Opens the window and runs until it is closed. `wanted` is the profile to open at once.
///
/// # Errors
/// [`RunError`].
pub fn run(wanted: Option<ProfileKind>) -> Result<(), RunError> {
    log_to_stderr();
    let environment = Environment::of_process();
    let folders = folders::Folders::prepare(&environment)?;
    let config = folders.config.clone();
    let profile = Profile::new(folders, environment);
    let connections = Connections::new(config, profile.secrets());
    let wanted = wanted.or_else(|| profile.last_used());
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_notification::init())
        .manage(profile)
        .manage(connections)
        .invoke_handler(commands::handler())
        .setup(move |app| {
            open_at_start(app.handle(), wanted);
            exit_on_signal(app.handle());
            window::open(app)?;
            Ok(())
        })
        .build(context())?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(async {
                app.state::<Connections>().close_all().await;
                app.state::<Profile>().close().await;
            });
        }
    });
    Ok(())
}

/// The app as tauri.conf.json and the build script describe it.
#[allow(
    clippy::disallowed_methods,
    reason = "generated code, which ends a process in its own way"
)]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// Starts opening before the page loads; the page's first question for the status waits until this is done.
fn open_at_start(app: &AppHandle, wanted: Option<ProfileKind>) {
    let Some(kind) = wanted else { return };
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(problem) = app.state::<Profile>().open(&app, kind).await {
            tracing::error!(%problem, "the profile asked for did not open; the window offers the choice again");
        }
    });
}

/// A signal closes like a click does: streams drained, the ledger written.
fn exit_on_signal(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        match wait_for_signal().await {
            Ok(()) => app.exit(0),
            Err(problem) => tracing::warn!(%problem, "signals cannot be heard; close the window instead"),
        }
    });
}

#[cfg(unix)]
async fn wait_for_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("WEIR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Fails only when a log is set up already, as in tests; that one is as good.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
}
