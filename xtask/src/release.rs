//! `cargo xtask release`: the programs, built for release, with the embedding model beside them, in one archive.

use crate::{
    embedding_model, page, setup,
    step::{Outcome, doing, fail, run, step},
    workspace::Workspace,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The window and the gateway.
const PROGRAMS: [&str; 2] = ["weir", "weir-gateway"];
/// The licence of the model, which whoever passes it on must add.
const MODEL_LICENCE: &str = "src-tauri/crates/embedder/MODEL-LICENSE.txt";

/// Builds, gathers and packs; says where the archive lies.
pub(crate) fn release() -> Outcome {
    setup::for_run(false)?;
    // Here it is no choice: whoever unpacks the archive has no set-up that could fetch it.
    let model = embedding_model::ensure()?;
    let workspace = Workspace::find()?;
    page::build(&workspace)?;
    step("programs, release build", || {
        let mut command = workspace.cargo();
        command.args([
            "build",
            "--release",
            "--locked",
            "-p",
            "weir-desktop",
            "-p",
            "weir-gateway",
        ]);
        run(&mut command)
    })?;
    let name = format!(
        "weir-{}-{}-{}",
        env!("CARGO_PKG_VERSION"),
        env::consts::OS,
        env::consts::ARCH
    );
    let archive = step("archive", || gather(&workspace, &model, &name))?;
    println!("\n{}", archive.display());
    Ok(())
}

/// Lays everything into one folder, and packs that.
fn gather(workspace: &Workspace, model: &Path, name: &str) -> Outcome<PathBuf> {
    let made = workspace.target.join("release-archive");
    let folder = made.join(name);
    if folder.exists() {
        doing(
            format!("{} cannot be emptied", folder.display()),
            fs::remove_dir_all(&folder),
        )?;
    }
    let models = folder.join("models");
    doing(
        format!("{} cannot be made", models.display()),
        fs::create_dir_all(&models),
    )?;
    for program in PROGRAMS {
        let file = format!("{program}{}", env::consts::EXE_SUFFIX);
        lay(&workspace.target.join("release").join(&file), &folder.join(&file))?;
    }
    let Some(model_name) = model.file_name() else {
        return fail(format!("{} has no file's name", model.display()));
    };
    lay(model, &models.join(model_name))?;
    lay(&workspace.root.join(MODEL_LICENCE), &models.join("LICENSE.txt"))?;
    lay(&workspace.root.join("README.md"), &folder.join("README.md"))?;
    let archive = made.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&archive).arg("-C").arg(&made).arg(name);
    run(&mut tar)?;
    Ok(archive)
}

fn lay(from: &Path, to: &Path) -> Outcome {
    doing(
        format!("{} cannot be copied to {}", from.display(), to.display()),
        fs::copy(from, to),
    )
    .map(drop)
}
