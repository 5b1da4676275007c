//! The `weir-gateway` binary as a process of its own, for what only a process can show: signals, exit codes, its environment.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{Arc, Mutex, OnceLock},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// The binary: the one that `WEIR_GATEWAY` names, else one freshly built beside the tests' own.
#[must_use]
pub fn binary() -> &'static Path {
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("WEIR_GATEWAY") {
            return PathBuf::from(named);
        }
        let own = std::env::current_exe().expect("a running program has a path");
        let folder = own
            .parent()
            .and_then(Path::parent)
            .expect("tests lie in target/PROFILE/deps");
        let target = folder.parent().expect("the target folder");
        let mut build = std::process::Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "-p", "weir-gateway", "--bin", "weir-gateway"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        build.env("CARGO_TARGET_DIR", target);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        let built = build.status().expect("cargo can be run");
        assert!(built.success(), "weir-gateway could not be built");
        folder.join(format!("weir-gateway{}", std::env::consts::EXE_SUFFIX))
    })
}

/// A command line with an environment of its own: nothing of the tests' environment gets through.
#[must_use]
pub fn command(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    command_of(binary(), folder, arguments, environment)
}

/// The same with a binary from elsewhere.
#[must_use]
pub fn command_of(binary: &Path, folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .kill_on_drop(true);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to the end.
pub async fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let running = command(folder, arguments, environment).output();
    tokio::time::timeout(crate::SOON, running)
        .await
        .expect("it ends soon")
        .expect("it can be run")
}

/// Runs to the end, which must be a failure with exit code 1 and one paragraph; gives that paragraph.
pub async fn run_to_failure(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(folder, arguments, environment).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let problem: Vec<&str> = said.lines().filter(|line| !line.starts_with('{')).collect();
    let problem = problem.join("\n");
    assert!(problem.starts_with("weir-gateway: "), "{said}");
    assert!(
        !problem.trim_end().contains("\n\n"),
        "one paragraph, not: {problem}"
    );
    assert!(
        !problem.contains("panicked") && !problem.contains("RUST_BACKTRACE"),
        "{problem}"
    );
    problem
}

/// `weir-gateway serve` that has said where it listens.
pub struct Serving {
    pub child: Child,
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Serving {
    /// Starts it and waits for its line.
    pub async fn start(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Serving {
        Serving::start_binary(binary(), folder, arguments, environment).await
    }

    /// The same with a binary from elsewhere.
    pub async fn start_binary(
        binary: &Path,
        folder: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Serving {
        let all: Vec<&str> = ["serve"].into_iter().chain(arguments.iter().copied()).collect();
        let mut child = command_of(binary, folder, &all, environment)
            .spawn()
            .expect("it can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let first = tokio::time::timeout(crate::SOON, lines.next_line())
            .await
            .expect("it starts soon")
            .expect("readable");
        let Some(line) = first else {
            let mut said = String::new();
            let _ = child
                .stderr
                .take()
                .expect("piped")
                .read_to_string(&mut said)
                .await;
            panic!("it did not start: {said}");
        };
        let base = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .expect("the address")
            .to_owned();
        // The pipes are read on, so that a full one never stops it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
        let said = Arc::<Mutex<Vec<String>>>::default();
        let saying = said.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = log.next_line().await {
                saying.lock().unwrap().push(line);
            }
        });
        Serving {
            child,
            base,
            log: said,
        }
    }

    /// The lines of its log that hold this text.
    #[must_use]
    pub fn logged(&self, text: &str) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// Sends SIGTERM.
    pub async fn terminate(&self) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .expect("kill can be run");
        assert!(sent.success());
    }

    /// Waits for its end and gives its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        tokio::time::timeout(crate::SOON, self.child.wait())
            .await
            .expect("it ends soon")
            .expect("it can be waited for")
            .code()
    }
}
