//! A Python environment with the pinned SDKs, made once in the target folder and used again.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

const PINNED: &str = include_str!("requirements.txt");

static PYTHON: OnceLock<PathBuf> = OnceLock::new();

/// The interpreter of the environment.
pub(crate) fn python() -> &'static Path {
    PYTHON.get_or_init(|| {
        let own = std::env::current_exe().expect("a running program has a path");
        let target = own.ancestors().nth(3).expect("tests lie in target/PROFILE/deps");
        let folder = target.join("sdk-venv");
        let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        let marker = folder.join("requirements-installed.txt");
        if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == PINNED) && python.exists() {
            return python;
        }
        let _ = std::fs::remove_dir_all(&folder);
        let system = if cfg!(windows) { "python" } else { "python3" };
        run(
            Command::new(system).args(["-m", "venv"]).arg(&folder),
            "Python 3 with its venv module is needed to test the official SDKs (on Debian and Ubuntu: apt-get install python3-venv)",
        );
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk/requirements.txt");
        run(
            Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements),
            "the pinned SDKs could not be installed with pip; a network or a package index is needed once",
        );
        std::fs::write(&marker, PINNED).expect("the target folder can be written");
        python
    })
}

fn run(command: &mut Command, otherwise: &str) {
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{otherwise}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(problem) => panic!("{otherwise}: {problem}"),
    }
}
