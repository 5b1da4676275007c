//! Reads a namespace and its group from the store when a question first needs them.

use super::{PAGE, SemanticCache};
use crate::{
    cache::semantic::{namespace::Namespace, policy::Promise},
    store::{Store, StoreError},
};

/// A namespace that is being read. One that is not read to its end leaves again, so that it is begun anew.
struct Reading<'a> {
    cache: &'a SemanticCache,
    namespace: Namespace,
    is_whole: bool,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.is_whole {
            self.cache.state().drop_namespace(&self.namespace);
        }
    }
}

impl SemanticCache {
    /// Reads a namespace and a group from the store, where they are not in memory yet. Rows are taken in page by page, so
    /// that a large namespace is not in memory twice; a question that comes meanwhile sees those that are there already.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(
        &self,
        store: &dyn Store,
        namespace: Namespace,
        group: &str,
        promise: Promise,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let (has_group, has_namespace) = {
            let state = self.state();
            (state.groups.contains_key(group), state.index.holds(&namespace))
        };
        if !has_group {
            self.load_group(store, group, promise).await?;
        }
        if has_namespace {
            return Ok(());
        }
        self.state().begin(namespace);
        let mut reading = Reading {
            cache: self,
            namespace,
            is_whole: false,
        };
        let mut after_id = 0;
        loop {
            let page = store
                .questions_of(namespace.as_bytes(), after_id, now_ms, PAGE)
                .await?;
            let mut state = self.state();
            // Dropped meanwhile: what was read may be gone from the store, and is read again with the next question.
            if !state.index.holds(&namespace) {
                return Ok(());
            }
            page.iter().for_each(|row| state.take(row));
            after_id = page.last().map_or(after_id, |row| row.id);
            if page.len() < PAGE as usize {
                reading.is_whole = true;
                return Ok(());
            }
        }
    }
}
