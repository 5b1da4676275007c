//! Vectors of the collections that are searched here, under one bound of memory.
//!
//! What is in memory of a collection is brought to a version of it by the list of that version's items: numbers that are not
//! in the list leave, and vectors of new ones are read. A number never means anything else, so nothing else can differ.

use super::{SearchProblem, turns::Turns};
use crate::{
    cache::{
        flight::Flights,
        semantic::index::{arena::Arena, search::Near},
    },
    store::{Store, StoreError},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Vectors that are read from the store at once.
const PAGE: usize = 1_000;
/// How often a search tries to have the whole collection: once before it waits for its turn, and by reading it after that.
const TRIES: u32 = 5;

/// The vectors of this process.
pub struct SearchIndex {
    /// Searches under way, so that equal ones embed their query once.
    pub(super) flights: Flights<()>,
    /// Who brings a collection up to date.
    turns: Turns,
    state: Mutex<State>,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    held: HashMap<i64, Held>,
    /// Counts uses, to tell which collection was idle longest.
    uses: u64,
}

#[derive(Debug)]
struct Held {
    embedder: String,
    arena: Arena,
    /// Entries whose vectors have no direction or another width: they are near nothing.
    unusable: HashSet<u64>,
    /// That this is exactly; none while it is none.
    version: Option<i64>,
    last_use: u64,
}

impl Held {
    fn knows(&self, entry: u64) -> bool {
        self.arena.holds(entry) || self.unusable.contains(&entry)
    }
}

/// What was found, and in which version of the collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub version: i64,
    /// Nearest first.
    pub near: Vec<Near>,
    /// Items that have a vector.
    pub embedded: i64,
}

/// What came of bringing a collection up to date.
enum Applied {
    Done,
    /// Others took something out meanwhile.
    Again,
    TooLarge,
}

impl SearchIndex {
    /// An empty index that takes at most this much memory.
    #[must_use]
    pub fn new(most_bytes: usize) -> SearchIndex {
        SearchIndex {
            flights: Flights::default(),
            turns: Turns::default(),
            state: Mutex::default(),
            most_bytes,
        }
    }

    /// Searches a collection of at least this version. None when the collection is gone.
    ///
    /// # Errors
    /// [`SearchProblem::TooLarge`] and the store's.
    pub async fn search(
        &self,
        store: &dyn Store,
        (collection_id, version): (i64, i64),
        embedder: &str,
        vector: &[f32],
        (most, threshold): (u32, f32),
    ) -> Result<Option<Found>, SearchProblem> {
        let mut turn = None;
        for attempt in 0..=TRIES {
            if let Some(found) = self.look((collection_id, version), embedder, vector, (most, threshold)) {
                return Ok(Some(found));
            }
            if turn.is_none() {
                // Whoever has the turn before may bring it far enough for all that wait.
                turn = Some(self.turns.take(collection_id).await);
            } else {
                let is_last = attempt + 1 == TRIES;
                if !self.catch_up(store, collection_id, embedder, is_last).await? {
                    return Ok(None);
                }
            }
        }
        Err(SearchProblem::Store(StoreError::Unavailable(
            "other collections leave this one no memory; repeat the search in a moment".to_owned(),
        )))
    }

    /// Searches what is in memory, if that is a collection of at least this version.
    fn look(
        &self,
        (collection_id, version): (i64, i64),
        embedder: &str,
        vector: &[f32],
        (most, threshold): (u32, f32),
    ) -> Option<Found> {
        let mut state = self.state();
        let last_use = state.tick();
        let held = state.held.get_mut(&collection_id)?;
        let is_of = held.version.filter(|held| *held >= version)?;
        if held.embedder != embedder {
            return None;
        }
        held.last_use = last_use;
        Some(Found {
            version: is_of,
            near: held.arena.nearest(vector, most as usize, threshold),
            embedded: i64::try_from(held.arena.len()).unwrap_or(i64::MAX),
        })
    }

    /// Brings what is in memory of a collection to what is stored, by whoever has the turn. False when the collection is gone.
    /// With `may_lack`, what changes while it is read may be missing.
    async fn catch_up(
        &self,
        store: &dyn Store,
        collection_id: i64,
        embedder: &str,
        may_lack: bool,
    ) -> Result<bool, SearchProblem> {
        let Some((version, seqs)) = store.item_seqs(collection_id, embedder).await? else {
            self.state().held.remove(&collection_id);
            return Ok(false);
        };
        let missing: Vec<i64> = {
            let state = self.state();
            let held = state
                .held
                .get(&collection_id)
                .filter(|held| held.embedder == embedder);
            seqs.iter()
                .copied()
                .filter(|seq| held.is_none_or(|held| !held.knows(entry(*seq))))
                .collect()
        };
        self.begin(collection_id, embedder, &seqs);
        for page in missing.chunks(PAGE) {
            let vectors = store.item_vectors(page).await?;
            if matches!(self.take(collection_id, embedder, &vectors), Applied::TooLarge) {
                return Err(SearchProblem::TooLarge(self.most_bytes));
            }
        }
        self.finish(collection_id, embedder, version, &seqs, may_lack);
        Ok(true)
    }

