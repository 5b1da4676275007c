//! HTTP/1.1 by hand: one request in, heads and chunks out, so that every byte can be held back or cut.

use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The provider's clock stands still; dates in `Retry-After` are measured against it.
const TODAY: &str = "Sat, 21 Nov 2026 06:00:00 GMT";

pub(super) struct Request {
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    let head_end = loop {
        // Someone speaks TLS to a server that does not: such servers answer in plain text and hang up.
        if buffer.first() == Some(&0x16) {
            write_head(stream, 400, "text/plain", "", Some(0)).await?;
            return Ok(None);
        }
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

pub(super) async fn write_head(
    stream: &mut TcpStream,
    status: u16,
    kind: &str,
    extra: &str,
    length: Option<usize>,
) -> io::Result<()> {
    let kind = if kind.is_empty() {
        String::new()
    } else {
        format!("content-type: {kind}\r\n")
    };
    let length = length
        .map(|length| format!("content-length: {length}\r\n"))
        .unwrap_or_default();
    let head = format!("HTTP/1.1 {status} Said\r\ndate: {TODAY}\r\n{kind}{length}{extra}\r\n");
    stream.write_all(head.as_bytes()).await
}

pub(super) async fn write_chunk(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    stream.write_all(&chunk).await
}

/// Says nothing until the other side hangs up, or two minutes have passed.
pub(super) async fn wait_for_goodbye(stream: &mut TcpStream) {
    let mut rest = [0; 1024];
    let goodbye = async { while !matches!(stream.read(&mut rest).await, Ok(0) | Err(_)) {} };
    let _ = tokio::time::timeout(Duration::from_secs(120), goodbye).await;
}
