//! One cell of the fault matrix: a fault, a protocol, whole or streamed, checked from the client's side.

use super::{ends_badly, words};
use serde_json::json;
use support::{
    said::Said,
    stage::{PROVIDER_KEY, Stage, chat, with},
    upstream::{Fault, Reply},
};
use weir_contract::model::request::RequestRow;

/// What a client must see.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// The whole answer at the first call, charged by the provider's usage.
    Fine,
    /// The whole answer at the first call, charged by an estimate that is marked so.
    Estimated,
    /// No answer, unless another call brings it.
    Fails(Failure),
    /// An error event after the first pieces; charged what was reserved, marked so, and not tried again.
    Cut,
}

/// A failure before the first byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) status: u16,
    /// As the request's row has it.
    pub(super) code: &'static str,
    pub(super) is_retried: bool,
    /// False where the provider may have worked for nothing, so that the attempt is charged.
    pub(super) is_free: bool,
}

/// A provider of the stage, and the protocol of the client that calls it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) provider: &'static str,
    pub(super) path: &'static str,
    pub(super) stream: bool,
}

impl Place {
    fn model(self, what: &str) -> String {
        let form = if self.stream { "stream" } else { "whole" };
        format!("{}/{what}-{}-{form}", self.provider, self.provider)
    }

    async fn ask(self, stage: &Stage, model: &str) -> Said {
        let body = with(chat(model, "matrix"), json!({"stream": self.stream}));
        stage.send(stage.post(self.path, &body)).await
    }
}

/// Where each protocol is called: two in their own words, one translated; both client protocols come in.
pub(super) const PLACES: [Place; 6] = {
    const fn place(provider: &'static str, path: &'static str, stream: bool) -> Place {
        Place {
            provider,
            path,
            stream,
        }
    }
    [
        place("fake", "/v1/chat/completions", false),
        place("fake", "/v1/chat/completions", true),
        place("claude", "/v1/messages", false),
        place("claude", "/v1/messages", true),
        place("gem", "/v1/chat/completions", false),
        place("gem", "/v1/messages", true),
    ]
};

/// A stage whose deadlines are short where the fault shows only when they pass.
pub(super) async fn stage_for(fault: &Fault, extra: &str) -> Stage {
    let timeouts = "[timeouts]\nfirst_byte_seconds = 1\nidle_seconds = 1\nread_on_seconds = 1\n";
    let timeouts = if fault.is_slow() { timeouts } else { "" };
    let stage = Stage::open_with(&format!("{timeouts}{extra}")).await;
    stage.upstream.set_reply(Reply::Text(words()));
    stage
}

/// Checks that a call fails once and is repeated, where the outcome says so. To be done at every place before the faults that
/// last: those use up the gateway's reserve of retries.
pub(super) async fn check_repeat(stage: &Stage, fault: &Fault, place: Place, outcome: Outcome) {
    let what = format!("{fault:?} {place:?}");
    if let Outcome::Fails(failure) = outcome
        && failure.is_retried
    {
        let model = place.model("once");
        let bare = model.split_once('/').unwrap().1;
        stage.upstream.fail_model_times(bare, fault.clone(), 1);
        let said = place.ask(stage, &model).await;
        assert_eq!(said.status, 200, "{what}: tried again: {said:#?}");
        assert_eq!(said.text(), words(), "{what}: tried again");
        let row = stage.detail(&said).await.row;
        let basis = if failure.is_free { "settled" } else { "unsettled" };
        assert_eq!(
            (row.attempts, row.status.as_str(), row.cost_basis.as_str()),
            (2, "ok", basis),
            "{what}: tried again"
        );
    }
}

/// Checks what a client sees of a fault that lasts, and that nothing of it was kept once it is over.
pub(super) async fn check_lasting(stage: &Stage, fault: &Fault, place: Place, outcome: Outcome) {
    let what = format!("{fault:?} {place:?}");
    let model = place.model("always");
    let bare = model.split_once('/').unwrap().1;
    stage.upstream.fail_model(bare, fault.clone());
    let said = place.ask(stage, &model).await;
    let row = stage.detail(&said).await.row;
    check_answer(&said, &row, place, outcome, &what);
    assert!(
        !said.body.contains(PROVIDER_KEY.1),
        "{what}: the key shows: {}",
        said.body
    );

    stage.upstream.heal_model(bare);
    let again = place.ask(stage, &model).await.expect(200);
    assert_eq!(again.text(), words(), "{what}: healed");
    let expected = match outcome {
        Outcome::Fine | Outcome::Estimated => "response",
        Outcome::Fails(_) | Outcome::Cut => "miss",
    };
    assert_eq!(again.cache(), expected, "{what}: kept or not");
}

fn check_answer(said: &Said, row: &RequestRow, place: Place, outcome: Outcome, what: &str) {
    let seen = (said.status, row.status.as_str(), row.cost_basis.as_str());
    let is_charged = row.cost_nanousd.0 > 0;
    match outcome {
        Outcome::Fine => assert_eq!(
            (seen, row.attempts),
            ((200, "ok", "settled"), 1),
            "{what}: {said:#?}"
        ),
        Outcome::Estimated => {
            assert_eq!(
                (seen, row.attempts),
                ((200, "ok", "unsettled"), 1),
                "{what}: {said:#?}"
            );
        }
        Outcome::Cut => {
            assert_eq!(
                (seen, row.attempts),
                ((200, "cut", "unsettled"), 1),
                "{what}: {said:#?}"
            );
            ends_badly(place.path, said, &words(), what);
        }
        Outcome::Fails(failure) => {
            let told = (said.status, row.http_status, row.error.as_str());
            let expected = (failure.status, failure.status, failure.code);
            assert_eq!(told, expected, "{what}: {said:#?}");
            let message = said.json()["error"]["message"].clone();
            assert!(
                message.as_str().is_some_and(|words| !words.is_empty()),
                "{what}: {said:#?}"
            );
            assert!(failure.is_retried || row.attempts == 1, "{what}: {row:#?}");
            assert_eq!(is_charged, !failure.is_free, "{what}: {row:#?}");
            assert!(
                failure.is_free || row.cost_basis.as_str() == "unsettled",
                "{what}"
            );
        }
    }
    if matches!(outcome, Outcome::Fine | Outcome::Estimated) {
        assert_eq!(said.text(), words(), "{what}");
    }
    assert!(
        is_charged || matches!(outcome, Outcome::Fails(_)),
        "{what}: {row:#?}"
    );
}
