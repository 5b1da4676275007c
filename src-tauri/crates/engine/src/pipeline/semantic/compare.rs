//! Compares a fresh answer with a kept one: by value, else by the similarity of the texts.

use crate::{
    cache::semantic::{
        agreement::{by_similarity, by_value, pieces, text_of},
        embedder::Embedder,
    },
    request::Answer,
};
use std::{collections::HashMap, sync::Arc};

/// What two answers to one request are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Agreement {
    /// The kept one would have done.
    Same,
    Different,
    /// Free texts, neither alike nor unlike: somebody would have to read them. The fresh one and the kept one.
    Open(String, String),
    /// They cannot be compared.
    Unknown,
}

impl Agreement {
    /// Whether the kept answer would have done, where that is known.
    pub(super) fn known(&self) -> Option<bool> {
        match self {
            Agreement::Same => Some(true),
            Agreement::Different => Some(false),
            Agreement::Open(..) | Agreement::Unknown => None,
        }
    }

    fn of(same: bool) -> Agreement {
        if same {
            Agreement::Same
        } else {
            Agreement::Different
        }
    }
}

/// Vectors of answers that are compared with several others; an embedder may cost money.
pub(super) struct Vectors {
    embedder: Arc<dyn Embedder>,
    known: HashMap<String, Vec<f32>>,
}

impl Vectors {
    pub(super) fn new(embedder: Arc<dyn Embedder>) -> Vectors {
        Vectors {
            embedder,
            known: HashMap::new(),
        }
    }

    async fn of(&mut self, text: &str) -> Option<Vec<f32>> {
        if let Some(vector) = self.known.get(text) {
            return Some(vector.clone());
        }
        let vector = self.embedder.embed(text).await.ok()?;
        self.known.insert(text.to_owned(), vector.clone());
        Some(vector)
    }
}

/// Compares them, as far as that can be done without asking somebody.
pub(super) async fn compare(vectors: &mut Vectors, fresh: &Answer, kept: &Answer) -> Agreement {
    if fresh.finish != kept.finish {
        return Agreement::Different;
    }
    let (Some(fresh), Some(kept)) = (text_of(fresh), text_of(kept)) else {
        return Agreement::Unknown;
    };
    if let Some(known) = by_value(&fresh, &kept) {
        return Agreement::of(known);
    }
    let (fresh_pieces, kept_pieces) = (pieces(&fresh), pieces(&kept));
    if fresh_pieces.len() != kept_pieces.len() {
        // One is much longer than the other: it says more, which may or may not matter.
        return Agreement::Open(fresh, kept);
    }
    let mut similarities = Vec::new();
    for (one, other) in fresh_pieces.iter().zip(&kept_pieces) {
        let (Some(one), Some(other)) = (vectors.of(one).await, vectors.of(other).await) else {
            return Agreement::Unknown;
        };
        similarities.push(one.iter().zip(&other).map(|(a, b)| a * b).sum());
    }
    match by_similarity(&fresh, &kept, &similarities) {
        Some(known) => Agreement::of(known),
        None => Agreement::Open(fresh, kept),
    }
}
