//! Every way in which a provider fails, at every protocol, whole and streamed: what the client is told, whether the call is
//! repeated, what is charged, and that nothing broken is kept.

mod answers;
mod cell;
mod outage;
mod statuses;
mod truncation;
mod unreachable;

use cell::{Outcome, PLACES, Place, check_lasting, check_repeat, stage_for};
use futures::{StreamExt, future::join_all, stream};
use support::{said::Said, upstream::Fault};

/// Stages at work at the same time.
const STAGES_AT_ONCE: usize = 8;

/// A fault and its outcome: of a whole answer, of a stream, and of a stream in Gemini's protocol, which has no end mark.
struct Line {
    fault: Fault,
    whole: Outcome,
    stream: Outcome,
    gemini_stream: Outcome,
}

/// The answer of the stage's provider; long enough to be cut after 600 bytes in every form.
fn words() -> String {
    (0..120).map(|number| format!("word{number} ")).collect()
}

/// The same outcome everywhere.
fn always(fault: Fault, outcome: Outcome) -> Line {
    either(fault, outcome, outcome)
}

fn either(fault: Fault, whole: Outcome, stream: Outcome) -> Line {
    Line {
        fault,
        whole,
        stream,
        gemini_stream: stream,
    }
}

/// Checks each line at every place, on a stage of its own: breakers and the reserve of retries are not shared.
async fn check_all(lines: Vec<Line>) {
    let lines = lines.into_iter().map(|line| async move {
        let stage = stage_for(&line.fault, "").await;
        let outcome_at = |place: Place| match (place.stream, place.provider) {
            (false, _) => line.whole,
            (true, "gem") => line.gemini_stream,
            (true, _) => line.stream,
        };
        join_all(PLACES.map(|place| check_repeat(&stage, &line.fault, place, outcome_at(place)))).await;
        join_all(PLACES.map(|place| check_lasting(&stage, &line.fault, place, outcome_at(place)))).await;
    });
    stream::iter(lines)
        .buffer_unordered(STAGES_AT_ONCE)
        .collect::<Vec<()>>()
        .await;
}

/// The stream ends in an error event of its protocol and never in a clean stop, and what came is the answer's beginning.
fn ends_badly(path: &str, said: &Said, text: &str, what: &str) {
    let events = said.events();
    let last = events.last().unwrap_or_else(|| panic!("{what}: no events"));
    assert!(last.contains("\"error\""), "{what}: {last}");
    for stop in ["[DONE]", "message_stop"] {
        assert!(!said.body.contains(stop), "{what}: {}", said.body);
    }
    assert_eq!(
        path == "/v1/messages",
        said.body.contains("event: error"),
        "{what}: {}",
        said.body
    );
    assert!(text.starts_with(&said.text()), "{what}: {}", said.body);
}
