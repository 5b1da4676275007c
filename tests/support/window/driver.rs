//! WebKitWebDriver: starts the app in a session and speaks WebDriver with it.

use fantoccini::{Client, ClientBuilder, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where driver and app write what they have to say, below the home of the window.
pub(super) const LOG: &str = "app.log";
const START_WAIT: Duration = Duration::from_secs(60);

pub(super) struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts a driver whose app sees this display and keeps everything below `home`.
    pub(super) async fn start(display: &str, home: &Path) -> Driver {
        let port = crate::port::free();
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(home.join(LOG))
            .expect("a log file");
        let runtime = home.join("runtime");
        fs::create_dir_all(&runtime).expect("a runtime folder");
        let process = Command::new("WebKitWebDriver")
            .args([&format!("--port={port}"), "--host=127.0.0.1"])
            .env("DISPLAY", display)
            .env("GDK_BACKEND", "x11")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_RUNTIME_DIR", &runtime)
            // A test must reach neither a person's keychain nor a person's providers.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WEIR_PROFILE")
            .env_remove("WEIR_PROVIDER")
            .env_remove("OPENAI_API_KEY")
            .env_remove("ANTHROPIC_API_KEY")
            .env_remove("GEMINI_API_KEY")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            .spawn()
            .expect("WebKitWebDriver is missing: run `cargo xtask setup`");
        let driver = Driver { process, port };
        driver.wait_until_ready().await;
        driver
    }

    /// Starts the app and opens a session with its page.
    pub(super) async fn connect(&self, app: &Path) -> Client {
        let mut capabilities = Capabilities::new();
        capabilities.insert(
            "webkitgtk:browserOptions".to_owned(),
            serde_json::json!({ "binary": app.display().to_string(), "args": [] }),
        );
        let address = format!("http://127.0.0.1:{}", self.port);
        let session = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&address)
            .await;
        session.unwrap_or_else(|problem| panic!("the app did not start under WebDriver: {problem}"))
    }

    /// Ends the driver after its session is closed.
    pub(super) async fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    async fn wait_until_ready(&self) {
        let end = Instant::now() + START_WAIT;
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .is_err()
        {
            assert!(
                Instant::now() < end,
                "WebKitWebDriver did not listen within a minute"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
