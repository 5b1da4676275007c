//! The built-in provider: no key, no network, play money. Its answers depend on the request alone, its latency and faults on the
//! `x-weir-simulate` header; see [`directive`].

pub mod compose;
pub mod directive;
pub mod schema_sample;
pub mod vectors;

use super::{
    Provider, StreamPiece, UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamErrorKind, WholeAnswer,
    failure::failure,
};
use crate::{
    protocol::{self, embeddings, replay},
    request::{Answer, ClientProtocol, Delta, Finish, Part},
};
use async_trait::async_trait;
use directive::{Directives, Fault};
use futures::stream::{self, StreamExt};
use std::{collections::HashMap, sync::Mutex, time::Duration};
use tokio::time::sleep;

/// The models it offers, from the cheapest to the dearest.
pub const MODELS: [&str; 4] = ["sim-nano", "sim-mini", "sim-standard", "sim-large"];
/// The name of its embedding model; the others embed too.
pub const EMBEDDING_MODEL: &str = "sim-embed";
/// How many different requests `times` is remembered for.
const MOST_COUNTED: usize = 4096;

/// The adapter. It counts how often a fault with `times` was given, and remembers nothing else.
#[derive(Debug, Default)]
pub struct Simulated {
    given: Mutex<HashMap<u64, u32>>,
}

impl Simulated {
    /// The fault to give now: none when it was given `times` times to this very request.
    fn fault(&self, directives: &Directives, seed: u64) -> Option<Fault> {
        let fault = directives.fault?;
        let Some(times) = directives.times else {
            return Some(fault);
        };
        let mut given = self
            .given
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if given.len() >= MOST_COUNTED {
            given.clear();
        }
        let count = given.entry(seed).or_default();
        *count += 1;
        (*count <= times).then_some(fault)
    }
}

#[async_trait]
impl Provider for Simulated {
    /// Chats are answered in neutral form, so that every client protocol is treated alike.
    fn speaks(&self, protocol: ClientProtocol) -> bool {
        protocol == ClientProtocol::Embeddings
    }

    async fn call(&self, call: UpstreamCall) -> Result<UpstreamAnswer, UpstreamError> {
        let directives = Directives::parse(call.simulate.as_deref().unwrap_or_default())
            .map_err(|what| failure(UpstreamErrorKind::BadRequest, what))?;
        if !MODELS.contains(&call.model.as_str()) && call.model != EMBEDDING_MODEL {
            let message = format!(
                "the simulated provider has no model `{}`; it has {}",
                call.model,
                MODELS.join(", ")
            );
            return Err(failure(UpstreamErrorKind::NotSupported, message));
        }
        let seed = compose::seed(&call);
        let fault = self.fault(&directives, seed);
        if let Some(error) = refuse_to_answer(&call, &directives, fault).await {
            return Err(error);
        }
        if call.protocol == ClientProtocol::Embeddings {
            return embed(&call, &directives).await;
        }
        let answer = compose::answer(&call, &directives, fault, seed);
        let tokens = answer.usage.map_or(0, |usage| usage.output_total());
        let pace = directives.pace(&call.model, u64::try_from(tokens).unwrap_or(0));
        if call.stream {
            return Ok(stream_of(
                &answer,
                pace,
                fault,
                directives.cut_after,
                call.idle_timeout,
            ));
        }
        let whole = pace.first_byte + pace.rest;
        if whole > call.first_byte_timeout {
            sleep(call.first_byte_timeout).await;
            return Err(failure(
                UpstreamErrorKind::Timeout,
                "the simulated provider did not answer in time",
            ));
        }
        sleep(whole).await;
        if directives.cut_after.is_some() {
            return Err(failure(
                UpstreamErrorKind::Truncated,
                "the simulated provider broke off its answer",
            ));
        }
        Ok(UpstreamAnswer::Whole(WholeAnswer { raw: None, answer }))
    }

    async fn models(&self) -> Result<Vec<String>, UpstreamError> {
        Ok(MODELS
            .into_iter()
            .chain([EMBEDDING_MODEL])
            .map(str::to_owned)
            .collect())
    }
}

