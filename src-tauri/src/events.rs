//! What the shell tells the page unasked: that something changed. The page asks for the rest.

use std::time::Duration;
use tauri::{AppHandle, Emitter};
use tokio::sync::watch;

/// The event's name; its payload is the number of the change.
pub const CHANGED: &str = "weir://changed";
/// A busy gateway changes thousands of times a second; a person reads a few.
const AT_MOST_EVERY: Duration = Duration::from_millis(250);

/// Tells the page in this window of changes until the gateway, or the connection to others, ends.
pub fn forward_changes(app: AppHandle, window: String, mut changed: watch::Receiver<u64>) {
    tauri::async_runtime::spawn(async move {
        while changed.changed().await.is_ok() {
            let number = *changed.borrow_and_update();
            if let Err(problem) = app.emit_to(&window, CHANGED, number) {
                tracing::debug!(%problem, "the window is gone");
                return;
            }
            tokio::time::sleep(AT_MOST_EVERY).await;
        }
    });
}
