//! The windows: made from `tauri.conf.json`, and closed to everything but our own page.

use tauri::{
    App, AppHandle, Url, WebviewWindow, WebviewWindowBuilder, utils::config::WindowConfig,
    webview::NewWindowResponse,
};

/// The label of the window on this computer's own data.
pub(crate) const MAIN: &str = "main";
/// What the labels of windows on other databases begin with; their capability names it too.
const ATTACHED: &str = "attached-";

/// Opens the main window.
///
/// # Errors
/// The configuration names no window, or the system has no webview.
pub(crate) fn open(app: &App) -> tauri::Result<()> {
    build(app.handle(), &config(app.handle())?).map(|_| ())
}

/// Opens a window on another database.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_attached(app: &AppHandle, label: &str, title: &str) -> tauri::Result<WebviewWindow> {
    let config = WindowConfig {
        label: label.to_owned(),
        // The task switcher shows the beginning.
        title: format!("{title} · Weir"),
        ..config(app)?
    };
    build(app, &config)
}

/// The label of the window on the database of this name; two names never share one.
#[must_use]
pub(crate) fn label_of(name: &str) -> String {
    let bytes: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{ATTACHED}{bytes}")
}

/// Whether a window of this label shows another database.
#[must_use]
pub(crate) fn is_attached(label: &str) -> bool {
    label.starts_with(ATTACHED)
}

fn config(app: &AppHandle) -> tauri::Result<WindowConfig> {
    let first = app.config().app.windows.first();
    first.cloned().ok_or(tauri::Error::WindowNotFound)
}

fn build(app: &AppHandle, config: &WindowConfig) -> tauri::Result<WebviewWindow> {
    WebviewWindowBuilder::from_config(app, config)?
        .on_navigation(is_our_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()
}

/// Our page lives on Tauri's own scheme (Linux, macOS) or its stand-in host (Windows). All else stays outside: text
/// from prompts and models must not be able to lead the window away.
fn is_our_page(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "tauri" => host == "localhost",
        "http" | "https" => cfg!(windows) && host == "tauri.localhost",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_has_a_window_of_its_own() {
        assert_eq!(label_of("a-b"), "attached-612d62");
        assert_ne!(label_of("acme"), label_of("Acme"));
        assert!(is_attached(&label_of("")) && !is_attached(MAIN));
    }

    #[test]
    fn only_our_own_page_may_be_shown() {
        assert!(is_our_page(
            &Url::parse("tauri://localhost/requests?id=1").unwrap()
        ));
        let elsewhere = [
            "https://example.com/",
            "tauri://localhost.example.com/",
            "http://127.0.0.1:8787/",
            "file:///etc/passwd",
            "data:text/html,hello",
            "javascript:alert(1)",
        ];
        for url in elsewhere {
            assert!(!is_our_page(&Url::parse(url).unwrap()), "{url} must be refused");
        }
    }
}
