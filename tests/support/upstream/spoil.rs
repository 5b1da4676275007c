//! What the fake provider does to a good answer before it sends it.

use super::{Fault, anthropic, connection::Dialect, gemini, openai};
use flate2::{Compression, write::GzEncoder};
use std::{io::Write, sync::LazyLock};

const MIB: usize = 1024 * 1024;

/// Packed once, because packing takes longer than all the rest. A packed body may follow another one.
static PACKED_BLANKS: LazyLock<Vec<u8>> = LazyLock::new(|| packed(&blanks(33 * MIB)));
static PACKED_COMMENTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let comment = format!(": {}\n", "x".repeat(MIB / 2));
    packed(comment.repeat(260).as_bytes())
});

/// The bytes of a whole answer.
pub(super) fn body(text: &str, fault: Option<&Fault>) -> Vec<u8> {
    let bytes = text.as_bytes();
    match fault {
        Some(Fault::HalfJson) => bytes[..bytes.len() / 2].to_vec(),
        Some(Fault::EmptyBody) => Vec::new(),
        Some(Fault::Huge) => [bytes, &blanks(33 * MIB)].concat(),
        Some(Fault::Gzip) => packed(bytes),
        Some(Fault::GzipBomb) => [packed(bytes), PACKED_BLANKS.clone()].concat(),
        _ => spoiled(text, fault),
    }
}

/// The events of a stream.
pub(super) fn events(mut events: Vec<String>, dialect: Dialect, fault: Option<&Fault>) -> Vec<Vec<u8>> {
    let (error, end_events) = match dialect {
        Dialect::Openai => (openai::error_event(), 3),
        Dialect::Anthropic => (anthropic::error_event(), 2),
        Dialect::Gemini => (gemini::error_event(), 1),
    };
    match fault {
        Some(Fault::NoTerminal) => {
            events.pop();
        }
        Some(Fault::ErrorEvent) => {
            events.truncate(events.len() / 2);
            events.push(error);
        }
        Some(Fault::ErrorInside) => events = vec![error],
        Some(Fault::EmptyBody) => events.clear(),
        Some(Fault::EndFirst) => {
            let last = events.pop().unwrap_or_default();
            events.insert(1, last);
        }
        Some(Fault::RepeatEnd) => {
            let end = events.split_off(events.len() - end_events);
            events.extend(end.into_iter().flat_map(|event| [event.clone(), event]));
        }
        Some(Fault::HalfJson) => {
            let half = events[2].trim_end();
            events[2] = format!("{}\n\n", &half[..half.len() / 2]);
        }
        Some(Fault::Huge) => events.insert(2, format!("data: \"{}\"\n\n", "x".repeat(10 * MIB))),
        Some(Fault::GzipBomb) => events.truncate(1),
        _ => {}
    }
    events.iter().map(|event| spoiled(event, fault)).collect()
}

/// The whole stream as one body, where the fault is one of a body.
pub(super) fn joined(events: &[Vec<u8>], fault: Option<&Fault>) -> Option<Vec<u8>> {
    match fault? {
        Fault::Gzip => Some(packed(&events.concat())),
        Fault::GzipBomb => Some([packed(&events.concat()), PACKED_COMMENTS.clone()].concat()),
        Fault::LongLength | Fault::ShortLength | Fault::Http10 | Fault::EmptyBody => Some(events.concat()),
        _ => None,
    }
}

/// One text with its reason to stop taken out, or a byte of the word `word3` put wrong.
fn spoiled(text: &str, fault: Option<&Fault>) -> Vec<u8> {
    let byte = match fault {
        Some(Fault::InvalidUtf8) => 0xff,
        Some(Fault::NulByte) => 0,
        Some(Fault::NoFinish) => {
            return text
                .replace("\"finish_reason\":\"stop\"", "\"finish_reason\":null")
                .replace("\"stop_reason\":\"end_turn\"", "\"stop_reason\":null")
                .replace(",\"finishReason\":\"STOP\"", "")
                .into_bytes();
        }
        _ => return text.as_bytes().to_vec(),
    };
    let mut bytes = text.as_bytes().to_vec();
    if let Some(at) = text.find("word3") {
        bytes[at] = byte;
    }
    bytes
}

fn blanks(count: usize) -> Vec<u8> {
    vec![b' '; count]
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}
