//! What the store would not take, written down on this machine until it does: so that a gateway which is killed meanwhile
//! loses nothing either.

use crate::{
    engine::{Engine, reservations_of},
    store::{OpenReservation, RequestRecord, StoreError},
};
use async_trait::async_trait;
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, sync::Arc};

/// Most entries that are handed to the store together.
const AT_ONCE: usize = 256;
/// Length and checksum before each entry.
const HEAD_BYTES: usize = 4 + 8;
/// A longer entry is none: it is what a broken disk left.
const LONGEST_ENTRY_BYTES: usize = 64 * 1024 * 1024;

/// One thing that the store has not taken yet. Giving it to the store twice is giving it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Spooled {
    /// Money that a call may spend, where caps let calls pass.
    Reservation(Box<OpenReservation>),
    /// A finished request, without its bodies.
    Record(Box<RequestRecord>),
}

/// Why nothing could be written down.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error(
        "the spool is full ({0} bytes); it empties when the database is back, or give it more room with database.spool_bytes"
    )]
    Full(u64),
    #[error("the spool cannot be written: {0}")]
    Unwritable(String),
}

/// The oldest entries, and how far they reach.
#[derive(Debug, Default)]
pub struct SpoolBatch {
    pub entries: Vec<Spooled>,
    /// What to forget once the store has them.
    pub until_bytes: u64,
}

/// A file of entries, in the order in which they came.
#[async_trait]
pub trait Spool: Send + Sync {
    /// Returns when it is on disk.
    async fn keep(&self, entry: &Spooled) -> Result<(), SpoolError>;
    /// The oldest that the store has not taken; none when there are no more.
    async fn oldest(&self, most: usize) -> Result<SpoolBatch, SpoolError>;
    /// Forgets what the store has now.
    async fn forget(&self, until_bytes: u64) -> Result<(), SpoolError>;
    /// Entries that wait.
    fn waiting(&self) -> u64;
}

/// The bytes of an entry: length, the beginning of its SHA-256, JSON.
///
/// # Errors
/// When it cannot be JSON.
pub fn encode(entry: &Spooled) -> Result<Vec<u8>, SpoolError> {
    let body = serde_json::to_vec(entry).map_err(|problem| SpoolError::Unwritable(problem.to_string()))?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|_| body.len() <= LONGEST_ENTRY_BYTES)
        .ok_or_else(|| SpoolError::Unwritable(format!("an entry of {} bytes is too long", body.len())))?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
    bytes.extend(length.to_le_bytes());
    bytes.extend(checksum(&body));
    bytes.extend(body);
    Ok(bytes)
}

/// The first entry of these bytes and how many it takes. None where there is no whole one: the end, or what a crash or a
/// broken disk left.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<(Spooled, usize)> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let sum = bytes.get(4..HEAD_BYTES)?;
    if length > LONGEST_ENTRY_BYTES {
        return None;
    }
    let body = bytes.get(HEAD_BYTES..HEAD_BYTES + length)?;
    if checksum(body) != sum {
        return None;
    }
    Some((serde_json::from_slice(body).ok()?, HEAD_BYTES + length))
}

fn checksum(body: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&Sha256::digest(body)[..8]);
    sum
}

impl Engine {
    /// Writes down here from now on what the store does not take; only the first is used.
    pub fn use_spool(&self, spool: Arc<dyn Spool>) {
        let _ = self.spool.set(spool);
    }

    /// Requests and reservations that wait for the store.
    #[must_use]
    pub fn spooled(&self) -> u64 {
        self.spool.get().map_or(0, |spool| spool.waiting())
    }

    /// Gives the store what waits in a spool, this gateway's own or one that a dead gateway left.
    ///
    /// # Errors
    /// The store's, if it still fails; what is left is kept.
    pub async fn replay(&self, spool: &dyn Spool) -> Result<u64, StoreError> {
        self.replay_some(spool, AT_ONCE).await
    }

    /// The same of what a dead gateway left: all of it is read before any is given, because its open reservations may be
    /// charged in full as soon as the store knows them, and those of finished requests must not be.
    ///
    /// # Errors
    /// As [`Engine::replay`].
    pub async fn replay_of_the_dead(&self, spool: &dyn Spool) -> Result<u64, StoreError> {
        self.replay_some(spool, usize::MAX).await
    }

    async fn replay_some(&self, spool: &dyn Spool, at_once: usize) -> Result<u64, StoreError> {
        let unreadable = |problem: SpoolError| StoreError::Unavailable(problem.to_string());
        let mut replayed = 0;
        loop {
            let batch = spool.oldest(at_once).await.map_err(unreadable)?;
            if batch.entries.is_empty() {
                return Ok(replayed);
            }
            replayed += batch.entries.len() as u64;
            self.take_all(batch.entries).await?;
            spool.forget(batch.until_bytes).await.map_err(unreadable)?;
            self.changed();
        }
    }

    /// First the reservations, so that each is there when its settlement comes; those of finished requests are not opened.
    async fn take_all(&self, entries: Vec<Spooled>) -> Result<(), StoreError> {
        let (mut reservations, mut records) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Spooled::Reservation(reservation) => reservations.push(*reservation),
                Spooled::Record(record) => records.push(*record),
            }
        }
        let finished: HashSet<String> = records.iter().map(|record| record.row.id.clone()).collect();
        reservations.retain(|reservation| !finished.contains(&reservation.row.id));
        for some in reservations.chunks(AT_ONCE) {
            let opening = some.iter().map(|reservation| async move {
                taken(
                    self.store.open_reservation(reservation.clone()).await,
                    &reservation.id,
                )
            });
            join_all(opening).await.into_iter().collect::<Result<(), _>>()?;
        }
        for some in records.chunks(AT_ONCE) {
            let recording = some.iter().map(|record| async move {
                taken(self.store.record(record.clone()).await, &record.row.id)?;
                self.free(&reservations_of(record));
                Ok(())
            });
            join_all(recording)
                .await
                .into_iter()
                .collect::<Result<(), StoreError>>()?;
        }
        Ok(())
    }
}

/// A store that is away is asked again; what it will never take must not hold up the rest.
fn taken(outcome: Result<(), StoreError>, id: &str) -> Result<(), StoreError> {
    match outcome {
        Err(problem @ StoreError::Unavailable(_)) => Err(problem),
        Err(problem) => {
            tracing::error!(request = id, %problem, "a spooled request cannot be recorded");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
