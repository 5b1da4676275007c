//! The benchmark: miss, exact hit and stream through a release `weir-gateway`, beside the same calls straight to the provider.
//!
//! `bench --upstream` is the fake provider as a process of its own; `bench --reservations`, `bench --simulations` and `bench --searches`
//! measure these alone, `bench --panels [REQUESTS]` the pages' questions on both databases; `bench --fill URL REQUESTS` fills one (`cargo xtask fill`), and
//! `bench --ask URL…` asks those that are filled already; `bench --clears [ANSWERS]` clears cached answers under traffic;
//! without arguments everything is started and measured.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first thing that goes wrong"
)]

mod clears;
mod fill;
mod load;
mod panels;
mod panels_report;
mod report;
mod reservations;
#[allow(dead_code, reason = "shared with the store contract, which uses more of it")]
#[path = "../store_contract/sample.rs"]
mod sample;
mod searches;
mod simulations;
#[allow(
    dead_code,
    reason = "shared with the tests of operations, which use more of it"
)]
#[path = "../admin/stage.rs"]
mod stage;
mod usage;

use load::{Kind, Target, measure};
use report::{Line, Report};
use std::{
    io::Read,
    path::PathBuf,
    process::{ExitCode, Stdio},
    time::Duration,
};
use support::{
    process::{Serving, command_of},
    stage::configuration,
    upstream::Upstream,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};
use usage::ProcessUsage;

/// Each of the 12 measurements takes this long, so that all of it stays under a minute.
const EACH: Duration = Duration::from_millis(3_000);
const CONCURRENCIES: [usize; 2] = [1, 16];

/// Caps and limits that count every call and never refuse one.
const GUARDS: &str = "[[caps]]\nname = \"global-daily\"\nscope = { kind = \"global\" }\nperiod = \"day\"\ntime_zone = \"UTC\"\n\
    limit_nanousd = 1000000000000000\naction = \"refuse\"\nalert_percent = 80\nenabled = true\n\
    [[limits]]\nname = \"key-per-minute\"\nsubject = \"key\"\nmax_requests = 100000000\nwindow_seconds = 60\nenabled = true\n\
    [[limits]]\nname = \"ip-per-minute\"\nsubject = \"ip\"\nmax_requests = 100000000\nwindow_seconds = 60\nenabled = true\n";

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--upstream") {
        be_the_provider().await;
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some("--reservations") {
        report::print_reservations(&reservations::measure_all().await);
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some("--simulations") {
        report::print_simulations(&simulations::measure_all().await);
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some("--panels") {
        return panels_report::run(std::env::args().nth(2).as_deref()).await;
    }
    if std::env::args().nth(1).as_deref() == Some("--clears") {
        return clears::run(std::env::args().nth(2).as_deref()).await;
    }
    if std::env::args().nth(1).as_deref() == Some("--fill") {
        let arguments: Vec<String> = std::env::args().skip(2).collect();
        return panels_report::fill_one(&arguments).await;
    }
    if std::env::args().nth(1).as_deref() == Some("--ask") {
        let urls: Vec<String> = std::env::args().skip(2).collect();
        return panels_report::ask(&urls).await;
    }
    let Some(binary) = gateway_binary() else {
        eprintln!(
            "bench: there is no weir-gateway beside this program; build it with \"cargo build --release -p weir-gateway\", or name it in WEIR_GATEWAY"
        );
        return ExitCode::FAILURE;
    };
    if std::env::args().nth(1).as_deref() == Some("--searches") {
        report::print_searches(&searches::measure_all(&binary).await);
        return ExitCode::SUCCESS;
    }
    let report = run(&binary).await;
    report.print();
    let path = target_folder().join("bench.json");
    match std::fs::write(&path, report.to_json()) {
        Ok(()) => println!("\nwritten to {}", path.display()),
        Err(problem) => {
            eprintln!("bench: {} cannot be written: {problem}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Serves until standard input ends, which it does when the benchmark does.
async fn be_the_provider() {
    let upstream = Upstream::start().await;
    println!("{}", upstream.origin());
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
}

fn own_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    own.parent().expect("in a folder").to_owned()
}

/// The folder that holds `release`.
fn target_folder() -> PathBuf {
    own_folder().parent().expect("target/PROFILE").to_owned()
}

fn gateway_binary() -> Option<PathBuf> {
    let beside = own_folder().join(format!("weir-gateway{}", std::env::consts::EXE_SUFFIX));
    let named = std::env::var_os("WEIR_GATEWAY").map(PathBuf::from);
    named.or(Some(beside)).filter(|path| path.is_file())
}

async fn run(binary: &std::path::Path) -> Report {
    let mut provider = Command::new(std::env::current_exe().unwrap());
    provider
        .arg("--upstream")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut provider = provider.spawn().expect("the fake provider starts");
    let mut lines = BufReader::new(provider.stdout.take().unwrap()).lines();
    let origin = lines
        .next_line()
        .await
        .unwrap()
        .expect("the fake provider says where it is");

    let folder = tempfile::tempdir().expect("a folder for the database");
    std::fs::write(folder.path().join("weir.toml"), configuration(&origin, GUARDS)).unwrap();
    let database = format!("sqlite://{}", folder.path().join("weir.db").display());
    let environment = [
        ("WEIR_DATABASE", database.as_str()),
        ("WEIR_LISTEN", "127.0.0.1:0"),
        ("FAKE_KEY", "secret"),
        ("WEIR_LOG", "warn"),
    ];
    let created = command_of(
        binary,
        folder.path(),
        &[
            "key",
            "create",
            "--name",
            "bench",
            "--json",
            "--config",
            "weir.toml",
        ],
        &environment,
    )
    .output()
    .await
    .expect("a key can be made");
    let created: serde_json::Value = serde_json::from_slice(&created.stdout)
        .unwrap_or_else(|_| panic!("no key was made: {}", String::from_utf8_lossy(&created.stderr)));
    let key = created["key"].as_str().unwrap().to_owned();
    let serving =
        Serving::start_binary(binary, folder.path(), &["--config", "weir.toml"], &environment).await;
    let process = ProcessUsage::of(serving.child.id().unwrap());

    let gateway = Target {
        url: format!("{}/v1/chat/completions", serving.base),
        key,
        model: "fake/nano",
    };
    let straight = Target {
        url: format!("{origin}/v1/chat/completions"),
        key: "secret".to_owned(),
        model: "nano",
    };
    let mut lines = Vec::new();
    for concurrency in CONCURRENCIES {
        for kind in Kind::ALL {
            for (name, target) in [("straight", &straight), ("weir", &gateway)] {
                let cpu_before = process.cpu_ms();
                let times = measure(target, kind, concurrency, EACH).await;
                let cpu_ms = (name == "weir")
                    .then(|| Some(process.cpu_ms()? - cpu_before?))
                    .flatten();
                lines.push(Line::new(kind.name(), name, concurrency, times, EACH, cpu_ms));
            }
        }
    }
    Report {
        lines,
        reservations: reservations::measure_all().await,
        simulations: simulations::measure_all().await,
        peak_memory_bytes: process.peak_memory_bytes(),
    }
}
