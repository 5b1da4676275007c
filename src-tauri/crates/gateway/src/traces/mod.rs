//! Traces in OpenTelemetry's form, off unless `[traces]` names where to: every finished request as a span *Router* with spans
//! *Cache* and *Worker* below it. What was said, by whom and for whom is never in them.

mod export;
mod otlp;
mod spans;

pub(crate) use export::Exporter;