    /// Takes out what is not in the list; begins anew where another embedder's vectors are.
    fn begin(&self, collection_id: i64, embedder: &str, seqs: &[i64]) {
        let mut state = self.state();
        let last_use = state.tick();
        let held = state.held.entry(collection_id).or_insert_with(|| Held {
            embedder: embedder.to_owned(),
            arena: Arena::default(),
            unusable: HashSet::new(),
            version: None,
            last_use,
        });
        held.last_use = last_use;
        if held.embedder != embedder {
            (held.embedder, held.arena) = (embedder.to_owned(), Arena::default());
            held.unusable.clear();
        }
        held.version = None;
        let wanted: HashSet<u64> = seqs.iter().map(|seq| entry(*seq)).collect();
        let gone: Vec<u64> = held
            .arena
            .entries()
            .filter(|entry| !wanted.contains(entry))
            .collect();
        for entry in gone {
            held.arena.remove(entry);
        }
        held.unusable.retain(|entry| wanted.contains(entry));
    }

    /// Takes vectors in; the collections that were idle longest leave for them.
    fn take(&self, collection_id: i64, embedder: &str, vectors: &[(i64, Vec<f32>)]) -> Applied {
        let mut state = self.state();
        for (seq, vector) in vectors {
            let Some(mut held) = state
                .held
                .remove(&collection_id)
                .filter(|held| held.embedder == embedder)
            else {
                return Applied::Again;
            };
            while state.bytes() + held.arena.bytes() + held.arena.growth_bytes(vector.len()) > self.most_bytes
            {
                let idle = state.held.iter().min_by_key(|(_, held)| held.last_use);
                let Some(idle) = idle.map(|(id, _)| *id) else {
                    // Dropped, so that what others need is not held by one that cannot be used.
                    return Applied::TooLarge;
                };
                state.held.remove(&idle);
            }
            if held.arena.insert(entry(*seq), vector).is_err() {
                held.unusable.insert(entry(*seq));
            }
            state.held.insert(collection_id, held);
        }
        Applied::Done
    }

    /// Says which version of the collection this is, if it is one.
    ///
    /// What was replaced or deleted between the reading of the list and of the vectors is missing. That is tried again, so that
    /// a search finds the old text or the new one. When others write without a pause it has to do: the version has been
    /// overtaken, so no later search takes it and its results are not kept.
    fn finish(&self, collection_id: i64, embedder: &str, version: i64, seqs: &[i64], may_lack: bool) {
        let mut state = self.state();
        let held = state.held.get_mut(&collection_id);
        let Some(held) = held.filter(|held| held.embedder == embedder) else {
            return;
        };
        let is_whole = seqs.iter().all(|seq| held.knows(entry(*seq)));
        held.version = (is_whole || may_lack).then_some(version);
    }

    /// Brings the collections in memory up to date, so that what was deleted elsewhere leaves here too.
    ///
    /// # Errors
    /// The store's.
    pub async fn follow(&self, store: &dyn Store) -> Result<(), StoreError> {
        let held: HashMap<i64, String> = {
            let state = self.state();
            let of = state.held.iter().map(|(id, held)| (*id, held.embedder.clone()));
            of.collect()
        };
        if held.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = held.keys().copied().collect();
        let stored: HashMap<i64, i64> = store.collection_versions(&ids).await?.into_iter().collect();
        for (id, embedder) in held {
            // Whoever has the turn brings it up to date; what comes after this must not wait for that.
            let Some(_turn) = self.turns.take_free(id) else {
                continue;
            };
            let stored = stored.get(&id);
            let is_done = |held: &Held| stored.is_some_and(|stored| held.version >= Some(*stored));
            // What has left meanwhile stays away until it is searched again.
            if self.state().held.get(&id).is_none_or(is_done) {
                continue;
            }
            match self.catch_up(store, id, &embedder, false).await {
                Ok(_) | Err(SearchProblem::TooLarge(_)) => {}
                Err(SearchProblem::Store(problem)) => return Err(problem),
                Err(_) => self.forget(id),
            }
        }
        Ok(())
    }

    /// Drops a collection from memory.
    pub fn forget(&self, collection_id: i64) {
        self.state().held.remove(&collection_id);
    }

    /// Vectors in memory, and the bytes that they take.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let state = self.state();
        let vectors = state.held.values().map(|held| held.arena.len()).sum();
        (vectors, state.bytes())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tick(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    fn bytes(&self) -> usize {
        self.held.values().map(|held| held.arena.bytes()).sum()
    }
}

/// Numbers of items are never negative.
fn entry(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}
