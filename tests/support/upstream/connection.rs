//! One connection of the fake provider: request after request, each answered in its own dialect.

use super::{
    Behaviour, Fault, Seen, State, anthropic,
    deliver::{Streamed, write_events, write_whole},
    early::fail_early,
    gemini, openai, script,
    wire::{Request, read_request},
};
use serde_json::Value;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::net::TcpStream;

/// The protocol of a path.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Dialect {
    Openai,
    Anthropic,
    Gemini,
}

/// A whole answer, or the events of a stream.
enum Answer {
    Whole(Value),
    Events(Vec<String>),
}

/// Of seven digits from the start, so that every answer to the same call has the same length.
static ANSWERS: AtomicUsize = AtomicUsize::new(1_000_000);

/// Serves until either side has had enough, or the provider goes down.
pub(crate) async fn serve(mut stream: TcpStream, state: Arc<State>) {
    if state.resets_at_accept() {
        let _ = stream.set_zero_linger();
        return;
    }
    let gone = tokio::select! {
        () = serve_on(&mut stream, &state) => false,
        () = state.gone_down() => true,
    };
    if gone {
        let _ = stream.set_zero_linger();
    }
}

async fn serve_on(stream: &mut TcpStream, state: &State) {
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = read_request(stream, &mut buffer).await {
        if !matches!(answer(stream, state, request).await, Ok(true)) {
            return;
        }
    }
}

/// Answers one request; true when the connection may carry another.
async fn answer(stream: &mut TcpStream, state: &State, request: Request) -> io::Result<bool> {
    let path = request.path.split('?').next().unwrap_or_default().to_owned();
    let dialect = match path.as_str() {
        path if path.contains("/v1beta") => Dialect::Gemini,
        path if path.ends_with("/messages")
            || request
                .headers
                .iter()
                .any(|(name, _)| name == "anthropic-version") =>
        {
            Dialect::Anthropic
        }
        _ => Dialect::Openai,
    };
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let (model, method) = match dialect {
        Dialect::Gemini => {
            let last = path.rsplit('/').next().unwrap_or_default();
            let (model, method) = last.split_once(':').unwrap_or((last, ""));
            (model.to_owned(), method.to_owned())
        }
        _ => (
            body["model"].as_str().unwrap_or_default().to_owned(),
            String::new(),
        ),
    };
    let streamed = body["stream"] == true || method == "streamGenerateContent";
    let paid = !path.ends_with("/models");
    let seen = Seen {
        path: path.clone(),
        headers: request.headers,
        body: body.clone(),
        model: model.clone(),
        stream: streamed,
        paid,
    };
    let (mut behaviour, fault) = state.arrived(seen);
    match fault {
        Some(Fault::NoUsage) => behaviour.tokens.reported = false,
        // What the start of a stream says still looks right.
        Some(Fault::NegativeUsage) => behaviour.tokens.output = -1_000,
        _ => {}
    }
    if !behaviour.latency.is_zero() {
        tokio::time::sleep(behaviour.latency).await;
    }
    if let Some(fault) = &fault
        && let Some(goes_on) = fail_early(stream, dialect, fault).await?
    {
        return Ok(goes_on);
    }
    match make_answer(dialect, &path, &body, &model, streamed, &behaviour) {
        Answer::Whole(_) if matches!(fault, Some(Fault::ErrorInside)) => {
            let error = match dialect {
                Dialect::Openai => openai::error(503),
                Dialect::Anthropic => anthropic::error(503),
                Dialect::Gemini => gemini::error(503),
            };
            write_whole(stream, &error.to_string(), None).await
        }
        Answer::Whole(value) => write_whole(stream, &value.to_string(), fault.as_ref()).await,
        Answer::Events(events) => {
            let streamed = Streamed {
                dialect,
                model: &model,
                events,
                behaviour: &behaviour,
                fault: fault.as_ref(),
            };
            write_events(stream, state, streamed).await
        }
    }
}

fn make_answer(
    dialect: Dialect,
    path: &str,
    body: &Value,
    model: &str,
    streamed: bool,
    behaviour: &Behaviour,
) -> Answer {
    let number = ANSWERS.fetch_add(1, Ordering::Relaxed);
    let tokens = &behaviour.tokens;
    if path.ends_with("/models") {
        return Answer::Whole(match dialect {
            Dialect::Openai => openai::models(),
            Dialect::Anthropic => anthropic::models(),
            Dialect::Gemini => gemini::models(),
        });
    }
    if path.ends_with("/embeddings") {
        return Answer::Whole(openai::embeddings(body, model, tokens));
    }
    if path.ends_with(":batchEmbedContents") {
        return Answer::Whole(gemini::embeddings(body, tokens));
    }
    let asked = match dialect {
        Dialect::Openai => openai::asked(body),
        Dialect::Anthropic => anthropic::asked(body),
        Dialect::Gemini => gemini::asked(body),
    };
    let reply = behaviour.reply_of.get(model).unwrap_or(&behaviour.reply);
    let content = script::answer(&asked, reply);
    let with_usage = body["stream_options"]["include_usage"] == true;
    match (dialect, streamed) {
        (Dialect::Openai, false) => Answer::Whole(openai::whole(number, model, &content, tokens)),
        (Dialect::Openai, true) => {
            Answer::Events(openai::events(number, model, &content, tokens, with_usage))
        }
        (Dialect::Anthropic, false) => Answer::Whole(anthropic::whole(number, model, &content, tokens)),
        (Dialect::Anthropic, true) => Answer::Events(anthropic::events(number, model, &content, tokens)),
        (Dialect::Gemini, false) => Answer::Whole(gemini::whole(number, model, &content, tokens)),
        (Dialect::Gemini, true) => Answer::Events(gemini::events(number, model, &content, tokens)),
    }
}