/// Faults that come instead of an answer.
async fn refuse_to_answer(
    call: &UpstreamCall,
    directives: &Directives,
    fault: Option<Fault>,
) -> Option<UpstreamError> {
    let first_byte = directives.pace(&call.model, 0).first_byte;
    let (kind, status, wait, message) = match fault? {
        Fault::Status(status) => {
            let body = bytes::Bytes::from_static(b"{\"error\":{\"message\":\"a simulated fault\"}}");
            sleep(first_byte).await;
            let retry_after_ms = directives
                .retry_after_s
                .map(|seconds| seconds.saturating_mul(1000));
            return Some(super::failure::from_status(
                "simulated",
                status,
                &body,
                retry_after_ms,
                None,
                false,
            ));
        }
        Fault::Timeout => (
            UpstreamErrorKind::Timeout,
            None,
            call.first_byte_timeout,
            "did not begin to answer in time",
        ),
        Fault::Reset => (
            UpstreamErrorKind::Connection,
            None,
            first_byte,
            "closed the connection without an answer",
        ),
        Fault::Malformed => (
            UpstreamErrorKind::Malformed,
            None,
            first_byte,
            "sent what is not JSON",
        ),
        Fault::Stall if !call.stream => (
            UpstreamErrorKind::Timeout,
            None,
            call.first_byte_timeout,
            "did not finish its answer in time",
        ),
        Fault::Stall | Fault::Empty | Fault::Refuse | Fault::Tool | Fault::NoUsage => return None,
    };
    sleep(wait).await;
    Some(UpstreamError {
        status,
        ..failure(kind, format!("the simulated provider {message}"))
    })
}

async fn embed(call: &UpstreamCall, directives: &Directives) -> Result<UpstreamAnswer, UpstreamError> {
    let wanted = embeddings::parse(&call.body)
        .map_err(|error| failure(UpstreamErrorKind::BadRequest, error.message))?;
    sleep(directives.pace(&call.model, 0).first_byte).await;
    let dimensions = wanted
        .dimensions
        .map_or(vectors::DIMENSIONS, |wanted| wanted as usize);
    if dimensions > vectors::DIMENSIONS {
        let message = format!(
            "`dimensions` must be from 1 to {} for the simulated provider",
            vectors::DIMENSIONS
        );
        return Err(failure(UpstreamErrorKind::BadRequest, message));
    }
    let vectors: Vec<Vec<f32>> = wanted
        .inputs
        .iter()
        .map(|text| vectors::embed(text, dimensions))
        .collect();
    let usage = compose::input_usage(wanted.inputs.iter().map(String::len).sum());
    let body = embeddings::encode(&call.model, &vectors, wanted.base64, Some(&usage));
    let answer = protocol::decode_answer(ClientProtocol::Embeddings, &body)
        .map_err(|what| failure(UpstreamErrorKind::Malformed, what))?;
    Ok(UpstreamAnswer::Whole(WholeAnswer {
        raw: Some(body.to_string().into()),
        answer,
    }))
}

/// The answer in pieces of about a token, at the pace asked for.
fn stream_of(
    answer: &Answer,
    pace: directive::Pace,
    fault: Option<Fault>,
    cut_after: Option<u32>,
    idle_timeout: Duration,
) -> UpstreamAnswer {
    let deltas: Vec<Delta> = replay(answer).into_iter().flat_map(small).collect();
    let steps = u32::try_from(deltas.len().saturating_sub(1))
        .unwrap_or(u32::MAX)
        .max(1);
    let gap = pace.rest / steps;
    let stall_after = (fault == Some(Fault::Stall)).then_some(cut_after.unwrap_or(3));
    let last = deltas.len() - 1;
    let usage = answer.usage;
    let pieces = stream::iter(deltas.into_iter().enumerate()).then(move |(index, delta)| async move {
        let reached = |limit: Option<u32>| limit.is_some_and(|limit| index as u64 > u64::from(limit));
        if reached(stall_after) {
            sleep(idle_timeout).await;
            let message = "the simulated provider stopped sending";
            return Err(UpstreamError {
                usage: None,
                ..failure(UpstreamErrorKind::Timeout, message)
            });
        }
        if reached(cut_after) {
            let message = "the simulated provider broke off its answer";
            return Err(UpstreamError {
                usage: None,
                ..failure(UpstreamErrorKind::Truncated, message)
            });
        }
        sleep(if index == 0 { pace.first_byte } else { gap }).await;
        let mut deltas = vec![delta];
        if index == last && usage.is_none() {
            // Nothing more to say; the piece only ends the stream.
            deltas.retain(|delta| matches!(delta, Delta::Finish(_)));
        }
        Ok(StreamPiece {
            raw: None,
            deltas,
            done: index == last,
        })
    });
    // An error ends the stream, as it does with the real ones.
    let ended = pieces.scan(false, |over, piece| {
        let next = (!*over).then_some(piece);
        *over |= next.as_ref().is_some_and(Result::is_err);
        futures::future::ready(next)
    });
    UpstreamAnswer::Stream(ended.boxed())
}

/// Text is streamed word by word.
fn small(delta: Delta) -> Vec<Delta> {
    match delta {
        Delta::Text(text) => text
            .split_inclusive(' ')
            .map(|word| Delta::Text(word.to_owned()))
            .collect(),
        other => vec![other],
    }
}

/// An answer around the given parts.
pub(crate) fn answer_of(id: String, model: &str, parts: Vec<Part>, finish: Finish) -> Answer {
    Answer {
        id,
        model: model.to_owned(),
        parts,
        finish,
        usage: None,
    }
}

#[cfg(test)]
mod tests;
