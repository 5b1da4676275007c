//! The questions behind the vectors in memory, by namespace, so that they leave together with their arena.

use super::Namespace;
use crate::store::NewSemanticEntry;
use std::{collections::HashMap, sync::Arc};

/// A question in memory.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) text: Box<str>,
    /// Of the cached answer.
    pub(super) key: Arc<str>,
    pub(super) expires_ms: i64,
}

/// What maps, pointers and numbers take beside the texts of a question: measured at a million of them.
const BESIDE_BYTES: usize = 220;

#[derive(Debug, Default)]
pub(super) struct Questions {
    of: HashMap<Namespace, HashMap<u64, Question>>,
    by_key: HashMap<Arc<str>, (Namespace, u64)>,
}

impl Questions {
    pub(super) fn get(&self, namespace: &Namespace, entry: u64) -> Option<&Question> {
        self.of.get(namespace)?.get(&entry)
    }

    /// Puts a question whose key is not there.
    pub(super) fn put(&mut self, namespace: Namespace, entry: u64, row: &NewSemanticEntry) {
        let key: Arc<str> = row.key.as_str().into();
        let question = Question {
            text: row.question.as_str().into(),
            key: key.clone(),
            expires_ms: row.expires_ms,
        };
        self.by_key.insert(key, (namespace, entry));
        self.of.entry(namespace).or_default().insert(entry, question);
    }

    /// Removes the question of a cached answer; says where it was, and the memory that it took.
    pub(super) fn remove_key(&mut self, key: &str) -> Option<(Namespace, u64, usize)> {
        let (namespace, entry) = self.by_key.remove(key)?;
        let of = self.of.get_mut(&namespace)?;
        let gone = of.remove(&entry)?;
        if of.is_empty() {
            self.of.remove(&namespace);
        }
        Some((namespace, entry, bytes_of(&gone.text, &gone.key)))
    }

    pub(super) fn drop_namespace(&mut self, namespace: &Namespace) {
        for question in self.of.remove(namespace).unwrap_or_default().into_values() {
            self.by_key.remove(&question.key);
        }
    }
}

/// Memory that a question takes, in bytes.
pub(super) fn bytes_of(text: &str, key: &str) -> usize {
    text.len() + key.len() + BESIDE_BYTES
}
