//! Where the repository and its build output lie, and the cargo that built this.

use crate::step::{Outcome, doing, fail, read};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The repository and its target folder.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo. Honours `CARGO_TARGET_DIR` and cargo's own configuration.
    pub(crate) fn find() -> Outcome<Workspace> {
        let here = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let Some(root) = here.parent().map(Path::to_owned) else {
            return fail("xtask must lie in a folder of the repository");
        };
        let text = read(cargo(&root).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))?;
        let metadata: serde_json::Value = match serde_json::from_str(&text) {
            Ok(metadata) => metadata,
            Err(problem) => return fail(format!("cargo's metadata cannot be read: {problem}")),
        };
        match metadata["target_directory"].as_str() {
            Some(target) => Ok(Workspace {
                target: PathBuf::from(target),
                root,
            }),
            None => fail("cargo's metadata names no target folder"),
        }
    }

    /// A cargo command at the root of the repository.
    pub(crate) fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// A program that a debug build left behind.
    pub(crate) fn debug_binary(&self, name: &str) -> Outcome<PathBuf> {
        let path = self
            .target
            .join("debug")
            .join(format!("{name}{}", env::consts::EXE_SUFFIX));
        doing(format!("the build left no {}", path.display()), path.metadata()).map(|_| path)
    }
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // What cargo tells this program about itself must not leak into the builds it starts: build scripts that watch
    // these variables would run again and again.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    command
}
