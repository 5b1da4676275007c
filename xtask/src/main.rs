//! `cargo xtask`: the only tool a newcomer needs. One file per verb; it builds with Rust and a C linker alone.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its reader")]

mod bench;
mod display;
mod packages;
mod page;
mod run;
mod setup;
mod step;
mod test;
mod wasm_target;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, runs and tests Weir.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Installs what is missing, builds page and app, and opens the window.
    Run(run::Options),
    /// Formats, lints, structure rules and every test, the window's included.
    Test,
    /// Measures the gateway in a release build; prints a table and JSON.
    Bench(bench::Options),
    /// Only installs what building and testing need.
    Setup,
    /// Only builds the page into ui/dist.
    Page,
}

fn main() -> ExitCode {
    let outcome = match Line::parse().verb {
        Verb::Run(options) => run::run(&options),
        Verb::Test => test::test(),
        Verb::Bench(options) => bench::bench(&options),
        Verb::Setup => setup::everything(),
        Verb::Page => setup::for_page().and_then(|()| page::build(&workspace::Workspace::find()?)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
