//! How an answer leaves the fake provider: whole, as events, or broken in the way that was asked for.

use super::{
    Behaviour, Fault, State, anthropic,
    connection::Dialect,
    gemini, openai,
    wire::{wait_for_goodbye, write_chunk, write_head},
};
use std::io;
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Failures that need no answer to be made; none when the fault comes later.
pub(super) async fn fail_early(
    stream: &mut TcpStream,
    dialect: Dialect,
    fault: &Fault,
) -> io::Result<Option<bool>> {
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

pub(super) async fn write_whole(
    stream: &mut TcpStream,
    text: &str,
    fault: Option<&Fault>,
) -> io::Result<bool> {
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

pub(super) async fn write_events(
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
