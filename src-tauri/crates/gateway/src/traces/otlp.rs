//! Spans as OTLP's JSON, version 1: ids in hexadecimal digits, 64-bit numbers as text.

use super::spans::Span;
use serde_json::{Value, json};
use weir_engine::trace_parent::TraceParent;

/// A request's spans, ready to be sent.
///
/// Below the caller's span where it named one, else as a trace of its own that has the request's id.
pub(super) fn encode(
    request_id: &str,
    started_ms: i64,
    parent: Option<&TraceParent>,
    spans: &[Span],
) -> Vec<Value> {
    let id = uuid::Uuid::parse_str(request_id).unwrap_or_else(|_| uuid::Uuid::now_v7());
    // The random half of the request's id; each span counts on from it, so that none of a trace are the same.
    let base = id.as_u64_pair().1;
    let trace_id = parent.map_or_else(
        || format!("{:032x}", id.as_u128()),
        |parent| parent.trace_id.clone(),
    );
    let span_id = |index: u64| format!("{:016x}", base.wrapping_add(index).max(1));
    let nanos = |us: i64| (i128::from(started_ms) * 1_000_000 + i128::from(us.max(0)) * 1_000).to_string();
    let encoded = spans.iter().enumerate().map(|(index, span)| {
        let attributes: Vec<Value> = span
            .attributes
            .iter()
            .map(|(name, value)| json!({"key": name, "value": any_value(value)}))
            .collect();
        let mut encoded = json!({
            "traceId": trace_id,
            "spanId": span_id(index as u64),
            "name": span.name,
            "kind": span.kind as i32,
            "startTimeUnixNano": nanos(span.start_us),
            "endTimeUnixNano": nanos(span.end_us.max(span.start_us)),
            "attributes": attributes,
        });
        if index > 0 {
            encoded["parentSpanId"] = span_id(0).into();
        } else if let Some(parent) = parent {
            encoded["parentSpanId"] = parent.span_id.clone().into();
        }
        if !span.error.is_empty() {
            encoded["status"] = json!({"code": 2});
            if let Some(attributes) = encoded["attributes"].as_array_mut() {
                attributes.push(json!({"key": "error.type", "value": {"stringValue": span.error}}));
            }
        }
        encoded
    });
    encoded.collect()
}

/// The body of one export.
pub(super) fn body(gateway_id: &str, spans: Vec<Value>) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "weir"}},
            {"key": "service.version", "value": {"stringValue": env!("CARGO_PKG_VERSION")}},
            {"key": "service.instance.id", "value": {"stringValue": gateway_id}},
        ]},
        "scopeSpans": [{"scope": {"name": "weir-gateway", "version": env!("CARGO_PKG_VERSION")}, "spans": spans}],
    }]})
}

fn any_value(value: &Value) -> Value {
    match value {
        Value::Bool(yes) => json!({"boolValue": yes}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::String(text) => json!({"stringValue": text}),
        other => json!({"stringValue": other.to_string()}),
    }
}
