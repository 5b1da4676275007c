//! The binary `weir`: reads the command line and opens the window.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use clap::{Parser, ValueEnum};
use std::process::ExitCode;
use weir_contract::model::gateway::ProfileKind;

/// Weir: what your language models cost, and the gateway that keeps it down.
#[derive(Parser)]
#[command(version)]
struct Line {
    /// Open a throw-away profile filled with labelled sample traffic.
    #[arg(long)]
    sample: bool,
    /// The profile to open at once; without it Weir opens the one used last, or asks.
    #[arg(long, env = "WEIR_PROFILE", value_enum)]
    profile: Option<Profile>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Profile {
    Local,
    Sample,
}

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    weir_desktop::graphics::avoid_blank_window();
    let line = Line::parse();
    let wanted = match (line.sample, line.profile) {
        (true, _) | (false, Some(Profile::Sample)) => Some(ProfileKind::Sample),
        (false, Some(Profile::Local)) => Some(ProfileKind::Local),
        (false, None) => None,
    };
    match weir_desktop::run(wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tracing::error!(%problem, "Weir could not start");
            ExitCode::FAILURE
        }
    }
}
