//! Keeping the number of books small: those of values that have long been idle go.

use super::{BookKey, Purse};
use crate::store::StoreError;
use std::collections::HashSet;

/// How many idle books go at a time, so that they are looked for once in so many new ones.
const EVICTED_AT_ONCE: usize = 32;

impl Purse {
    /// Where there are too many books, gives back what the longest idle ones have left and forgets them. Nothing is lost: the
    /// store keeps the count, and a value that comes again gets a book again. A book with a call under way stays.
    ///
    /// # Errors
    /// The store's; a book whose money could not be returned stays.
    pub(super) async fn evict_idle(&self) -> Result<(), StoreError> {
        let idle = self.longest_idle();
        if idle.is_empty() {
            return Ok(());
        }
        let _one_at_a_time = self.returning.lock().await;
        let returned = self.return_free(|key| idle.contains(key)).await;
        self.books().by_key.retain(|key, book| {
            !idle.contains(key) || book.ledger.open_reservations() > 0 || book.ledger.free() > 0
        });
        returned
    }

    fn longest_idle(&self) -> HashSet<BookKey> {
        let books = self.books();
        if books.by_key.len() < self.most_books {
            return HashSet::new();
        }
        let idle = books
            .by_key
            .iter()
            .filter(|(_, book)| book.ledger.open_reservations() == 0);
        let mut by_age: Vec<(u64, &BookKey)> = idle.map(|(key, book)| (book.used, key)).collect();
        by_age.sort_unstable_by_key(|(used, _)| *used);
        let oldest = by_age.into_iter().take(EVICTED_AT_ONCE);
        oldest.map(|(_, key)| key.clone()).collect()
    }
}
