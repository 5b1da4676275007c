//! `cargo xtask test`: everything that must hold, in the order in which it is cheapest to fail.

use crate::{
    page, setup,
    step::{Outcome, run, step},
    wasm_target,
    workspace::Workspace,
};
use std::{process::Command, time::Instant};

/// Runs every check and stops at the first failure.
pub(crate) fn test() -> Outcome {
    let start = Instant::now();
    setup::everything()?;
    let workspace = Workspace::find()?;
    cargo_step("format", workspace.cargo().args(["fmt", "--all", "--check"]))?;
    // The shell embeds the page when it is compiled, so the page comes before everything that compiles the shell.
    page::build(&workspace)?;
    // The same selection of packages everywhere: another one would turn on other features and compile everything anew.
    // This program is left out, because Windows cannot replace one that runs; it is tested by itself at the end.
    let everything_else = ["--workspace", "--exclude", "xtask"];
    cargo_step(
        "lint",
        workspace
            .cargo()
            .arg("clippy")
            .args(everything_else)
            .args(["--all-targets", "--", "-D", "warnings"]),
    )?;
    cargo_step(
        "lint the page for WebAssembly",
        workspace.cargo().args([
            "clippy",
            "-p",
            "weir-ui",
            "--target",
            wasm_target::NAME,
            // The profile of the page's build, whose procedural macros are then used again.
            "--profile",
            "ui-release",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    // All targets, because the tests' own dependencies turn on features, too.
    cargo_step(
        "build",
        workspace
            .cargo()
            .arg("build")
            .args(everything_else)
            .arg("--all-targets"),
    )?;
    // The rules of structure (`--test tidy`) are among them: asked for alone, they would be compiled with other features.
    cargo_step(
        "tests",
        workspace
            .cargo()
            .arg("test")
            .args(everything_else)
            .env("WEIR_APP", workspace.debug_binary("weir")?)
            .env("WEIR_GATEWAY", workspace.debug_binary("weir-gateway")?),
    )?;
    cargo_step(
        "lint of xtask",
        workspace
            .cargo()
            .args(["clippy", "-p", "xtask", "--all-targets", "--", "-D", "warnings"]),
    )?;
    cargo_step("tests of xtask", workspace.cargo().args(["test", "-p", "xtask"]))?;
    println!("\nEverything holds ({:.0} s).", start.elapsed().as_secs_f64());
    Ok(())
}

fn cargo_step(name: &str, command: &mut Command) -> Outcome {
    step(name, || run(command))
}
