//! How an answer leaves the fake provider: whole, as events, or broken in the way that was asked for.

use super::{
    Behaviour, Fault, State,
    connection::Dialect,
    spoil,
    wire::{wait_for_goodbye, write_chunk, write_head},
};
use std::{io, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream};

const EVENTS: &str = "text/event-stream";

pub(super) async fn write_whole(
    stream: &mut TcpStream,
    text: &str,
    fault: Option<&Fault>,
) -> io::Result<bool> {
    let bytes = spoil::body(text, fault);
    write_plain(stream, "application/json", &bytes, fault).await
}

/// A body in one piece, of a length told beforehand.
async fn write_plain(
    stream: &mut TcpStream,
    kind: &str,
    bytes: &[u8],
    fault: Option<&Fault>,
) -> io::Result<bool> {
    let length = match fault {
        Some(Fault::LongLength) => Some(bytes.len() + 1_000),
        Some(Fault::ShortLength) => Some(bytes.len() / 2),
        Some(Fault::Http10) => None,
        _ => Some(bytes.len()),
    };
    write_head_of(stream, kind, "", length, fault).await?;
    match fault {
        Some(Fault::CutAfter(most)) => {
            stream.write_all(&bytes[..bytes.len().min(*most)]).await?;
            stream.shutdown().await?;
            Ok(false)
        }
        Some(Fault::ResetAfter(most)) => {
            stream.write_all(&bytes[..bytes.len().min(*most)]).await?;
            reset(stream).await
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
        Some(Fault::LongLength | Fault::ShortLength | Fault::Http10) => {
            stream.write_all(bytes).await?;
            stream.shutdown().await?;
            Ok(false)
        }
        _ => stream.write_all(bytes).await.map(|()| true),
    }
}

/// The head of a good answer, as far as the fault leaves it good.
async fn write_head_of(
    stream: &mut TcpStream,
    kind: &str,
    extra: &str,
    length: Option<usize>,
    fault: Option<&Fault>,
) -> io::Result<()> {
    let kind = match fault {
        Some(Fault::ContentType(other)) => other,
        _ => kind,
    };
    match fault {
        Some(Fault::SlowHead(pause)) => {
            for byte in b"HTTP/1.1 200 Slow\r\nx-slow: yes\r\n" {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(*pause).await;
            }
            let rest = format!("content-type: {kind}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(rest.as_bytes()).await
        }
        Some(Fault::Http10) => {
            let head = format!("HTTP/1.0 200 OK\r\ncontent-type: {kind}\r\n\r\n");
            stream.write_all(head.as_bytes()).await
        }
        Some(Fault::Interim) => {
            let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
            stream.write_all(interim.as_bytes()).await?;
            write_head(stream, 200, kind, extra, length).await
        }
        Some(Fault::Gzip | Fault::GzipBomb) => {
            let extra = format!("{extra}content-encoding: gzip\r\n");
            write_head(stream, 200, kind, &extra, length).await
        }
        _ => write_head(stream, 200, kind, extra, length).await,
    }
}

/// Resets the connection once the other side has had the time to read what came before.
async fn reset(stream: &mut TcpStream) -> io::Result<bool> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.set_zero_linger()?;
    Ok(false)
}

/// What happens once so many bytes of a stream have gone out.
enum Break {
    Cut,
    Stall,
    Reset,
}

fn break_of(fault: Option<&Fault>, model: &str) -> Option<(usize, Break)> {
    match fault? {
        Fault::CutAfter(most) => Some((*most, Break::Cut)),
        Fault::StallAfter(most) => Some((*most, Break::Stall)),
        Fault::ResetAfter(most) => Some((*most, Break::Reset)),
        Fault::CutAsNamed => {
            let most = model.rsplit('-').next()?.parse().ok()?;
            Some((most, Break::Cut))
        }
        _ => None,
    }
}

/// The events of one stream, and how they are to leave.
pub(super) struct Streamed<'a> {
    pub(super) dialect: Dialect,
    pub(super) model: &'a str,
    pub(super) events: Vec<String>,
    pub(super) behaviour: &'a Behaviour,
    pub(super) fault: Option<&'a Fault>,
}

pub(super) async fn write_events(
    stream: &mut TcpStream,
    state: &State,
    streamed: Streamed<'_>,
) -> io::Result<bool> {
    let Streamed {
        dialect,
        model,
        events,
        behaviour,
        fault,
    } = streamed;
    let events = spoil::events(events, dialect, fault);
    state.streams(events.iter().map(Vec::len).sum());
    if let Some(bytes) = spoil::joined(&events, fault) {
        return write_plain(stream, EVENTS, &bytes, fault).await;
    }
    write_head_of(stream, EVENTS, "transfer-encoding: chunked\r\n", None, fault).await?;
    let mut left = break_of(fault, model);
    for (index, bytes) in events.iter().enumerate() {
        if index == 2 {
            state.pass_hold().await;
        }
        let now = left
            .as_ref()
            .map_or(bytes.len(), |(left, _)| bytes.len().min(*left));
        if let Some(Fault::ByteByByte(pause)) = fault {
            for byte in bytes {
                write_chunk(stream, &[*byte]).await?;
                tokio::time::sleep(*pause).await;
            }
        } else {
            write_chunk(stream, &bytes[..now]).await?;
        }
        state.wrote_event();
        if let Some((left, how)) = &mut left {
            *left -= now;
            if *left == 0 {
                return match how {
                    Break::Reset => reset(stream).await,
                    Break::Cut => stream.shutdown().await.map(|()| false),
                    Break::Stall => {
                        wait_for_goodbye(stream).await;
                        Ok(false)
                    }
                };
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
