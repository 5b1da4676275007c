//! `weir-gateway`: the headless gateway and its scripts' door. Reads arguments, calls the library, prints.
#![expect(clippy::print_stdout, reason = "a command line speaks on standard output")]

mod cli;

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match cli::run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("weir-gateway: {problem}");
            ExitCode::FAILURE
        }
    }
}
