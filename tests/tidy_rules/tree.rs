//! The repository's files as the rules read them, and how a rule fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A Rust file of ours.
pub(crate) struct Source {
    /// From the root, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Lines with their number; comments are kept.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// Lines that are code: whole-line comments are left out.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// True for this rule book itself, which must name what it forbids.
    pub(crate) fn is_rule(&self) -> bool {
        self.path.starts_with("tests/tidy")
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|problem| panic!("{path}: {problem}"))
}

/// Every Rust file of the workspace.
pub(crate) fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in ["src-tauri", "ui", "tests", "xtask"] {
        walk(&root().join(folder), &mut paths);
    }
    assert!(
        paths.len() > 100,
        "the walk over the repository found only {} files",
        paths.len()
    );
    let root = root();
    let mut sources: Vec<Source> = paths
        .into_iter()
        .map(|path| Source {
            path: path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/"),
            text: fs::read_to_string(&path).unwrap(),
        })
        .collect();
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    sources
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "target" | "dist" | "gen") {
            walk(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Fails with every broken place, one a line, under the rule and its remedy.
pub(crate) fn hold(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}\n  {}\n", broken.join("\n  "));
}
