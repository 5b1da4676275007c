//! `GET /metrics` in Prometheus' text form. Labels are few and closed, so series never explode. Open on loopback; from
//! elsewhere a key is needed.

mod models;

use super::{
    GatewayState,
    authenticate::{authenticate, status_of},
    reply,
    server::ClientAddress,
};
use axum::{
    extract::{Extension, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use std::{fmt::Write, sync::atomic::Ordering};
use weir_contract::model::key::KeyEndpoint;
use weir_contract::model::{catalog::BreakerPosition, request::RequestStatus};
use weir_engine::{metrics::process::Histogram, request::ClientProtocol};

pub(super) async fn metrics(
    State(state): State<GatewayState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Response {
    if !client.0.ip().is_loopback()
        && let Err(problem) = authenticate(&state, &headers, KeyEndpoint::Listings).await
    {
        let (status, code) = status_of(&problem);
        return reply::error(
            ClientProtocol::ChatCompletions,
            status,
            code,
            &problem.to_string(),
        );
    }
    let text = write_metrics(&state).unwrap_or_default();
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}

fn write_metrics(state: &GatewayState) -> Result<String, std::fmt::Error> {
    let counters = &state.engine.counters;
    let mut text = String::with_capacity(8 * 1024);
    heading(
        &mut text,
        "weir_requests_total",
        "counter",
        "Finished requests by how they ended.",
    )?;
    for (status, count) in RequestStatus::ALL.iter().zip(&counters.requests) {
        writeln!(
            text,
            "weir_requests_total{{status=\"{}\"}} {}",
            status.as_str(),
            count.load(Ordering::Relaxed)
        )?;
    }
    heading(
        &mut text,
        "weir_cache_requests_total",
        "counter",
        "Finished requests by what the cache did.",
    )?;
    for (outcome, count) in ["response", "semantic", "miss", "bypass"]
        .iter()
        .zip(&counters.cache)
    {
        writeln!(
            text,
            "weir_cache_requests_total{{outcome=\"{outcome}\"}} {}",
            count.load(Ordering::Relaxed)
        )?;
    }
    let nanousd = |value: i64| weir_contract::NanoUsd(value).to_decimal();
    heading(
        &mut text,
        "weir_cost_usd_total",
        "counter",
        "Charged since the process started.",
    )?;
    writeln!(
        text,
        "weir_cost_usd_total {}",
        nanousd(counters.cost_nanousd.load(Ordering::Relaxed))
    )?;
    heading(
        &mut text,
        "weir_saved_usd_total",
        "counter",
        "Saved by the caches since the process started.",
    )?;
    writeln!(
        text,
        "weir_saved_usd_total {}",
        nanousd(counters.saved_nanousd.load(Ordering::Relaxed))
    )?;
    heading(
        &mut text,
        "weir_upstream_attempts_total",
        "counter",
        "Calls made to providers.",
    )?;
    writeln!(
        text,
        "weir_upstream_attempts_total {}",
        counters.upstream_attempts.load(Ordering::Relaxed)
    )?;
    heading(
        &mut text,
        "weir_store_failures_total",
        "counter",
        "Writes and reads that the store failed.",
    )?;
    writeln!(
        text,
        "weir_store_failures_total {}",
        counters.store_failures.load(Ordering::Relaxed)
    )?;
    histogram(
        &mut text,
        "weir_request_duration_seconds",
        "From arrival to the last byte.",
        &counters.total,
    )?;
    histogram(
        &mut text,
        "weir_overhead_duration_seconds",
        "The part not spent waiting for providers.",
        &counters.overhead,
    )?;
    models::write(&mut text, &counters.by_model)?;
    heading(
        &mut text,
        "weir_breaker_open",
        "gauge",
        "1 while a model's breaker is open, 0.5 while it is tried again.",
    )?;
    for provider in state.engine.settings().providers.keys() {
        for (model, position) in state.engine.breaker_positions(provider) {
            let value = match position {
                BreakerPosition::Closed => "0",
                BreakerPosition::HalfOpen => "0.5",
                BreakerPosition::Open => "1",
            };
            let (provider, model) = (escaped(provider), escaped(&model));
            writeln!(
                text,
                "weir_breaker_open{{provider=\"{provider}\",model=\"{model}\"}} {value}"
            )?;
        }
    }
    if let Some(shared) = state.engine.shared_cache() {
        heading(
            &mut text,
            "weir_redis_up",
            "gauge",
            "1 while Redis is used, 0 while it is away.",
        )?;
        writeln!(text, "weir_redis_up {}", u8::from(shared.problem().is_none()))?;
    }
    heading(
        &mut text,
        "weir_config_version",
        "gauge",
        "Number of the newest configuration change that runs.",
    )?;
    writeln!(text, "weir_config_version {}", state.engine.settings().version)?;
    Ok(text)
}

pub(super) fn heading(text: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn histogram(text: &mut String, name: &str, help: &str, histogram: &Histogram) -> std::fmt::Result {
    heading(text, name, "histogram", help)?;
    let (buckets, count, sum_seconds) = histogram.read();
    for (bound, n) in buckets {
        writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {n}")?;
    }
    writeln!(
        text,
        "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum_seconds}\n{name}_count {count}"
    )
}

pub(super) fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
