//! One measurement: as many callers as wanted, each asking again as soon as it has its answer.

use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new question each time, answered whole.
    Miss,
    /// The same question each time.
    Hit,
    /// A new question each time, answered as a stream and read to its end.
    Stream,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Miss, Kind::Hit, Kind::Stream];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Miss => "miss",
            Kind::Hit => "exact hit",
            Kind::Stream => "stream",
        }
    }
}

/// Who is asked.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) model: &'static str,
}

/// About 400 words, so that a prompt is as long as prompts are.
const FILLER: &str = "The quick brown fox jumps over the lazy dog while the rain falls on the old town. ";

static QUESTIONS: AtomicU64 = AtomicU64::new(0);

fn body_of(kind: Kind, model: &str) -> String {
    let number = if kind == Kind::Hit {
        0
    } else {
        QUESTIONS.fetch_add(1, Ordering::Relaxed) + 1
    };
    let prompt = format!(
        "{}\nQuestion {} {number}: what does the fox do, and why?",
        FILLER.repeat(25),
        kind.name()
    );
    // The answer repeats the last user message; a short one after the long prompt keeps answers as short as usual ones.
    json!({"model": model, "stream": kind == Kind::Stream, "max_tokens": 200, "messages": [
        {"role": "system", "content": prompt},
        {"role": "user", "content": "Name the animals and say in one sentence of twenty words what each of them does in this short story."}]})
    .to_string()
}

async fn ask(client: &reqwest::Client, target: &Target, kind: Kind) -> Duration {
    let body = body_of(kind, target.model);
    let started = Instant::now();
    let request = client
        .post(&target.url)
        .bearer_auth(&target.key)
        .header("content-type", "application/json")
        .body(body);
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let bytes = response.bytes().await.expect("the whole answer");
    let took = started.elapsed();
    assert!(
        status.is_success(),
        "{status}: {}",
        String::from_utf8_lossy(&bytes)
    );
    took
}

/// Asks for this long and gives the time of every call, sorted.
pub(crate) async fn measure(
    target: &Target,
    kind: Kind,
    concurrency: usize,
    how_long: Duration,
) -> Vec<Duration> {
    let client = Arc::new(support::http_client());
    let target = Arc::new(Target {
        url: target.url.clone(),
        key: target.key.clone(),
        model: target.model,
    });
    // Connections and the hit's entry are there before the measuring starts.
    ask(&client, &target, kind).await;
    let until = Instant::now() + how_long;
    let mut callers = JoinSet::new();
    for _ in 0..concurrency {
        let (client, target) = (client.clone(), target.clone());
        callers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                times.push(ask(&client, &target, kind).await);
            }
            times
        });
    }
    let mut times: Vec<Duration> = callers.join_all().await.into_iter().flatten().collect();
    times.sort_unstable();
    times
}
