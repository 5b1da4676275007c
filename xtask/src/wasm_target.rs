//! The compiler's WebAssembly target.

use crate::step::{Outcome, fail, read, run, succeeds};
use std::{path::Path, process::Command};

/// The page's target.
pub(crate) const NAME: &str = "wasm32-unknown-unknown";

/// Makes sure that the standard library for WebAssembly is there.
pub(crate) fn ensure() -> Outcome {
    let folder = read(Command::new("rustc").args(["--print", "target-libdir", "--target", NAME]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    if !succeeds(Command::new("rustup").arg("--version")) {
        return fail(format!(
            "the Rust target {NAME} is missing and there is no rustup to add it: install your system's package of \
             Rust's standard library for WebAssembly, or Rust from https://rustup.rs"
        ));
    }
    run(Command::new("rustup").args(["target", "add", NAME]))
}
