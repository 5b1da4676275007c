//! What a running gateway holds of the semantic cache: the embedder, the index with its questions, a learned policy per group.
//!
//! All of it can be made again from the store. Nothing here is served from: a hit is served only with its cached answer,
//! which the response cache still has to hold.

mod again;
mod follow;
pub mod group;
mod held;
mod judging;
mod load;

pub use again::embed_again;

use super::{
    candidates::{Candidate, NEIGHBOURS, Neighbour, candidates},
    embedder::Embedder,
    features::FLOOR,
    index::Index,
    namespace::Namespace,
    policy::{Judgement, Promise},
    words::words,
};
use crate::store::SemanticEntry;
use group::Group;
use held::{Questions, bytes_of};
use judging::Judging;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

/// Rows that are read from the store at once.
const PAGE: u32 = 2_000;
/// Decisions from which a group's policy is learned anew after a start: as many as it keeps.
const DECISIONS: u32 = 6_000;

/// The semantic cache of this process.
pub struct SemanticCache {
    pub(crate) judging: Judging,
    embedder: RwLock<Result<Arc<dyn Embedder>, String>>,
    state: Mutex<State>,
}

struct State {
    index: Index,
    questions: Questions,
    groups: HashMap<String, Group>,
    /// The largest id that was read from the store for all namespaces.
    read_up_to: Option<i64>,
    /// The number of the newest change to labels and pairs that was followed.
    followed_up_to: Option<i64>,
}

/// What was found and judged for a question.
#[derive(Debug, Clone)]
pub struct Found {
    /// Nearest first.
    pub candidates: Vec<Candidate>,
    /// What the policy states of each.
    pub stated: Vec<f64>,
    /// None without candidates.
    pub judgement: Option<Judgement>,
    /// Key and question of each candidate.
    pub stored: Vec<(String, String)>,
    /// Pairs that somebody forbade, by candidate.
    pub forbidden: Vec<bool>,
    /// Whether this is to be checked, should it be a hit.
    pub audit: bool,
}

impl SemanticCache {
    /// An empty cache without an embedder, whose questions and vectors take at most this much memory.
    #[must_use]
    pub fn new(most_bytes: usize) -> SemanticCache {
        SemanticCache {
            judging: Judging::default(),
            embedder: RwLock::new(Err("no embedding model is loaded".to_owned())),
            state: Mutex::new(State {
                index: Index::new(most_bytes),
                questions: Questions::default(),
                groups: HashMap::new(),
                read_up_to: None,
                followed_up_to: None,
            }),
        }
    }

    /// What makes vectors, or why there is nothing that does.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn embedder(&self) -> Result<Arc<dyn Embedder>, String> {
        self.embedder
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the embedder. What was learned of one embedder's distances is not true of another's.
    pub fn use_embedder(&self, embedder: Result<Arc<dyn Embedder>, String>) {
        *self.embedder.write().unwrap_or_else(PoisonError::into_inner) = embedder;
        let mut state = self.state();
        state.groups.clear();
        state.drop_all();
    }

    /// Finds and judges the neighbours of a question. `draw` is random in `0..1`.
    pub fn find(
        &self,
        namespace: Namespace,
        group: &str,
        promise: Promise,
        question: &str,
        vector: &[f32],
        (now_ms, draw): (i64, f64),
    ) -> Found {
        let mut state = self.state();
        let near = state.index.nearest(&namespace, vector, NEIGHBOURS, FLOOR);
        let state = &mut *state;
        let group = state
            .groups
            .entry(group.to_owned())
            .or_insert_with(|| Group::new(promise));
        group.promise(promise);
        let known = |entry: u64| {
            state
                .questions
                .get(&namespace, entry)
                .filter(|one| one.expires_ms > now_ms)
        };
        let neighbours: Vec<Neighbour> = near
            .iter()
            .filter(|near| known(near.entry).is_some())
            .map(|near| Neighbour {
                entry: near.entry,
                answer: group.answers.of(near.entry),
                similarity: near.similarity,
            })
            .collect();
        let text = |entry: u64| known(entry).map(|one| words(&one.text));
        let candidates = candidates(&words(question), &neighbours, text);
        let stored: Vec<(String, String)> = candidates
            .iter()
            .map(|candidate| {
                known(candidate.entry).map_or_else(Default::default, |one| {
                    (one.key.to_string(), one.text.to_string())
                })
            })
            .collect();
        let forbidden = stored
            .iter()
            .map(|(_, other)| group.is_forbidden(question, other))
            .collect();
        let stated = candidates
            .iter()
            .map(|candidate| group.policy.stated(candidate))
            .collect();
        let judgement = group.policy.judge(&candidates);
        if let Some(judgement) = &judgement {
            group.policy.note(judgement, draw);
        }
        Found {
            candidates,
            stated,
            judgement,
            stored,
            forbidden,
            audit: draw < promise.audit_share,
        }
    }

    /// Works on a group, if it is in memory.
    pub fn with_group<T>(&self, group: &str, work: impl FnOnce(&mut Group) -> T) -> Option<T> {
        self.state().groups.get_mut(group).map(work)
    }

    /// Begins to hold a namespace of which the store has nothing.
    pub fn hold(&self, namespace: Namespace) {
        self.state().begin(namespace);
    }

    /// Takes a stored question in, if its namespace is in memory.
    pub fn insert(&self, row: &SemanticEntry) {
        let mut state = self.state();
        if state.index.holds(&Namespace::from_bytes(row.entry.namespace)) {
            state.take(row);
        }
    }

    /// Drops the question of a cached answer that has gone.
    pub fn forget_key(&self, key: &str) {
        let mut state = self.state();
        state.remove(key);
    }

    /// Drops all questions from memory; what the store still holds is read again when it is asked for.
    pub fn forget_all(&self) {
        self.state().drop_all();
    }

    /// Questions in memory, and the bytes that they and their vectors take.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let state = self.state();
        (state.index.len(), state.index.bytes())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, row: &SemanticEntry) {
        let namespace = Namespace::from_bytes(row.entry.namespace);
        let Ok(id) = u64::try_from(row.id) else { return };
        self.remove(&row.entry.key);
        let beside_bytes = bytes_of(&row.entry.question, &row.entry.key);
        // A vector of another width cannot be compared, and one without a direction is never found.
        let Ok(insertion) = self.index.insert(namespace, id, &row.entry.vector, beside_bytes) else {
            return;
        };
        self.leave(&insertion.evicted);
        if !insertion.is_kept {
            return;
        }
        self.questions.put(namespace, id, &row.entry);
        if let (Some(group), Ok(answer)) = (
            self.groups.get_mut(&row.entry.group),
            u64::try_from(row.entry.answer_id),
        ) && answer > 0
        {
            group.answers.restore(id, answer);
        }
    }

    fn begin(&mut self, namespace: Namespace) {
        let evicted = self.index.begin(namespace);
        self.leave(&evicted);
    }

    fn drop_namespace(&mut self, namespace: &Namespace) {
        self.index.drop_namespace(namespace);
        self.questions.drop_namespace(namespace);
    }

    fn leave(&mut self, evicted: &[Namespace]) {
        evicted
            .iter()
            .for_each(|gone| self.questions.drop_namespace(gone));
    }

    fn remove(&mut self, key: &str) {
        if let Some((namespace, entry, beside_bytes)) = self.questions.remove_key(key) {
            self.index.remove(&namespace, entry, beside_bytes);
        }
    }

    fn drop_all(&mut self) {
        self.index.clear();
        self.questions = Questions::default();
    }
}
