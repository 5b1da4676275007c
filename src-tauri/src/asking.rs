//! The window that asks: every command is answered from the database that this window shows, and from no other.

use crate::{connections::Connections, profile::Profile, window};
use std::sync::Arc;
use tauri::{
    AppHandle, Manager, State, Wry,
    ipc::{CommandArg, CommandItem, InvokeError},
};
use weir_contract::{ApiError, Command, ErrorCode, model::gateway::GatewayStatus};
use weir_gateway::attach::Attached;

/// Which window called a command.
pub struct Asking {
    app: AppHandle,
    label: String,
}

impl<'de> CommandArg<'de, Wry> for Asking {
    fn from_command(command: CommandItem<'de, Wry>) -> Result<Asking, InvokeError> {
        let webview = command.message.webview_ref();
        Ok(Asking {
            app: webview.app_handle().clone(),
            label: webview.label().to_owned(),
        })
    }
}

impl Asking {
    /// Runs one of the dashboard's operations on the window's own data.
    ///
    /// # Errors
    /// `no_profile` before one is opened or after a connection has ended, and the operation's own.
    pub async fn call<C: Command>(&self, args: C) -> Result<C::Reply, ApiError> {
        if !window::is_attached(&self.label) {
            return self.app.state::<Profile>().call(args).await;
        }
        let attached = self.attached()?;
        let args = serde_json::to_value(args).map_err(|problem| unreadable::<C>(&problem))?;
        let reply = attached.call(C::NAME, args).await?;
        serde_json::from_value(reply).map_err(|problem| unreadable::<C>(&problem))
    }

    /// What runs behind this window.
    ///
    /// # Errors
    /// `no_profile` before one is opened.
    pub async fn status(&self) -> Result<GatewayStatus, ApiError> {
        if window::is_attached(&self.label) {
            return Ok(self.attached()?.status());
        }
        self.app.state::<Profile>().status().await
    }

    /// This computer's own profile.
    ///
    /// # Errors
    /// `not_allowed` in a window on another database.
    pub fn local(&self) -> Result<State<'_, Profile>, ApiError> {
        self.only_main()?;
        Ok(self.app.state::<Profile>())
    }

    /// All connections.
    ///
    /// # Errors
    /// `not_allowed` in a window on another database.
    pub fn connections(&self) -> Result<State<'_, Connections>, ApiError> {
        self.only_main()?;
        Ok(self.app.state::<Connections>())
    }

    /// The connection behind this window.
    ///
    /// # Errors
    /// `no_profile` when it has ended, `invalid_argument` in the main window.
    pub fn attached(&self) -> Result<Arc<Attached>, ApiError> {
        if !window::is_attached(&self.label) {
            return Err(ApiError::invalid(
                "This window shows this computer's own data, which is never locked.",
            ));
        }
        let connections = self.app.state::<Connections>();
        connections.behind(&self.label).ok_or_else(|| {
            ApiError::new(
                ErrorCode::NoProfile,
                "The connection of this window has ended: close it and connect again.",
            )
        })
    }

    /// The application, for those who open windows.
    #[must_use]
    pub fn app(&self) -> &AppHandle {
        &self.app
    }

    fn only_main(&self) -> Result<(), ApiError> {
        if window::is_attached(&self.label) {
            return Err(ApiError::new(
                ErrorCode::NotAllowed,
                "This window shows a shared database. Do that in the window on this computer's own data.",
            ));
        }
        Ok(())
    }
}

fn unreadable<C: Command>(problem: &serde_json::Error) -> ApiError {
    ApiError::new(
        ErrorCode::Internal,
        format!("{} could not be read: {problem}", C::NAME),
    )
}
