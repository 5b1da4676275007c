//! From what Weir keeps of a request to spans: pure, so that a trace can be looked at without a collector.

use serde_json::{Value, json};
use weir_contract::model::request::{CacheOutcome, CostBasis, RequestRow, RequestStatus, TraceStep};
use weir_engine::{pipeline::PARENT_STAGE, trace_parent::TraceParent};

/// Who a span's work is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpanKind {
    Internal = 1,
    Server = 2,
    Client = 3,
}

/// One span; times in microseconds after the request's arrival.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) start_us: i64,
    pub(super) end_us: i64,
    /// Empty for a span that ended well.
    pub(super) error: String,
    pub(super) attributes: Vec<(&'static str, Value)>,
}

/// The span of the caller's that the request was made for, where it named one.
pub(super) fn parent_of(trace: &[TraceStep]) -> Option<TraceParent> {
    let step = trace.iter().find(|step| step.stage == PARENT_STAGE)?;
    let fact = |wanted: &str| {
        let (_, value) = step.facts.iter().find(|(name, _)| name == wanted)?;
        Some(value.clone())
    };
    Some(TraceParent {
        trace_id: fact("trace_id")?,
        span_id: fact("span_id")?,
    })
}

/// The router's span first, then those below it in the order of their beginning.
pub(super) fn spans_of(row: &RequestRow, trace: &[TraceStep]) -> Vec<Span> {
    let mut spans = vec![router(row)];
    let mut last_us = 0;
    for (index, step) in trace.iter().enumerate() {
        let fact = |name: &str| {
            let found = step.facts.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        match step.stage.as_str() {
            "cache" => spans.push(cache(row, step, last_us)),
            "attempt" => {
                // Notes of waiting and of giving up have no time of their own.
                if let Some(took_us) = fact("took_us").and_then(|text| text.parse::<i64>().ok()) {
                    let asked = fact("model").unwrap_or_default();
                    let failed = fact("kind").unwrap_or_default();
                    let is_last = !trace[index + 1..].iter().any(|later| {
                        later.stage == "attempt" && later.facts.iter().any(|(name, _)| name == "took_us")
                    });
                    spans.push(worker(
                        row,
                        asked,
                        (step.at_us - took_us, step.at_us),
                        failed,
                        is_last,
                    ));
                }
            }
            _ => {}
        }
        last_us = step.at_us;
    }
    spans
}

fn router(row: &RequestRow) -> Span {
    let mut attributes = vec![
        ("weir.component", json!("Router")),
        ("weir.request.id", json!(row.id)),
        ("gen_ai.operation.name", json!(operation(row))),
        ("gen_ai.request.model", json!(row.requested_model)),
        ("gen_ai.request.stream", json!(row.streamed)),
        ("http.response.status_code", json!(row.http_status)),
        ("weir.cache.outcome", json!(cache_word(row))),
        ("weir.intent", json!(row.intent)),
        ("weir.attempts", json!(row.attempts)),
        (
            "weir.overhead_us",
            json!((row.duration_us - row.upstream_us).max(0)),
        ),
        ("weir.cost_nanousd", json!(row.cost_nanousd.0)),
        ("weir.saved_nanousd", json!(row.saved_nanousd.0)),
        (
            "weir.cost.is_settled",
            json!(row.cost_basis != CostBasis::Unsettled),
        ),
    ];
    if let Some(tier) = row.tier {
        attributes.push(("weir.tier", json!(tier.as_str())));
    }
    if !row.model.is_empty() {
        attributes.push(("gen_ai.provider.name", json!(provider_word(&row.provider))));
        attributes.push(("gen_ai.response.model", json!(row.model)));
    }
    let error = match row.status {
        RequestStatus::Ok => String::new(),
        _ if row.error.is_empty() => row.status.as_str().to_owned(),
        _ => row.error.clone(),
    };
    Span {
        name: format!("Router {}", operation(row)),
        kind: SpanKind::Server,
        start_us: 0,
        end_us: row.duration_us,
        error,
        attributes,
    }
}

fn cache(row: &RequestRow, step: &TraceStep, start_us: i64) -> Span {
    Span {
        name: "Cache".to_owned(),
        kind: SpanKind::Internal,
        start_us,
        end_us: step.at_us,
        error: String::new(),
        attributes: vec![
            ("weir.component", json!("Cache")),
            ("weir.cache.outcome", json!(cache_word(row))),
            ("weir.cache.decision", json!(step.decision)),
        ],
    }
}

/// A call to a provider. `asked` is `provider/model`; the last attempt of a bought answer lasts until its last byte and used
/// the tokens.
fn worker(
    row: &RequestRow,
    asked: &str,
    (start_us, answered_us): (i64, i64),
    failed: &str,
    is_last: bool,
) -> Span {
    let (provider, model) = asked.split_once('/').unwrap_or(("", asked));
    let mut attributes = vec![
        ("weir.component", json!("Worker")),
        ("gen_ai.operation.name", json!(operation(row))),
        ("gen_ai.provider.name", json!(provider_word(provider))),
        ("gen_ai.request.model", json!(model)),
        ("gen_ai.request.stream", json!(row.streamed)),
    ];
    let bought = failed.is_empty() && is_last;
    if bought {
        let tokens = row.tokens;
        let seconds = (answered_us - start_us) as f64 / 1e6;
        attributes.extend([
            ("gen_ai.response.model", json!(row.model)),
            ("gen_ai.response.time_to_first_chunk", json!(seconds)),
            // Input includes what the provider had cached, as the conventions want it.
            ("gen_ai.usage.input_tokens", json!(tokens.input_total())),
            ("gen_ai.usage.output_tokens", json!(tokens.output_total())),
            ("gen_ai.usage.cache_read.input_tokens", json!(tokens.cache_read)),
            (
                "gen_ai.usage.cache_creation.input_tokens",
                json!(tokens.cache_write),
            ),
            ("gen_ai.usage.reasoning.output_tokens", json!(tokens.reasoning)),
        ]);
    }
    let error = match (failed.is_empty(), bought && row.status != RequestStatus::Ok) {
        (false, _) => failed.to_owned(),
        (true, true) => row.status.as_str().to_owned(),
        (true, false) => String::new(),
    };
    Span {
        name: format!("{} {model}", operation(row)),
        kind: SpanKind::Client,
        start_us,
        end_us: if bought {
            row.duration_us.max(answered_us)
        } else {
            answered_us
        },
        error,
        attributes,
    }
}

fn operation(row: &RequestRow) -> &'static str {
    match row.endpoint.as_str() {
        "embeddings" => "embeddings",
        "completions" => "text_completion",
        _ => "chat",
    }
}

/// The conventions' word where they have one.
fn provider_word(provider: &str) -> &str {
    match provider {
        "gemini" => "gcp.gemini",
        "xai" => "x_ai",
        "mistral" => "mistral_ai",
        other => other,
    }
}

fn cache_word(row: &RequestRow) -> &'static str {
    match row.cache {
        CacheOutcome::Response => "response",
        CacheOutcome::Semantic => "semantic",
        CacheOutcome::Miss => "miss",
        CacheOutcome::Bypass => "bypass",
    }
}
