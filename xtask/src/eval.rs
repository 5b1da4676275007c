//! `cargo xtask eval semantic`: measures the semantic cache with a release build and writes docs/semantic-eval.md.

use crate::{
    embedding_model,
    packages::{self, Need},
    step::{Outcome, run, step},
    workspace::Workspace,
};

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(clap::Subcommand)]
enum Subject {
    /// The semantic cache: pairs, streams, wrong labels, several turns, time.
    Semantic(Semantic),
}

#[derive(clap::Args)]
struct Semantic {
    /// Arguments of the measuring program, such as `--data FOLDER` or `--small`; `-- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Measures what was asked for.
pub(crate) fn eval(options: &Options) -> Outcome {
    let Subject::Semantic(semantic) = &options.subject;
    packages::ensure(&[Need::Building])?;
    let workspace = Workspace::find()?;
    let model = embedding_model::ensure()?;
    step("measure", || {
        let mut command = workspace.cargo();
        command
            .args(["run", "--release", "-p", "semantic-eval", "--", "--model"])
            .arg(&model);
        // A small run checks; only a whole one is worth a report.
        if !semantic.arguments.iter().any(|argument| argument == "--small") {
            command
                .arg("--report")
                .arg(workspace.root.join("docs").join("semantic-eval.md"));
        }
        run(command.args(&semantic.arguments))
    })
}
