//! `cargo xtask bench`: measures a release build of the gateway against the built-in fake upstream.

use crate::{
    packages::{self, Need},
    step::{Outcome, run, step},
    workspace::Workspace,
};

/// What is passed on to the measuring program.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Arguments of the measuring program; `cargo xtask bench -- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds both programs for release and measures.
pub(crate) fn bench(options: &Options) -> Outcome {
    packages::ensure(&[Need::Building])?;
    let workspace = Workspace::find()?;
    step("gateway, release build", || {
        run(workspace
            .cargo()
            .args(["build", "--release", "-p", "weir-gateway"]))
    })?;
    let gateway = workspace
        .target
        .join("release")
        .join(format!("weir-gateway{}", std::env::consts::EXE_SUFFIX));
    step("measure", || {
        let mut command = workspace.cargo();
        command
            .args(["run", "--release", "-p", "system-tests", "--bin", "bench", "--"])
            .args(&options.arguments);
        run(command.env("WEIR_GATEWAY", &gateway))
    })
}
