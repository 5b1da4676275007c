//! What a store would not take: kept on this machine, or in memory, until it does.

use super::{Engine, lock};
use crate::{
    budget::purse::Held,
    spool::Spooled,
    store::{RequestRecord, StoreError},
};
use weir_contract::NanoUsd;

/// Most finished requests that wait for a store that fails.
const MOST_UNRECORDED: usize = 10_000;

/// The reservations that a record settles.
pub(crate) fn reservations_of(record: &RequestRecord) -> Vec<String> {
    let settlements = record.settlements.iter();
    settlements
        .map(|settlement| settlement.reservation_id.clone())
        .collect()
}

impl Engine {
    /// Writes down what the store would not take before, so that no reservation stays open behind a finished request.
    ///
    /// # Errors
    /// The store's, if it still fails; what is left is kept.
    pub async fn record_again(&self) -> Result<(), StoreError> {
        loop {
            let Some(record) = lock(&self.unrecorded).front().cloned() else {
                break;
            };
            let id = record.row.id.clone();
            let ended = reservations_of(&record);
            match self.store.record(record).await {
                Err(problem @ StoreError::Unavailable(_)) => return Err(problem),
                Err(problem) => tracing::error!(request = id, %problem, "a request cannot be recorded"),
                Ok(()) => {
                    self.store_works();
                    self.free(&ended);
                }
            }
            // Only this one: it may have been written and another put in its place meanwhile.
            lock(&self.unrecorded).retain(|waiting| waiting.row.id != id);
            self.changed();
        }
        if let Some(spool) = self.spool.get() {
            let replayed = self.replay(spool.as_ref()).await?;
            if replayed > 0 {
                tracing::info!(replayed, "what waited on this machine is in the database");
            }
        }
        Ok(())
    }

    /// Ends a reservation with the record that holds its settlement. Until that is in the store, the whole of it stays held: if
    /// this gateway died before, the whole of it would be charged, and must not have been promised to another call.
    pub(crate) fn free_when_recorded(&self, reservation_id: &str, held: Held, charged: NanoUsd) {
        lock(&self.ending).insert(reservation_id.to_owned(), (held, charged));
    }

    /// Sets free what these reservations held beyond their charges, now that they are settled in the store.
    pub(crate) fn free(&self, reservation_ids: &[String]) {
        for id in reservation_ids {
            let ended = lock(&self.ending).remove(id);
            if let Some((held, charged)) = ended {
                self.purse.settle(held, charged);
            }
        }
    }

    /// Keeps a finished request for [`Engine::record_again`]: on this machine's disk, or in memory where that cannot be. Above
    /// 10,000 in memory the oldest is dropped: its reservation is then charged in full when this gateway ends.
    pub(crate) async fn record_later(&self, record: RequestRecord) {
        let entry = Spooled::Record(Box::new(record));
        let is_kept = self.keep_on_disk(&entry).await;
        let Spooled::Record(record) = entry else { return };
        if is_kept == Some(true) {
            return;
        }
        let mut unrecorded = lock(&self.unrecorded);
        if unrecorded.len() >= MOST_UNRECORDED {
            unrecorded.pop_front();
        }
        unrecorded.push_back(*record);
    }

    /// Whether it is on disk now; none where there is no disk for it.
    pub(crate) async fn keep_on_disk(&self, entry: &Spooled) -> Option<bool> {
        let spool = self.spool.get()?;
        let kept = spool.keep(entry).await;
        if let Err(problem) = &kept {
            self.store_failed(&format!(
                "it could not be written on this machine either: {problem}"
            ));
        }
        Some(kept.is_ok())
    }
}
