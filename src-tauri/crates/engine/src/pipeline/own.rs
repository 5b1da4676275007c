//! Calls that Weir makes for itself: embeddings and judgements. They are requests like any other, held against the caps,
//! recorded and charged under an event of their own; no limit on clients counts them, and nobody waits in line behind them.

use super::{buy::Purchase, buy_detached, cap_steps, journal::Journal, outcome, prepare::Prepared};
use crate::{
    budget::likely::likely_tokens,
    call::{CacheWish, Call, Refusal, RefusalCode, ReplyBody, Wishes},
    engine::Engine,
    pipeline::Problem,
    protocol::parse_chat,
    request::ClientProtocol,
    routing::plan::{Needs, Target},
};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::sync::Arc;
use weir_contract::model::{key::VirtualKey, request::CacheOutcome};

/// The id under which these calls stand in the log; no virtual key has it.
pub const OWN_KEY: &str = "weir";

/// One of Weir's own calls.
pub(crate) struct OwnCall<'a> {
    pub(crate) protocol: ClientProtocol,
    pub(crate) body: Value,
    pub(crate) target: Target,
    /// What it is for; one of [`crate::store::OWN_EVENTS`].
    pub(crate) event: &'a str,
    /// What it follows from, for its trace.
    pub(crate) why: String,
    /// Most tokens of a chat's answer; the adapter says it as the provider knows it.
    pub(crate) most_tokens: Option<u32>,
}

/// Buys the answer and gives its body. It is neither looked for in the cache nor kept there.
///
/// # Errors
/// A [`Refusal`], recorded like any other.
pub(crate) async fn buy_own(engine: &Arc<Engine>, own: OwnCall<'_>) -> Result<Bytes, Refusal> {
    let body_text = Bytes::from(own.body.to_string());
    let chat = match own.protocol {
        ClientProtocol::Embeddings => None,
        protocol => {
            let bad = |problem: String| Problem::new(RefusalCode::BadRequest, problem).bare();
            let mut chat = parse_chat(protocol, &own.body).map_err(|problem| bad(problem.message))?;
            chat.max_tokens = own.most_tokens;
            Some(Arc::new(chat))
        }
    };
    let model = own.body.get("model").and_then(Value::as_str).unwrap_or_default();
    let call = Arc::new(Call {
        protocol: own.protocol,
        stream: false,
        model: model.to_owned(),
        body: Arc::new(own.body),
        key: VirtualKey {
            id: OWN_KEY.to_owned(),
            name: OWN_KEY.to_owned(),
            ..VirtualKey::default()
        },
        client_ip: None,
        passed_headers: HeaderMap::new(),
        wishes: Wishes {
            event: own.event.to_owned(),
            cache: CacheWish::Off,
            ..Wishes::default()
        },
        body_text,
        chat,
    });
    let settings = engine.settings();
    let mut journal = Journal::open(engine.clock.clone(), engine.new_request_id(), &call);
    own.event.clone_into(&mut journal.row.intent);
    journal.row.cache = CacheOutcome::Bypass;
    journal.note("own", own.why, &[]);
    let input_tokens = likely_tokens(call.body_text.len() as u64);
    let needs = match &call.chat {
        Some(chat) => Needs::of_chat(chat, input_tokens),
        None => Needs {
            tools: false,
            images: false,
            structured_output: false,
            input_tokens,
            output_tokens: 0,
            same_protocol_only: false,
        },
    };
    if matches!(&own.target, Target::Named(model) if !settings.providers.contains_key(&model.provider)) {
        let problem = Problem::new(
            RefusalCode::UnknownModel,
            "its provider is not configured (any more); restart Weir after correcting [embedder]",
        );
        return Err(outcome::refuse(engine, &call, journal, problem).await);
    }
    let mut prepared = Arc::new(Prepared::own(&call, own.event, own.target, needs));
    // A cap that lets only the cache answer still lets it be asked, which takes an embedding.
    if call.protocol != ClientProtocol::Embeddings {
        prepared = match cap_steps::act(engine, &settings, &call, prepared, &mut journal).await {
            Ok(prepared) => prepared,
            Err(problem) => return Err(outcome::refuse(engine, &call, journal, problem).await),
        };
    }
    let purchase = Purchase {
        settings,
        call,
        prepared,
        journal,
        leader: None,
        asked: None,
    };
    let reply = buy_detached(engine, purchase).await?;
    match reply.body {
        ReplyBody::Whole(body) => Ok(body),
        ReplyBody::Stream(_) => Err(Problem::new(
            RefusalCode::ProviderFailed,
            "the provider streamed an answer that was asked for whole",
        )
        .bare()),
    }
}
