//! Turns at bringing collections up to date: two that did it at once would undo each other's work.

use tokio::sync::{Mutex, MutexGuard};

/// Collections whose numbers end alike share a turn, so that nothing is to be forgotten with a collection.
const TURNS: usize = 64;

pub(super) struct Turns([Mutex<()>; TURNS]);

impl Default for Turns {
    fn default() -> Self {
        Turns(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Turns {
    /// Waits for this collection's turn, which lasts until the guard is dropped.
    pub(super) async fn take(&self, collection_id: i64) -> MutexGuard<'_, ()> {
        self.of(collection_id).lock().await
    }

    /// The turn, where nobody has it.
    pub(super) fn take_free(&self, collection_id: i64) -> Option<MutexGuard<'_, ()>> {
        self.of(collection_id).try_lock().ok()
    }

    fn of(&self, collection_id: i64) -> &Mutex<()> {
        &self.0[collection_id.unsigned_abs() as usize % TURNS]
    }
}
