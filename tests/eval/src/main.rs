//! Measures the semantic cache on pairs and streams, and writes what it found as a report. `cargo xtask eval semantic` runs it.
#![allow(clippy::print_stdout, reason = "a measuring program talks to its reader")]

mod data;
mod fixed;
mod latency;
mod made;
mod made_intents;
#[cfg(test)]
mod made_traps;
mod memory;
mod pairs;
#[cfg(test)]
mod promises;
mod random;
mod replay;
mod report;
mod turns;
mod vectors;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// What is measured, and where the report goes.
#[derive(Parser)]
struct Options {
    /// The embedding model's file.
    #[arg(long)]
    model: PathBuf,
    /// A folder of further sets: every `pairs_*.tsv` and `stream_*.tsv` in it is measured.
    #[arg(long, env = "WEIR_EVAL_DATA")]
    data: Option<PathBuf>,
    /// Where the report is written; printed only, without it.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Requests of each stream.
    #[arg(long, default_value_t = 9_000)]
    most: usize,
    /// Small sets and few entries, for every change.
    #[arg(long)]
    small: bool,
    /// Adds the Python baseline's figures, as its program printed them.
    #[arg(long)]
    baseline: Option<PathBuf>,
}

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a promise was not kept, or a call crossed its namespace: see the report above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// True when every promise was kept.
fn measure(options: &Options) -> Result<bool, String> {
    let mut vectors = vectors::Vectors::load(&options.model)?;
    let mut report = report::Report::default();
    let most = if options.small {
        options.most.min(2_500)
    } else {
        options.most
    };
    let mut sets = made::sets(most);
    if let Some(folder) = &options.data {
        sets.extend(data::sets(folder, most)?);
    }
    for set in &sets.pairs {
        println!("pairs {}", set.name);
        report.pairs(&pairs::measure(set, &mut vectors)?);
    }
    for set in &sets.streams {
        println!("stream {}", set.name);
        let rows = replay::prepare(set, &mut vectors)?;
        let fixed = fixed::measure(&rows);
        for wrong_labels in [0.0, 0.05] {
            for promise in [0.02, 0.03, 0.05] {
                report.stream(&set.name, &fixed, &replay::run(&rows, promise, wrong_labels, 1));
            }
        }
    }
    report.turns(&turns::measure());
    let entries = if options.small { 10_000 } else { 100_000 };
    report.latency(&latency::measure(entries, &mut vectors)?);
    if !options.small {
        report.latency(&latency::search_alone(1_000_000));
        report.memory(&memory::measure(1_000_000)?);
    }
    if let Some(path) = &options.baseline {
        report.baseline(
            &std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?,
        );
    }
    let text = report.text();
    println!("{text}");
    if let Some(path) = &options.report {
        std::fs::write(path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(report.kept())
}
