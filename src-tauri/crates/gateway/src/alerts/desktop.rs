//! Notifications of the operating system: the window shows them, a gateway without a window cannot.

use super::send::Outcome;
use std::sync::Arc;
use weir_contract::model::alert::AlertEvent;

/// Shows notifications; the window is one.
pub trait DesktopNotifier: Send + Sync {
    /// Shows one.
    ///
    /// # Errors
    /// Why it was not shown, and what to do.
    fn show(&self, title: &str, body: &str) -> Result<(), String>;
}

pub(super) async fn send(notifier: Option<&Arc<dyn DesktopNotifier>>, event: &AlertEvent) -> Outcome {
    let Some(notifier) = notifier.cloned() else {
        return Outcome::TryAgain {
            note: "desktop notifications need Weir's window, and this gateway runs without one; open Weir on this database, or choose another channel".to_owned(),
            wish_ms: None,
        };
    };
    let (title, body) = (format!("Weir: {}", event.title), event.message.clone());
    // The operating system's service may keep it waiting.
    match tokio::task::spawn_blocking(move || notifier.show(&title, &body)).await {
        Ok(Ok(())) => Outcome::Taken("shown".to_owned()),
        Ok(Err(problem)) => Outcome::TryAgain {
            note: problem,
            wish_ms: None,
        },
        Err(problem) => Outcome::GivenUp(format!("the notification failed inside Weir: {problem}")),
    }
}
