//! Several turns: the same last message after another conversation must never find the other's answer.

use serde_json::{Value, json};
use weir_engine::cache::key::KeyParts;
use weir_engine::cache::semantic::namespace::namespace;
use weir_engine::request::ClientProtocol;

const SUBJECTS: [&str; 24] = [
    "Oslo",
    "Lima",
    "the blue car",
    "the red car",
    "invoice 17",
    "invoice 71",
    "my mother",
    "my father",
    "Python",
    "Rust",
    "the flight",
    "the train",
    "January",
    "June",
    "a dog",
    "a cat",
    "the contract",
    "the offer",
    "tea",
    "coffee",
    "Acme",
    "Globex",
    "our refund policy",
    "our return policy",
];
const FOLLOW_UPS: [&str; 10] = [
    "And how much is it?",
    "Tell me more",
    "Why?",
    "Can you make it shorter?",
    "What about tomorrow?",
    "Is that safe?",
    "Translate that",
    "Give me an example",
    "Yes, do it",
    "And the other one?",
];

/// What was compared.
pub(crate) struct Measured {
    /// Pairs of conversations whose last messages are the same and whose earlier turns are not.
    pub(crate) compared: usize,
    /// Those of them that share a namespace, so that one could be served the other's answer.
    pub(crate) crossed: usize,
    /// Pairs with the same earlier turns that share none, so that neither could ever be served the other's.
    pub(crate) parted: usize,
}

/// Compares every conversation with every other.
pub(crate) fn measure() -> Measured {
    let mut measured = Measured {
        compared: 0,
        crossed: 0,
        parted: 0,
    };
    for follow_up in FOLLOW_UPS {
        let spaces: Vec<_> = SUBJECTS.iter().map(|subject| space(subject, follow_up)).collect();
        for (at, one) in spaces.iter().enumerate() {
            for other in &spaces[at + 1..] {
                measured.compared += 1;
                measured.crossed += usize::from(one == other);
            }
        }
    }
    for subject in SUBJECTS {
        let spaces: Vec<_> = FOLLOW_UPS
            .iter()
            .map(|follow_up| space(subject, follow_up))
            .collect();
        measured.parted += spaces.windows(2).filter(|pair| pair[0] != pair[1]).count();
    }
    measured
}

fn space(subject: &str, follow_up: &str) -> Option<weir_engine::cache::semantic::namespace::Namespace> {
    let body: Value = json!({"messages": [
        {"role": "user", "content": format!("What do you know about {subject}?")},
        {"role": "assistant", "content": "A good deal."},
        {"role": "user", "content": follow_up},
    ]});
    let parts = KeyParts {
        tenant: "team",
        protocol: ClientProtocol::ChatCompletions,
        target: "provider/model",
        app_version: "1",
        body: &body,
        chat: None,
        headers: None,
        simulate: None,
        intent_key: None,
    };
    namespace(&parts, None, weir_embedder::MODEL_ID)
}
