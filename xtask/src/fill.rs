//! `cargo xtask fill`: fills an empty database with requests such as a company's, to try Weir at size.

use crate::{
    packages::{self, Need},
    step::{Outcome, run, step},
    workspace::Workspace,
};

/// What is filled.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// `sqlite:///path/weir.db`, or `postgres://user@host/database` after `weir-gateway migrate`.
    database: String,
    /// How many; a million take about a gibibyte.
    #[arg(long, default_value_t = 1_000_000)]
    requests: u64,
}

/// Builds the filler for release and runs it.
pub(crate) fn fill(options: &Options) -> Outcome {
    packages::ensure(&[Need::Building])?;
    let workspace = Workspace::find()?;
    step("fill", || {
        let mut command = workspace.cargo();
        command.args([
            "run",
            "--release",
            "-p",
            "system-tests",
            "--bin",
            "bench",
            "--",
            "--fill",
        ]);
        run(command.arg(&options.database).arg(options.requests.to_string()))
    })
}
