//! One call to a provider, up to its first piece.

use super::Buyer;
use crate::{
    pipeline::Journal,
    provider::{
        StreamPiece, UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamErrorKind, failure::broken_off,
    },
    request::Chat,
    routing::plan::Candidate,
};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use weir_contract::model::tier::Tier;

impl Buyer<'_> {
    /// One call to the provider, up to its first piece.
    ///
    /// Where a cap reserved for a usual length (`told_output`), the provider is told so; a client that gave no limit could
    /// else get an answer that costs more.
    pub(super) async fn ask(
        &mut self,
        candidate: &Candidate,
        told_output: Option<u32>,
        journal: &mut Journal,
    ) -> Result<UpstreamAnswer, UpstreamError> {
        let Some(provider) = self.settings.providers.get(&candidate.model.provider) else {
            return Err(broken_off("the provider was removed"));
        };
        if !self.call.passed_headers.is_empty() && !provider.adapter.speaks(self.call.protocol) {
            let names: Vec<&str> = self
                .call
                .passed_headers
                .keys()
                .map(|name| name.as_str())
                .collect();
            let what = format!(
                "{} speaks another protocol and is not sent {}",
                candidate.model,
                names.join(", ")
            );
            journal.note("attempt", what, &[]);
        }
        let timeouts = self.settings.timeouts;
        let call = UpstreamCall {
            protocol: self.call.protocol,
            model: candidate.model.model.clone(),
            chat: self.chat_within(told_output),
            body: self.prepared.body.clone(),
            stream: self.call.stream,
            headers: self.call.passed_headers.clone(),
            simulate: self.call.wishes.simulate.clone(),
            first_byte_timeout: timeouts.first_byte,
            idle_timeout: timeouts.idle,
        };
        let started_us = journal.elapsed_us();
        let answer = match provider.adapter.call(call).await {
            Ok(UpstreamAnswer::Stream(pieces)) => with_first_piece(pieces, timeouts.first_byte).await,
            other => other,
        };
        let took_us = journal.elapsed_us() - started_us;
        journal.row.upstream_us += took_us;
        let tier = candidate.tier.map_or("no tier", Tier::as_str);
        let took = format!("{} ms", took_us / 1_000);
        let model = candidate.model.to_string();
        match &answer {
            Ok(_) => journal.note(
                "attempt",
                format!("{} ({tier}) began to answer", candidate.model),
                &[
                    ("after", took),
                    ("model", model),
                    ("took_us", took_us.to_string()),
                ],
            ),
            Err(failure) => journal.note(
                "attempt",
                format!("{} ({tier}) failed: {}", candidate.model, failure.message),
                &[
                    ("after", took),
                    ("model", model),
                    ("took_us", took_us.to_string()),
                    ("kind", failure.kind.as_str().to_owned()),
                ],
            ),
        }
        answer
    }
}

impl Buyer<'_> {
    fn chat_within(&self, limit: Option<u32>) -> Arc<Chat> {
        let chat = self.prepared.chat.clone().unwrap_or_default();
        match limit {
            Some(_) if chat.max_tokens.is_none() && self.prepared.chat.is_some() => Arc::new(Chat {
                max_tokens: limit,
                ..Chat::clone(&chat)
            }),
            _ => chat,
        }
    }
}

/// A stream is open only when its first piece has come; a failure before that may still be retried.
async fn with_first_piece(
    mut pieces: futures::stream::BoxStream<'static, Result<StreamPiece, UpstreamError>>,
    wait: Duration,
) -> Result<UpstreamAnswer, UpstreamError> {
    match tokio::time::timeout(wait, pieces.next()).await {
        Ok(Some(Ok(first))) => {
            let whole = futures::stream::once(async move { Ok(first) }).chain(pieces);
            Ok(UpstreamAnswer::Stream(whole.boxed()))
        }
        Ok(Some(Err(failure))) => Err(failure),
        Ok(None) => Err(broken_off("the stream ended before its first event")),
        Err(_) => Err(UpstreamError {
            kind: UpstreamErrorKind::Timeout,
            ..broken_off(format!("no event came within {} s", wait.as_secs()))
        }),
    }
}
