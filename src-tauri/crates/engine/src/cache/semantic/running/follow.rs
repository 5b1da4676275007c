//! Follows what other gateways stored, learned and forbade.

use super::{DECISIONS, PAGE, SemanticCache, group::Group};
use crate::{
    cache::semantic::policy::Promise,
    store::{Store, StoreError},
};

impl SemanticCache {
    /// Takes over what other gateways stored, learned and forbade since the last time.
    ///
    /// # Errors
    /// The store's.
    pub async fn follow(&self, store: &dyn Store) -> Result<(), StoreError> {
        self.follow_changes(store).await?;
        let Some(mut after) = self.state().read_up_to else {
            let (_, last) = store.question_count().await?;
            // What is older than this is read with its namespace.
            self.state().read_up_to = Some(last);
            return Ok(());
        };
        loop {
            let rows = store.questions_since(after, PAGE).await?;
            for row in &rows {
                self.insert(row);
            }
            after = rows.last().map_or(after, |row| row.id);
            self.state().read_up_to = Some(after);
            if rows.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    /// Learns a group again from the store.
    pub(super) async fn load_group(
        &self,
        store: &dyn Store,
        name: &str,
        promise: Promise,
    ) -> Result<(), StoreError> {
        // Before the rows are read: what changes meanwhile is followed afterwards, and counts once.
        let before = store.last_semantic_change().await?;
        let decisions = store.decisions_of(name, DECISIONS).await?;
        let never = store.never_of(name).await?;
        let mut restored = Group::restored(promise, &decisions, never);
        {
            let mut state = self.state();
            if state.followed_up_to.is_none() {
                // The first group: nothing older is in memory, so nothing older need be followed.
                state.followed_up_to = Some(before);
            }
        }
        let mut after = before;
        loop {
            let (last, changes) = store.semantic_changes(after, PAGE).await?;
            let own = changes.iter().filter(|change| change.group() == name);
            own.for_each(|change| restored.follow(change));
            if last == after {
                break;
            }
            after = last;
        }
        let mut state = self.state();
        // Followed further by others than this was read: what lies between is followed once more. Pairs end as the last
        // change says, and labels count once.
        state.followed_up_to = state.followed_up_to.map(|followed| followed.min(after));
        state.groups.entry(name.to_owned()).or_insert(restored);
        Ok(())
    }

    /// Labels and pairs of the groups in memory.
    async fn follow_changes(&self, store: &dyn Store) -> Result<(), StoreError> {
        // Without a group in memory there is nothing that could be told.
        let Some(mut after) = self.state().followed_up_to else {
            return Ok(());
        };
        loop {
            let (last, changes) = store.semantic_changes(after, PAGE).await?;
            let mut state = self.state();
            for change in &changes {
                if let Some(group) = state.groups.get_mut(change.group()) {
                    group.follow(change);
                }
            }
            // A group that was loaded meanwhile may ask for what came before.
            if state.followed_up_to == Some(after) {
                state.followed_up_to = Some(last);
            }
            drop(state);
            if last == after {
                return Ok(());
            }
            after = last;
        }
    }
}
