//! Series by provider and model; so many and no more.

use super::{escaped, heading};
use std::fmt::Write;
use weir_contract::{NanoUsd, model::request::RequestStatus};
use weir_engine::metrics::{
    by_model::{ByModel, ModelCounters},
    process::Histogram,
};

pub(super) fn write(text: &mut String, models: &ByModel) -> std::fmt::Result {
    let mut parts: [String; 5] = Default::default();
    let mut outcome = Ok(());
    models.each(|provider, model, counters| {
        let labels = format!("provider=\"{}\",model=\"{}\"", escaped(provider), escaped(model));
        outcome = outcome.and(of_model(&mut parts, &labels, counters));
    });
    outcome?;
    let families = [
        (
            "weir_model_requests_total",
            "counter",
            "Requests that a provider was asked for, by how they ended.",
        ),
        (
            "weir_tokens_total",
            "counter",
            "Tokens bought, by class; every token is in one.",
        ),
        (
            "weir_model_cost_usd_total",
            "counter",
            "Charged since the process started.",
        ),
        (
            "weir_model_duration_seconds",
            "histogram",
            "From arrival to the last byte, of requests that a provider was asked for.",
        ),
        (
            "weir_model_first_byte_seconds",
            "histogram",
            "From arrival to the first byte, of requests that a provider was asked for.",
        ),
    ];
    for ((name, kind, help), part) in families.into_iter().zip(parts) {
        heading(text, name, kind, help)?;
        text.push_str(&part);
    }
    Ok(())
}

fn of_model(parts: &mut [String; 5], labels: &str, counters: &ModelCounters) -> std::fmt::Result {
    let [requests, tokens, cost, duration, first_byte] = parts;
    for (status, count) in RequestStatus::ALL.iter().zip(counters.requests) {
        writeln!(
            requests,
            "weir_model_requests_total{{{labels},status=\"{}\"}} {count}",
            status.as_str()
        )?;
    }
    let used = counters.tokens;
    for (class, count) in [
        ("input", used.input),
        ("cache_read", used.cache_read),
        ("cache_write", used.cache_write),
        ("output", used.output),
        ("reasoning", used.reasoning),
    ] {
        writeln!(tokens, "weir_tokens_total{{{labels},class=\"{class}\"}} {count}")?;
    }
    let usd = NanoUsd(counters.cost_nanousd).to_decimal();
    writeln!(cost, "weir_model_cost_usd_total{{{labels}}} {usd}")?;
    histogram(
        duration,
        "weir_model_duration_seconds",
        labels,
        &counters.duration,
    )?;
    histogram(
        first_byte,
        "weir_model_first_byte_seconds",
        labels,
        &counters.first_byte,
    )
}

fn histogram(text: &mut String, name: &str, labels: &str, histogram: &Histogram) -> std::fmt::Result {
    let (buckets, count, sum_seconds) = histogram.read();
    for (bound, n) in buckets {
        writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {n}")?;
    }
    writeln!(
        text,
        "{name}_bucket{{{labels},le=\"+Inf\"}} {count}\n{name}_sum{{{labels}}} {sum_seconds}\n{name}_count{{{labels}}} {count}"
    )
}
