//! `cargo xtask`: the only tool a newcomer needs. One file per verb; it builds with Rust and a C linker alone.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its reader")]

mod bench;
mod display;
mod embedding_model;
mod eval;
mod fill;
mod packages;
mod page;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests, which use more of it"
)]
#[path = "../../tests/support/postgres_server.rs"]
mod postgres_server;
mod prepare_postgres;
mod release;
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
    /// Fills an empty database with made-up requests, and all that is counted of them.
    Fill(fill::Options),
    /// Measures what the semantic cache is worth; writes docs/semantic-eval.md.
    Eval(eval::Options),
    /// Packs the programs, built for release, and the embedding model into one archive.
    Release,
    /// Only installs what building and testing need, and fetches the embedding model.
    Setup,
    /// Only builds the page into ui/dist.
    Page,
    /// Describes the queries on Postgres anew, after they or its migrations changed.
    PreparePostgres,
}

fn main() -> ExitCode {
    let outcome = match Line::parse().verb {
        Verb::Run(options) => run::run(&options),
        Verb::Test => test::test(),
        Verb::Bench(options) => bench::bench(&options),
        Verb::Fill(options) => fill::fill(&options),
        Verb::Eval(options) => eval::eval(&options),
        Verb::Setup => setup::everything().and_then(|()| embedding_model::ensure().map(drop)),
        Verb::Release => release::release(),
        Verb::PreparePostgres => prepare_postgres::prepare(),
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
