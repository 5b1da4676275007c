//! Notifications of the operating system, for alerts. Only the shell shows them; the page has no permission to.

use tauri::{AppHandle, plugin::PermissionState};
use tauri_plugin_notification::NotificationExt;
use weir_gateway::alerts::desktop::DesktopNotifier;

/// Shows notifications for this window.
pub struct WindowNotifier(pub AppHandle);

impl DesktopNotifier for WindowNotifier {
    fn show(&self, title: &str, body: &str) -> Result<(), String> {
        let notifications = self.0.notification();
        let state = notifications.permission_state().map_err(|problem| {
            format!("the operating system was asked in vain whether notifications are allowed: {problem}")
        })?;
        if state == PermissionState::Denied {
            return Err(
                "the operating system does not allow Weir to show notifications; allow them in its settings"
                    .to_owned(),
            );
        }
        notifications
            .builder()
            .title(title)
            .body(body)
            .show()
            .map_err(|problem| format!("the operating system did not show the notification: {problem}"))
    }
}
