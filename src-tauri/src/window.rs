//! The window: made from `tauri.conf.json`, and closed to everything but our own page.

use tauri::{App, Url, WebviewWindowBuilder, webview::NewWindowResponse};

/// Opens the main window.
///
/// # Errors
/// The configuration names no window, or the system has no webview.
pub(crate) fn open(app: &App) -> tauri::Result<()> {
    let config = app
        .config()
        .app
        .windows
        .first()
        .ok_or(tauri::Error::WindowNotFound)?;
    WebviewWindowBuilder::from_config(app.handle(), config)?
        .on_navigation(is_our_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
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
