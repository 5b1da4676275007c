//! The real adapters against a small TCP server that answers as told: every client protocol to every provider, and the faults.
#![allow(clippy::unwrap_used)]

mod faults;
mod matrix;
mod recorded;

use super::{test_call::call_of, *};
use crate::{
    protocol::{AnswerCollector, StreamEncoder, decode_answer, encode_answer},
    request::{Finish, Part},
};
use futures::StreamExt;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use weir_contract::model::catalog::{ProviderConfig, ProviderProtocol};

pub(crate) struct OneKey;

impl SecretSource for OneKey {
    fn secret(&self, source: &KeySource) -> Option<SecretString> {
        matches!(source, KeySource::Env(name) if name == "THE_KEY").then(|| "sk-very-secret".into())
    }
}

/// Answers one call with `reply` and closes; gives the request's head and body.
async fn fake(reply: Vec<u8>) -> (String, JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        let (head, body) = loop {
            let mut buffer = [0; 4096];
            let n = socket.read(&mut buffer).await.unwrap();
            assert!(n > 0, "the client left");
            seen.extend_from_slice(&buffer[..n]);
            let text = String::from_utf8_lossy(&seen).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        };
        socket.write_all(&reply).await.unwrap();
        socket.shutdown().await.unwrap();
        (head, serde_json::from_str(&body).unwrap_or(Value::Null))
    });
    (format!("http://{address}/v1"), served)
}

fn http(status: &str, kind: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

fn provider(protocol: ProviderProtocol, base_url: &str, key: &str) -> Arc<dyn Provider> {
    let config = ProviderConfig {
        name: "p".into(),
        protocol,
        base_url: base_url.into(),
        key: KeySource::Env(key.into()),
    };
    build(&config, http_client().unwrap(), Arc::new(OneKey)).unwrap()
}

const PROVIDERS: [ProviderProtocol; 3] = [
    ProviderProtocol::Openai,
    ProviderProtocol::Anthropic,
    ProviderProtocol::Gemini,
];
const CLIENTS: [ClientProtocol; 2] = [ClientProtocol::ChatCompletions, ClientProtocol::Messages];

/// What came of a call: the raw bytes if passed through, the neutral answer.
async fn outcome(answer: UpstreamAnswer) -> Result<(Vec<u8>, Answer), UpstreamError> {
    match answer {
        UpstreamAnswer::Whole(whole) => Ok((whole.raw.unwrap_or_default().to_vec(), whole.answer)),
        UpstreamAnswer::Stream(mut stream) => {
            let (mut raw, mut collector) = (Vec::new(), AnswerCollector::default());
            while let Some(piece) = stream.next().await {
                let piece = piece?;
                raw.extend_from_slice(&piece.raw.unwrap_or_default());
                piece.deltas.iter().for_each(|delta| collector.push(delta));
                if piece.done {
                    assert!(stream.next().await.is_none());
                    return Ok((raw, collector.finish().unwrap()));
                }
            }
            panic!("a stream ended with neither done nor error");
        }
    }
}
