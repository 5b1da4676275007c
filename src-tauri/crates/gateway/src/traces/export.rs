//! Sends spans beside the calls: a bounded queue that drops rather than makes a call wait, and one task that posts.

use super::{
    otlp::{body, encode},
    spans::{parent_of, spans_of},
};
use crate::config::{ConfigError, TracesSection};
use reqwest::{
    Client,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, watch};
use weir_contract::model::{
    catalog::KeySource,
    request::{RequestRow, TraceStep},
};
use weir_engine::{engine::RequestObserver, provider::SecretSource};

/// Requests that wait to be sent; more are dropped and counted.
const QUEUE: usize = 2_048;
/// Requests of one post.
const BATCH: usize = 256;
/// How long a request waits for others to go with.
const WAIT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(10);

/// The engine's end of the queue.
pub(crate) struct Exporter {
    queue: mpsc::Sender<Vec<Value>>,
    dropped: Arc<AtomicU64>,
}

/// The other end.
pub(crate) struct Sending {
    waiting: mpsc::Receiver<Vec<Value>>,
    dropped: Arc<AtomicU64>,
    client: Client,
    endpoint: String,
    headers: HeaderMap,
    gateway_id: String,
    is_failing: AtomicBool,
}

impl Exporter {
    /// None where traces are off.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for headers that cannot be sent or an address that is none.
    pub(crate) fn new(
        section: &TracesSection,
        client: Client,
        secrets: &dyn SecretSource,
        gateway_id: &str,
    ) -> Result<Option<(Exporter, Sending)>, ConfigError> {
        let Some(endpoint) = &section.endpoint else {
            return Ok(None);
        };
        let is_web = url::Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_web {
            return Err(ConfigError::Invalid(
                "traces.endpoint: must be a web address such as http://127.0.0.1:4318/v1/traces".to_owned(),
            ));
        }
        let headers = match &section.headers_env {
            None => HeaderMap::new(),
            Some(name) => {
                let text = secrets.secret(&KeySource::Env(name.clone()));
                read_headers(name, text.as_ref().map(ExposeSecret::expose_secret))?
            }
        };
        let (queue, waiting) = mpsc::channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let sending = Sending {
            waiting,
            dropped: dropped.clone(),
            client,
            endpoint: endpoint.clone(),
            headers,
            gateway_id: gateway_id.to_owned(),
            is_failing: AtomicBool::new(false),
        };
        Ok(Some((Exporter { queue, dropped }, sending)))
    }
}

impl RequestObserver for Exporter {
    fn finished(&self, row: &RequestRow, trace: &[TraceStep]) {
        // A queue that is full is not waited for, nor are spans made for it.
        let Ok(place) = self.queue.try_reserve() else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let parent = parent_of(trace);
        let spans = spans_of(row, trace);
        place.send(encode(&row.id, row.started_ms, parent.as_ref(), &spans));
    }
}

impl Sending {
    /// Sends until told to stop, and then what still waits.
    pub(crate) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            tokio::select! {
                taken = self.waiting.recv_many(&mut batch, 1) => {
                    if taken == 0 {
                        return;
                    }
                }
                _ = stopping.wait_for(|stop| *stop) => break,
            }
            let more = self.waiting.recv_many(&mut batch, BATCH - 1);
            // The first went in; a quiet moment is no reason to let it wait longer.
            let _ = tokio::time::timeout(WAIT, more).await;
            self.send(batch).await;
        }
        self.waiting.close();
        let mut rest = Vec::new();
        while let Ok(spans) = self.waiting.try_recv() {
            rest.push(spans);
        }
        if !rest.is_empty() {
            self.send(rest).await;
        }
    }

    /// One try: traces are worth no queue on the disk. The log says when it begins to fail and when it works again.
    async fn send(&self, batch: Vec<Vec<Value>>) {
        let requests = batch.len() as u64;
        let body = body(&self.gateway_id, batch.into_iter().flatten().collect());
        let sent = self
            .client
            .post(&self.endpoint)
            .timeout(TIMEOUT)
            .headers(self.headers.clone())
            .json(&body)
            .send()
            .await;
        let problem = match sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answered {}", answer.status().as_u16())),
            // The address may hold a secret.
            Err(problem) => Some(problem.without_url().to_string()),
        };
        let was_failing = self.is_failing.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) => {
                self.dropped.fetch_add(requests, Ordering::Relaxed);
                if !was_failing {
                    tracing::warn!(%problem, "traces cannot be sent and are dropped; calls are not affected");
                }
            }
            None if was_failing => {
                let dropped = self.dropped.load(Ordering::Relaxed);
                tracing::info!(dropped, "traces can be sent again");
            }
            None => {}
        }
    }
}

/// `name=value,name=value`, as OpenTelemetry's own variable has it.
fn read_headers(variable: &str, text: Option<&str>) -> Result<HeaderMap, ConfigError> {
    let wrong = |what: &str| ConfigError::Invalid(format!("traces.headers_env: {variable} {what}"));
    let text = text.ok_or_else(|| wrong("is not set"))?;
    let mut headers = HeaderMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong("must be written name=value,name=value"))?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| wrong("has a header that is no name"))?;
        let mut value =
            HeaderValue::try_from(value.trim()).map_err(|_| wrong("has a value that cannot be sent"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}
