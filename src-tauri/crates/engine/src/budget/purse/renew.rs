//! Keeping the right to spend: beating, and ending a turn when its leases may be lost or were granted under a higher limit.

use super::{NO_BOUND, Purse};
use crate::{
    budget::{counted::Counted, period::PeriodBounds},
    store::StoreError,
};

impl Purse {
    /// Tells the store that this gateway lives, and remembers that it did.
    ///
    /// # Errors
    /// The store's; the leases in hand are then spent only until the beat before it is too old.
    pub async fn beat(&self) -> Result<(), StoreError> {
        let beaten = self.moment();
        self.store.beat(&self.gateway_id, beaten.wall_ms).await?;
        let now = self.moment();
        self.books().fence.renew(beaten, now);
        Ok(())
    }

    /// Goes on at once while the leases in hand are surely this gateway's own; otherwise gives them up and beats.
    pub(super) async fn open_fence(&self) -> Result<(), StoreError> {
        if self.books().fence.is_open(self.moment()) {
            return Ok(());
        }
        let _one_at_a_time = self.fetching.lock().await;
        if self.books().fence.is_open(self.moment()) {
            return Ok(());
        }
        self.beat().await?;
        tracing::warn!(
            "this gateway had not beaten for too long; it has given up its leases and takes new ones"
        );
        self.return_ended_turns().await
    }

    /// A lease that was granted under a higher limit could be spent past a lowered one, so its turn ends, and what is free
    /// of it must be asked for again. What calls under way leave of it is given back when they have ended.
    pub(super) async fn follow_limit(
        &self,
        counted: &Counted<'_>,
        bounds: &PeriodBounds,
    ) -> Result<(), StoreError> {
        let limit = counted.bound().unwrap_or(NO_BOUND).0;
        {
            let mut books = self.books();
            let key = books.key(counted, bounds);
            let book = books.by_key.entry(key).or_default();
            let lowered = limit < book.limit_nanousd;
            book.limit_nanousd = limit;
            if !lowered {
                return Ok(());
            }
            books.fence.end_turn();
            let key = books.key(counted, bounds);
            books.by_key.entry(key).or_default().limit_nanousd = limit;
        }
        self.return_ended_turns().await
    }
}
