//! Follows clears of the cache: what was cleared anywhere leaves this gateway's memory, and does not come back with an answer
//! whose call began before.

use super::Engine;
use crate::{
    cache::{entry::CachedAnswer, shared::clears::NumberedClear},
    store::{ClearChange, ClearEvent, StoreError},
};
use std::sync::atomic::Ordering;
use weir_contract::model::cache::CacheSelector;

/// Events that are read at once.
const PAGE: u32 = 500;

/// Which clears a call knew of when it began. Its answer may be as old as that, however late it is stored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClearsKnown {
    /// The newest in the store that this gateway had followed.
    in_store: i64,
    /// How many this process had followed or made.
    epoch: u64,
}

/// What an answer was made from and for, which its row does not say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks<'a> {
    pub(crate) sources: &'a [String],
    pub(crate) user: &'a str,
}

impl Marks<'_> {
    /// True when a clear may have meant the answer: an empty value may be any.
    fn meant(&self, selector: &CacheSelector, cached: &CachedAnswer) -> bool {
        match selector {
            CacheSelector::Source(source) if source.is_empty() => !self.sources.is_empty(),
            CacheSelector::Source(source) => self.sources.contains(source),
            CacheSelector::User(user) if user.is_empty() => !self.user.is_empty(),
            CacheSelector::User(user) => self.user == user,
            other => other.means(&cached.entry.row),
        }
    }
}

impl Engine {
    /// Begins to follow from the newest event on. For a memory that is still empty; before the first call is served.
    ///
    /// # Errors
    /// The store's.
    pub async fn follow_clears_from_now(&self) -> Result<(), StoreError> {
        let mut followed = self.followed_clears.lock().await;
        let newest = self.first_to_follow().await?;
        *followed = Some(newest);
        self.cleared_up_to.store(newest, Ordering::Release);
        Ok(())
    }

    /// Forgets what was cleared since the last time, here or anywhere else.
    ///
    /// # Errors
    /// The store's; what could not be read is followed the next time.
    pub async fn follow_clears(&self) -> Result<(), StoreError> {
        // One at a time, so that none says it has followed what another is still at.
        let mut followed = self.followed_clears.lock().await;
        let shared = self
            .shared_cache()
            .map(|shared| (shared, shared.begin_following().1));
        let mut seq = match *followed {
            Some(seq) => seq,
            None => {
                let newest = self.first_to_follow().await?;
                // Nobody knows what memory holds by now.
                self.forget_cached(&CacheSelector::All);
                newest
            }
        };
        loop {
            let events = self.store.clears_since(seq, PAGE).await?;
            let is_all = events.len() < PAGE as usize;
            if let Some((shared, begun)) = &shared {
                // Before memory: what is read from there until then is dropped from memory again, by its look at the epoch.
                let begun = if is_all { *begun } else { 0 };
                shared.follow(begun, events.iter().map(NumberedClear::of).collect());
            }
            for event in &events {
                self.follow_clear(event);
                seq = event.seq;
            }
            *followed = Some(seq);
            self.cleared_up_to.store(seq, Ordering::Release);
            if is_all {
                return Ok(());
            }
        }
    }

    /// Forgets what was cleared here a moment ago. The store says what exactly; where it cannot, rather too much is forgotten.
    pub async fn forget_cleared_here(&self, selector: &CacheSelector) {
        // Until the clear was followed, the tier that gateways share serves nothing.
        if let Some(shared) = self.shared_cache() {
            shared.await_clears();
        }
        if self.follow_clears().await.is_err() {
            self.forget_cached(selector);
        }
    }

    /// What the tier that gateways share holds is older than this process, so it begins with clears from before.
    async fn first_to_follow(&self) -> Result<i64, StoreError> {
        match self.shared_cache() {
            Some(shared) => Ok(shared.begin_following().0),
            None => self.store.newest_clear().await,
        }
    }

    /// Number of the newest event that was followed: what was cleared up to it is served from here no more.
    #[must_use]
    pub fn cleared_up_to(&self) -> i64 {
        self.cleared_up_to.load(Ordering::Acquire)
    }

    /// What a call that begins now knows of.
    pub(crate) fn clears_known(&self) -> ClearsKnown {
        ClearsKnown {
            in_store: self.cleared_up_to(),
            epoch: self.clear_epoch.load(Ordering::Acquire),
        }
    }

    /// True when a clear that the call did not know of may have meant its answer, which is in the store by now: whoever clears
    /// after this look finds it there. With a store that fails, the clears of this process are all that is known.
    pub(crate) async fn was_cleared(
        &self,
        known: ClearsKnown,
        cached: &CachedAnswer,
        marks: Marks<'_>,
    ) -> bool {
        let mut seq = known.in_store;
        loop {
            let Ok(events) = self.store.clears_since(seq, PAGE).await else {
                return self.clear_epoch.load(Ordering::Acquire) != known.epoch;
            };
            // By what was meant, not by its keys: the answer was not in the store yet.
            let is_meant = |event: &ClearEvent| {
                event.change == ClearChange::Gone && marks.meant(&event.selector, cached)
            };
            if events.iter().any(is_meant) {
                return true;
            }
            match events.last() {
                Some(last) if events.len() >= PAGE as usize => seq = last.seq,
                _ => return false,
            }
        }
    }

    fn follow_clear(&self, event: &ClearEvent) {
        match (event.change, &event.keys) {
            (ClearChange::Gone, Some(keys)) => {
                self.clear_epoch.fetch_add(1, Ordering::AcqRel);
                // Memory may hold an answer that the store would not take, so here the selector decides. Questions are kept
                // beside stored answers alone, so those of these keys are all, and reading the others anew would be costly.
                self.memory.forget(&event.selector);
                for key in keys {
                    self.memory.forget(&CacheSelector::Entry(key.clone()));
                    self.semantic.forget_key(key);
                }
                self.changed();
            }
            (ClearChange::Gone, None) => self.forget_cached(&event.selector),
            (ClearChange::Dropped, _) => {
                // Not the epoch of clears: whoever stores something now would drop that, too, and so on without an end.
                self.drop_epoch.fetch_add(1, Ordering::AcqRel);
                self.memory.forget(&event.selector);
                match &event.selector {
                    CacheSelector::Entry(key) => self.semantic.forget_key(key),
                    _ => self.semantic.forget_all(),
                }
            }
            (ClearChange::Back, _) => {
                // What was cleared is not in memory. The questions of restored answers are read with their namespace.
                self.semantic.forget_all();
                self.changed();
            }
            (ClearChange::Final, _) => {}
        }
    }
}
