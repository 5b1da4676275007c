//! One connection of the fake provider: HTTP/1.1 by hand, request after request, with every way to break off.

use super::{Behaviour, Fault, Seen, State, anthropic, gemini, openai, script};
use serde_json::Value;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The protocol of a path.
#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    Openai,
    Anthropic,
    Gemini,
}

/// A whole answer, or the events of a stream.
enum Answer {
    Whole(Value),
    Events(Vec<String>),
}

/// The provider's clock stands still; dates in `Retry-After` are measured against it.
pub(crate) const TODAY: &str = "Sat, 21 Nov 2026 06:00:00 GMT";

static ANSWERS: AtomicUsize = AtomicUsize::new(1);

/// Serves until either side has had enough.
pub(crate) async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = read_request(&mut stream, &mut buffer).await {
        if !matches!(answer(&mut stream, &state, request).await, Ok(true)) {
            return;
        }
    }
}

struct Request {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.lines();
    let path = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default()
        .to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    while buffer.len() < head_end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer[head_end..head_end + length].to_vec();
    buffer.drain(..head_end + length);
    Ok(Some(Request { path, headers, body }))
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
    let (behaviour, fault) = state.arrived(seen);
    if !behaviour.latency.is_zero() {
        tokio::time::sleep(behaviour.latency).await;
    }
    if let Some(fault) = &fault
        && let Some(goes_on) = fail_early(stream, dialect, fault).await?
    {
        return Ok(goes_on);
    }
    match make_answer(dialect, &path, &body, &model, streamed, &behaviour) {
        Answer::Whole(value) => write_whole(stream, &value.to_string(), fault.as_ref()).await,
        Answer::Events(events) => {
            write_events(stream, state, dialect, events, &behaviour, fault.as_ref()).await
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
    let content = script::answer(&asked, &behaviour.reply);
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

/// Failures that need no answer to be made; none when the fault comes later.
async fn fail_early(stream: &mut TcpStream, dialect: Dialect, fault: &Fault) -> io::Result<Option<bool>> {
    match fault {
        Fault::Status { status, retry_after } => {
            let body = match dialect {
                Dialect::Openai => openai::error(*status),
                Dialect::Anthropic => anthropic::error(*status),
                Dialect::Gemini => gemini::error(*status),
            };
            let extra = retry_after
                .as_ref()
                .map(|value| format!("retry-after: {value}\r\n"))
                .unwrap_or_default();
            write_head(
                stream,
                *status,
                "application/json",
                &extra,
                Some(body.to_string().len()),
            )
            .await?;
            stream.write_all(body.to_string().as_bytes()).await?;
            Ok(Some(true))
        }
        Fault::Body { status, body } => {
            write_head(stream, *status, "application/json", "", Some(body.len())).await?;
            stream.write_all(body.as_bytes()).await?;
            Ok(Some(true))
        }
        Fault::Html => {
            let page = "<html><body><h1>It works!</h1></body></html>";
            write_head(stream, 200, "text/html", "", Some(page.len())).await?;
            stream.write_all(page.as_bytes()).await?;
            Ok(Some(true))
        }
        Fault::Reset => {
            stream.set_zero_linger()?;
            Ok(Some(false))
        }
        Fault::Silent => {
            wait_for_goodbye(stream).await;
            Ok(Some(false))
        }
        _ => Ok(None),
    }
}

async fn write_whole(stream: &mut TcpStream, text: &str, fault: Option<&Fault>) -> io::Result<bool> {
    let bytes = text.as_bytes();
    if matches!(fault, Some(Fault::HalfJson)) {
        let half = &bytes[..bytes.len() / 2];
        write_head(stream, 200, "application/json", "", Some(half.len())).await?;
        stream.write_all(half).await?;
        return Ok(true);
    }
    write_head(stream, 200, "application/json", "", Some(bytes.len())).await?;
    match fault {
        Some(Fault::CutAfter(most)) => {
            stream.write_all(&bytes[..bytes.len().min(*most)]).await?;
            stream.shutdown().await?;
            Ok(false)
        }
        Some(Fault::StallAfter(most)) => {
            stream.write_all(&bytes[..bytes.len().min(*most)]).await?;
            wait_for_goodbye(stream).await;
            Ok(false)
        }
        Some(Fault::ByteByByte(pause)) => {
            for byte in bytes {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(*pause).await;
            }
            Ok(true)
        }
        _ => stream.write_all(bytes).await.map(|()| true),
    }
}

async fn write_events(
    stream: &mut TcpStream,
    state: &State,
    dialect: Dialect,
    mut events: Vec<String>,
    behaviour: &Behaviour,
    fault: Option<&Fault>,
) -> io::Result<bool> {
    match fault {
        Some(Fault::NoTerminal) => {
            events.pop();
        }
        Some(Fault::ErrorEvent) => {
            events.truncate(events.len() / 2);
            events.push(match dialect {
                Dialect::Openai => openai::error_event(),
                Dialect::Anthropic => anthropic::error_event(),
                Dialect::Gemini => gemini::error_event(),
            });
        }
        _ => {}
    }
    write_head(
        stream,
        200,
        "text/event-stream",
        "transfer-encoding: chunked\r\n",
        None,
    )
    .await?;
    let mut left = match fault {
        Some(Fault::CutAfter(most) | Fault::StallAfter(most)) => Some(*most),
        _ => None,
    };
    for (index, event) in events.iter().enumerate() {
        if index == 2 {
            state.pass_hold().await;
        }
        let bytes = event.as_bytes();
        let now = left.map_or(bytes.len(), |left| left.min(bytes.len()));
        match fault {
            Some(Fault::ByteByByte(pause)) => {
                for byte in bytes {
                    write_chunk(stream, &[*byte]).await?;
                    tokio::time::sleep(*pause).await;
                }
            }
            _ => write_chunk(stream, &bytes[..now]).await?,
        }
        state.wrote_event();
        if let Some(left) = &mut left {
            *left -= now;
            if *left == 0 {
                if matches!(fault, Some(Fault::StallAfter(_))) {
                    wait_for_goodbye(stream).await;
                }
                stream.shutdown().await?;
                return Ok(false);
            }
        }
        if !behaviour.event_pause.is_zero() {
            tokio::time::sleep(behaviour.event_pause).await;
        }
    }
    stream.write_all(b"0\r\n\r\n").await?;
    state.finished_stream();
    Ok(true)
}

async fn write_head(
    stream: &mut TcpStream,
    status: u16,
    kind: &str,
    extra: &str,
    length: Option<usize>,
) -> io::Result<()> {
    let length = length
        .map(|length| format!("content-length: {length}\r\n"))
        .unwrap_or_default();
    let head =
        format!("HTTP/1.1 {status} Said\r\ndate: {TODAY}\r\ncontent-type: {kind}\r\n{length}{extra}\r\n");
    stream.write_all(head.as_bytes()).await
}

async fn write_chunk(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    stream.write_all(&chunk).await
}

/// Says nothing until the other side hangs up, or two minutes have passed.
async fn wait_for_goodbye(stream: &mut TcpStream) {
    let mut rest = [0; 1024];
    let goodbye = async { while !matches!(stream.read(&mut rest).await, Ok(0) | Err(_)) {} };
    let _ = tokio::time::timeout(Duration::from_secs(120), goodbye).await;
}
