//! A real Redis, started for one test and gone with it or with its process. Redis that cannot be had fails the test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// A running server on a port of its own.
pub struct RedisServer {
    folder: tempfile::TempDir,
    port: u16,
    settings: Vec<String>,
    /// Stops the server when its standard input closes, also that of a killed parent.
    watchdog: Option<Child>,
}

impl RedisServer {
    /// Starts one without a file on disk. `settings` are further ones, such as `--requirepass hush`.
    #[must_use]
    pub fn start(settings: &[&str]) -> RedisServer {
        RedisServer::start_in(tempfile::tempdir().unwrap(), settings)
    }

    /// The same in a folder that holds what its settings name.
    #[must_use]
    pub fn start_in(folder: tempfile::TempDir, settings: &[&str]) -> RedisServer {
        let mut server = RedisServer {
            folder,
            port: crate::port::free(),
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            watchdog: None,
        };
        // Debian's checker of its files is the server by another name; it looks at what it is called.
        std::os::unix::fs::symlink(program(), server.own_program()).unwrap();
        server.start_again();
        server
    }

    fn own_program(&self) -> PathBuf {
        self.folder.path().join("redis-server")
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once; what it held is gone.
    pub fn stop(&mut self) {
        if let Some(mut watchdog) = self.watchdog.take() {
            drop(watchdog.stdin.take());
            let _ = watchdog.wait();
        }
    }

    /// Starts it at the same port, empty.
    pub fn start_again(&mut self) {
        self.stop();
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            "folder=\"$1\"; shift; \"$@\" >>\"$folder/log\" 2>&1 & server=$!; echo $server >\"$folder/pid\"; cat >/dev/null; kill -KILL $server; wait $server 2>/dev/null",
            "weir-redis",
        ]);
        shell.arg(self.folder.path()).arg(self.own_program());
        if self.settings.iter().all(|setting| !setting.contains("tls-port")) {
            shell.args(["--port", &self.port.to_string()]);
        }
        shell.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]);
        shell.arg(self.folder.path());
        shell.args(
            self.settings
                .iter()
                .map(|setting| setting.replace("PORT", &self.port.to_string())),
        );
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        self.watchdog = Some(shell.spawn().unwrap());
        let give_up = Instant::now() + STARTS_WITHIN;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < give_up, "Redis did not start: {log}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Further settings from its next start on.
    pub fn set(&mut self, settings: &[&str]) {
        self.settings
            .extend(settings.iter().map(|setting| (*setting).to_owned()));
    }

    /// Sends its process a signal, such as `-STOP`.
    pub fn signal(&self, signal: &str) {
        let id = fs::read_to_string(self.folder.path().join("pid")).unwrap();
        let sent = Command::new("kill").args([signal, id.trim()]).status().unwrap();
        assert!(sent.success());
    }

    /// Runs a command by `redis-cli` and gives what it prints.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// `redis-server`, or what is the same program: Debian's `redis-tools` has it under the name of a checker, and starts no
/// service when it is installed. `WEIR_TEST_REDIS` names another.
fn program() -> PathBuf {
    if let Some(own) = std::env::var_os("WEIR_TEST_REDIS") {
        return PathBuf::from(own);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = ["redis-server", "redis-check-rdb"].into_iter().find_map(|name| {
        std::env::split_paths(&folders)
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    });
    found.expect(
        "Redis is missing: run `cargo xtask setup` (on Debian and Ubuntu: apt-get install redis-tools)",
    )
}
