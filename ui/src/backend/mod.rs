//! The one door to the gateway: `call` sends any command and returns its reply.

pub mod fake;
pub mod tauri;

use weir_contract::{ApiError, Command, ErrorCode};

/// Sends a command through the shell, or to the labelled fake when there is no shell.
///
/// # Errors
/// What the command answered, or `internal` when the reply could not be read.
pub async fn call<C: Command>(args: C) -> Result<C::Reply, ApiError> {
    let sent = serde_json::to_string(&args).map_err(|error| unreadable(C::NAME, &error))?;
    let reply = if tauri::is_present() {
        tauri::invoke(&shell_name(C::NAME), &sent).await
    } else {
        fake::answer(C::NAME, &sent, crate::contexts::clock::now_ms())
    };
    if let Err(error) = &reply
        && error.code == ErrorCode::Locked
    {
        ask_to_unlock();
    }
    let reply = reply?;
    serde_json::from_str(&reply).map_err(|error| unreadable(C::NAME, &error))
}

/// What the document is told when something was refused only because the window is locked.
pub const LOCKED_EVENT: &str = "weir-locked";

/// Whoever shows the way to unlock listens on the window; where nobody does, the error says it.
fn ask_to_unlock() {
    if let Ok(event) = web_sys::Event::new(LOCKED_EVENT) {
        // It fails only for an event that is under way already.
        let _ = leptos::prelude::window().dispatch_event(&event);
    }
}

/// The shell's name of a command: Tauri allows no dots.
#[must_use]
pub fn shell_name(name: &str) -> String {
    name.replace('.', "_")
}

fn unreadable(name: &str, error: &serde_json::Error) -> ApiError {
    ApiError::new(
        ErrorCode::Internal,
        format!("The window and the gateway disagree about \"{name}\" ({error}). Restart Weir."),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn dots_become_underscores() {
        assert_eq!(super::shell_name("cache.clear_preview"), "cache_clear_preview");
    }
}
