//! The figures as a table for people and as JSON for programs.

use crate::{reservations::Reservations, searches::Searches, simulations::Simulation};
use serde_json::json;
use std::time::Duration;

/// One measurement.
pub(crate) struct Line {
    call: &'static str,
    target: &'static str,
    concurrency: usize,
    requests: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_ms_per_request: Option<f64>,
}

/// All of them.
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
    pub(crate) reservations: Vec<Reservations>,
    pub(crate) simulations: Vec<Simulation>,
    pub(crate) peak_memory_bytes: Option<u64>,
}

impl Line {
    /// `times` are sorted; `cpu_ms` is what the gateway used for all of them.
    pub(crate) fn new(
        call: &'static str,
        target: &'static str,
        concurrency: usize,
        times: Vec<Duration>,
        took: Duration,
        cpu_ms: Option<u64>,
    ) -> Line {
        let at = |percent: usize| percentile_ms(&times, percent);
        let requests = times.len();
        Line {
            call,
            target,
            concurrency,
            requests,
            per_second: requests as f64 / took.as_secs_f64(),
            p50_ms: at(50),
            p99_ms: at(99),
            cpu_ms_per_request: cpu_ms.map(|cpu_ms| cpu_ms as f64 / requests.max(1) as f64),
        }
    }
}

/// Of sorted times.
fn percentile_ms(times: &[Duration], percent: usize) -> f64 {
    let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

impl Report {
    pub(crate) fn print(&self) {
        println!(
            "{:<10} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>12}",
            "call", "callers", "to", "requests", "per s", "p50 ms", "p99 ms", "CPU ms/req"
        );
        for line in &self.lines {
            let cpu = line
                .cpu_ms_per_request
                .map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.3}"));
            println!(
                "{:<10} {:>7} {:>9} {:>9} {:>9.0} {:>9.3} {:>9.3} {cpu:>12}",
                line.call,
                line.concurrency,
                line.target,
                line.requests,
                line.per_second,
                line.p50_ms,
                line.p99_ms
            );
        }
        print_reservations(&self.reservations);
        print_simulations(&self.simulations);
        match self.peak_memory_bytes {
            Some(bytes) => println!(
                "\npeak memory of weir-gateway: {:.1} MiB",
                bytes as f64 / 1_048_576.0
            ),
            None => println!("\nCPU and memory are measured on Linux only"),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                json!({"call": line.call, "target": line.target, "concurrency": line.concurrency, "requests": line.requests,
                    "per_second": line.per_second, "p50_ms": line.p50_ms, "p99_ms": line.p99_ms,
                    "cpu_ms_per_request": line.cpu_ms_per_request})
            })
            .collect();
        let reservations: Vec<_> = self
            .reservations
            .iter()
            .map(|line| {
                json!({"what": line.what, "callers": line.callers, "count": line.count, "per_second": line.per_second,
                    "cpu_us_each": line.cpu_us_each, "over_nanousd": line.over_nanousd})
            })
            .collect();
        let simulations: Vec<_> = self
            .simulations
            .iter()
            .map(|line| json!({"what": line.what, "requests": line.requests, "refused": line.refused, "took_ms": line.took_ms}))
            .collect();
        let report = json!({"measurements": lines, "reservations": reservations, "simulations": simulations, "peak_memory_bytes": self.peak_memory_bytes});
        format!("{report:#}\n")
    }
}

/// The row "reservations".
pub(crate) fn print_reservations(measured: &[Reservations]) {
    println!(
        "\n{:<36} {:>7} {:>10} {:>10} {:>12} {:>10}",
        "reservations", "callers", "count", "per s", "CPU µs each", "over $"
    );
    for line in measured {
        let cpu = line
            .cpu_us_each
            .map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.1}"));
        println!(
            "{:<36} {:>7} {:>10} {:>10.0} {cpu:>12} {:>10}",
            line.what,
            line.callers,
            line.count,
            line.per_second,
            weir_contract::NanoUsd(line.over_nanousd).to_decimal()
        );
    }
}

/// The rows of drafts tried on recorded requests.
pub(crate) fn print_simulations(measured: &[Simulation]) {
    println!(
        "\n{:<36} {:>10} {:>10} {:>10}",
        "a draft tried on", "requests", "refused", "took ms"
    );
    for line in measured {
        println!(
            "{:<36} {:>10} {:>10} {:>10.0}",
            line.what, line.requests, line.refused, line.took_ms
        );
    }
}

/// The rows of searches over collections.
pub(crate) fn print_searches(measured: &[Searches]) {
    println!(
        "{:>8} {:<24} {:>7} {:>9} {:>9} {:>9} {:>12}",
        "items", "search", "callers", "searches", "p50 ms", "p99 ms", "CPU ms each"
    );
    for line in measured {
        let cpu = line
            .cpu_ms_each
            .map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.3}"));
        println!(
            "{:>8} {:<24} {:>7} {:>9} {:>9.3} {:>9.3} {cpu:>12}",
            line.items,
            line.what,
            line.callers,
            line.times.len(),
            percentile_ms(&line.times, 50),
            percentile_ms(&line.times, 99)
        );
    }
}
