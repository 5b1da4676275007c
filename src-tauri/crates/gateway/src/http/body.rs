//! Reading a request's body: bounded in size and in patience, and read to its end even when it is refused.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use futures::{Stream, StreamExt};
use std::time::Duration;
use tokio::time::timeout;

/// A client that sends nothing for so long holds a connection for nothing.
const BETWEEN_PIECES: Duration = Duration::from_secs(30);
/// How long, and how much of, a refused body is read on.
const READ_ON: Duration = Duration::from_secs(10);
const READ_ON_BYTES: usize = 256 * 1024 * 1024;

/// Why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    /// It broke off or stopped coming.
    NotWhole,
}

/// The whole body, if it is at most `most_bytes` long.
pub(super) async fn read(headers: &HeaderMap, body: Body, most_bytes: usize) -> Result<Bytes, BodyError> {
    let mut pieces = body.into_data_stream();
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most_bytes as u64) {
        read_on(headers, &mut pieces).await;
        return Err(BodyError::TooLarge);
    }
    let mut whole: Vec<u8> = Vec::new();
    loop {
        match timeout(BETWEEN_PIECES, pieces.next()).await {
            Ok(None) => return Ok(Bytes::from(whole)),
            Ok(Some(Ok(piece))) if whole.len() + piece.len() > most_bytes => {
                drop(whole);
                read_on(headers, &mut pieces).await;
                return Err(BodyError::TooLarge);
            }
            Ok(Some(Ok(piece))) => whole.extend_from_slice(&piece),
            Ok(Some(Err(_))) | Err(_) => return Err(BodyError::NotWhole),
        }
    }
}

/// Reads a body that nobody wants. A client that is still sending when the connection closes sees a reset connection
/// instead of the answer that says why.
pub(super) async fn pass_over(headers: &HeaderMap, body: Body) {
    read_on(headers, &mut body.into_data_stream()).await;
}

async fn read_on<E>(headers: &HeaderMap, pieces: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) {
    if headers.contains_key(header::EXPECT) {
        // This client waits for leave to send its body, and never gets it.
        return;
    }
    let reading = async {
        let mut left = READ_ON_BYTES;
        while let Some(Ok(piece)) = pieces.next().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(READ_ON, reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_of_the_limit_passes_and_one_byte_more_does_not() {
        let none = HeaderMap::new();
        assert_eq!(
            read(&none, Body::from("12345"), 5).await,
            Ok(Bytes::from("12345"))
        );
        assert_eq!(
            read(&none, Body::from("123456"), 5).await,
            Err(BodyError::TooLarge)
        );
    }

    #[tokio::test]
    async fn a_refused_body_is_read_to_its_end() {
        let read_pieces = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = read_pieces.clone();
        let pieces = futures::stream::iter(0..8).map(move |_| {
            seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(b"1234"))
        });
        let outcome = read(&HeaderMap::new(), Body::from_stream(pieces), 5).await;
        assert_eq!(outcome, Err(BodyError::TooLarge));
        assert_eq!(read_pieces.load(std::sync::atomic::Ordering::SeqCst), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_given_up() {
        let silent = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), silent, 5).await, Err(BodyError::NotWhole));
    }
}
