//! Builds the page: cargo makes the WebAssembly, wasm-bindgen its bindings, static files go beside them into `ui/dist`.

use crate::{
    step::{Failure, Outcome, doing, run, step},
    wasm_target,
    workspace::Workspace,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use wasm_bindgen_cli_support::Bindgen;

/// Files and folders of `ui/` that go into the page as they are.
const STATIC: [&str; 4] = ["index.html", "boot.js", "style", "icons"];

/// Builds `ui/dist`. Files that did not change are not written, because the shell embeds them and would be rebuilt.
pub(crate) fn build(workspace: &Workspace) -> Outcome {
    step("page", || {
        run(workspace.cargo().args([
            "build",
            "-p",
            "weir-ui",
            "--target",
            wasm_target::NAME,
            "--profile",
            "ui-release",
        ]))?;
        let stage = workspace.target.join("ui-stage");
        bind(
            &workspace
                .target
                .join(wasm_target::NAME)
                .join("ui-release/weir-ui.wasm"),
            &stage,
        )?;
        let mut wanted = BTreeMap::new();
        gather(&stage, &stage, &mut wanted)?;
        let ui = workspace.root.join("ui");
        for name in STATIC {
            gather(&ui, &ui.join(name), &mut wanted)?;
        }
        let written = replace(&ui.join("dist"), &wanted)?;
        println!("{written} of {} files changed", wanted.len());
        Ok(())
    })
}

fn bind(wasm: &Path, stage: &Path) -> Outcome {
    if stage.exists() {
        doing("the stage folder cannot be emptied", fs::remove_dir_all(stage))?;
    }
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name("ui")
        .typescript(false)
        .remove_name_section(true);
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(stage))
        .map_err(|problem| Failure(format!("the page's bindings could not be made: {problem:#}")))
}

/// Collects the files under `path`, keyed by their place below `base`.
fn gather(base: &Path, path: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) -> Outcome {
    if path.is_dir() {
        for entry in doing(path.display(), fs::read_dir(path))? {
            gather(base, &doing(path.display(), entry)?.path(), into)?;
        }
        return Ok(());
    }
    let bytes = doing(path.display(), fs::read(path))?;
    let place = path.strip_prefix(base).unwrap_or(path).to_owned();
    into.insert(place, bytes);
    Ok(())
}

/// Makes the folder hold exactly these files; says how many had to be written or removed.
fn replace(folder: &Path, wanted: &BTreeMap<PathBuf, Vec<u8>>) -> Outcome<usize> {
    let mut present = BTreeMap::new();
    if folder.exists() {
        gather(folder, folder, &mut present)?;
    }
    let mut changed = 0;
    for place in present.keys().filter(|place| !wanted.contains_key(*place)) {
        doing(place.display(), fs::remove_file(folder.join(place)))?;
        changed += 1;
    }
    for (place, bytes) in wanted
        .iter()
        .filter(|(place, bytes)| present.get(*place) != Some(bytes))
    {
        let path = folder.join(place);
        doing(
            path.display(),
            fs::create_dir_all(path.parent().unwrap_or(folder)),
        )?;
        doing(path.display(), fs::write(&path, bytes))?;
        changed += 1;
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changed_files_are_written_and_stale_ones_go() {
        let folder = std::env::temp_dir().join(format!("weir-xtask-{}", std::process::id()));
        let mut wanted = BTreeMap::from([
            (PathBuf::from("index.html"), b"one".to_vec()),
            (PathBuf::from("style/base.css"), b"two".to_vec()),
        ]);
        assert_eq!(replace(&folder, &wanted).unwrap(), 2);
        assert_eq!(
            replace(&folder, &wanted).unwrap(),
            0,
            "nothing changed, so the shell must not be rebuilt"
        );
        wanted.remove(Path::new("index.html"));
        wanted.insert(PathBuf::from("style/base.css"), b"three".to_vec());
        assert_eq!(replace(&folder, &wanted).unwrap(), 2);
        assert!(!folder.join("index.html").exists());
        assert_eq!(fs::read(folder.join("style/base.css")).unwrap(), b"three");
        fs::remove_dir_all(&folder).unwrap();
    }
}
