//! Which entries of the shared tier were cleared, pure. The tier may be away while somebody clears, so what is in it proves
//! nothing: an entry carries the number of the newest clear that its writer had followed, and a reader serves it only when
//! it knows every later clear and none of them means the entry.

use super::EntryMarks;
use crate::store::{ClearChange, ClearEvent};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use weir_contract::model::cache::{CacheEntryRow, CacheSelector};

/// Most clears that are remembered; entries from before them are not served.
pub const MOST_CLEARS: usize = 4_096;

/// A clear, told apart from one of the same number in another course of events: a database that was restored from a backup
/// counts on from an earlier number. The default stands before every clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClearMark {
    pub seq: i64,
    /// When it was made, by the database's clock.
    pub at_us: i64,
}

/// A clear with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedClear {
    pub mark: ClearMark,
    /// None where nothing is cleared by it: an undo goes on counting alone. What it brings back is in the database; what the tier
    /// still has of it was made before the clear, and is not served.
    pub selector: Option<CacheSelector>,
}

impl NumberedClear {
    /// What an event in the database means for the tier.
    #[must_use]
    pub fn of(event: &ClearEvent) -> NumberedClear {
        let selector = match (&event.selector, event.change) {
            (_, ClearChange::Back) => None,
            // The database does not tell whose answers those were.
            (CacheSelector::Source(value) | CacheSelector::User(value), _) if value.is_empty() => {
                Some(CacheSelector::All)
            }
            (selector, _) => Some(selector.clone()),
        };
        let mark = ClearMark {
            seq: event.seq,
            at_us: event.at_us,
        };
        NumberedClear { mark, selector }
    }
}

/// The clears that one gateway has followed.
#[derive(Debug)]
pub struct ClearBook {
    /// The clear before the oldest that is remembered.
    base: ClearMark,
    clears: VecDeque<NumberedClear>,
    /// Clears made here without a number, and how many of them the last look at the database was sure to have seen.
    unnumbered: u64,
    seen: u64,
}

impl ClearBook {
    /// A book that begins after this clear.
    #[must_use]
    pub fn after(base: ClearMark) -> ClearBook {
        ClearBook {
            base,
            clears: VecDeque::new(),
            unnumbered: 0,
            seen: 0,
        }
    }

    /// The newest clear that was followed; none while one is to be followed that was made here.
    #[must_use]
    pub fn newest(&self) -> Option<ClearMark> {
        let newest = self.clears.back().map_or(self.base, |clear| clear.mark);
        (self.unnumbered == self.seen).then_some(newest)
    }

    /// The number to ask the database for clears after.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.clears.back().map_or(self.base.seq, |clear| clear.mark.seq)
    }

    /// A clear was made here, and is in the database; its number is not known.
    pub fn made_one(&mut self) {
        self.unnumbered += 1;
    }

    /// To be handed to [`ClearBook::follow`] after the look at the database that begins now.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.unnumbered
    }

    /// Takes in what a look at the database found, oldest first.
    pub fn follow(&mut self, begun: u64, clears: Vec<NumberedClear>) {
        for clear in clears {
            if clear.mark.seq > self.seq() {
                self.clears.push_back(clear);
            }
        }
        while self.clears.len() > MOST_CLEARS {
            if let Some(oldest) = self.clears.pop_front() {
                self.base = oldest.mark;
            }
        }
        self.seen = self.seen.max(begun);
    }

    /// True when an entry that was written after `made_at` may be served: no later clear means it, and all are known.
    #[must_use]
    pub fn may_serve(&self, made_at: ClearMark, row: &CacheEntryRow, marks: Option<&EntryMarks>) -> bool {
        if self.unnumbered != self.seen {
            return false;
        }
        let later = self.clears.partition_point(|clear| clear.mark.seq <= made_at.seq);
        let known = match later.checked_sub(1) {
            None => self.base,
            Some(before) => self.clears[before].mark,
        };
        known == made_at
            && !self
                .clears
                .iter()
                .skip(later)
                .filter_map(|clear| clear.selector.as_ref())
                .any(|selector| means(selector, row, marks))
    }
}

fn means(selector: &CacheSelector, row: &CacheEntryRow, marks: Option<&EntryMarks>) -> bool {
    match (selector, marks) {
        (CacheSelector::User(user), Some(marks)) => marks.user == *user,
        (CacheSelector::Source(source), Some(marks)) => marks.sources.contains(source),
        _ => selector.means(row),
    }
}

#[cfg(test)]
mod tests {
    use super::{ClearBook, ClearChange, ClearEvent, ClearMark, EntryMarks, MOST_CLEARS, NumberedClear};
    use proptest::prelude::*;
    use weir_contract::{
        NanoUsd,
        model::cache::{CacheEntryRow, CacheSelector},
    };

    fn row(key: &str, intent: &str) -> CacheEntryRow {
        CacheEntryRow {
            key: key.into(),
            label: key.into(),
            intent: intent.into(),
            provider: "p".into(),
            model: "m".into(),
            tier: None,
            team: String::new(),
            created_ms: 0,
            expires_ms: 1,
            last_hit_ms: None,
            hits: 0,
            bytes: 0,
            cost_nanousd: NanoUsd::ZERO,
        }
    }

    fn clear(seq: i64, selector: CacheSelector) -> NumberedClear {
        let mark = ClearMark { seq, at_us: seq * 10 };
        NumberedClear {
            mark,
            selector: Some(selector),
        }
    }

    #[test]
    fn events_of_the_database_clear_what_they_mean_or_more_and_an_undo_nothing() {
        let of = |selector, change| {
            NumberedClear::of(&ClearEvent {
                seq: 3,
                at_us: 30,
                selector,
                keys: None,
                change,
            })
        };
        let faq = CacheSelector::Intent("faq".into());
        for change in [ClearChange::Gone, ClearChange::Dropped, ClearChange::Final] {
            assert_eq!(of(faq.clone(), change), clear(3, faq.clone()));
            assert_eq!(
                of(CacheSelector::User(String::new()), change).selector,
                Some(CacheSelector::All)
            );
        }
        let mut book = ClearBook::after(ClearMark::default());
        let before = ClearMark::default();
        book.follow(0, vec![of(faq, ClearChange::Back)]);
        assert_eq!(book.seq(), 3, "it counts");
        assert!(
            book.may_serve(before, &row("a", "faq"), None),
            "and clears nothing"
        );
    }

    #[test]
    fn an_entry_is_served_until_a_later_clear_means_it() {
        let mut book = ClearBook::after(ClearMark::default());
        let made_at = book.newest().unwrap();
        let one = row("a", "faq");
        assert!(book.may_serve(made_at, &one, None));
        book.follow(0, vec![clear(1, CacheSelector::Intent("task".into()))]);
        assert!(book.may_serve(made_at, &one, None));
        book.follow(0, vec![clear(2, CacheSelector::Intent("faq".into()))]);
        assert!(!book.may_serve(made_at, &one, None));
        assert!(book.may_serve(book.newest().unwrap(), &one, None), "made anew");
    }

    #[test]
    fn sources_and_users_are_told_apart_where_they_are_known() {
        let mut book = ClearBook::after(ClearMark::default());
        let ana = EntryMarks {
            user: "ana".into(),
            sources: vec!["wiki".into()],
        };
        book.follow(
            0,
            vec![
                clear(1, CacheSelector::User("bob".into())),
                clear(2, CacheSelector::Source("faq".into())),
            ],
        );
        let from_before = ClearMark::default();
        assert!(book.may_serve(from_before, &row("a", ""), Some(&ana)));
        assert!(
            !book.may_serve(from_before, &row("a", ""), None),
            "it may be bob's"
        );
        book.follow(0, vec![clear(3, CacheSelector::Source("wiki".into()))]);
        assert!(!book.may_serve(from_before, &row("a", ""), Some(&ana)));
    }

    #[test]
    fn nothing_is_served_between_a_clear_made_here_and_the_look_that_has_seen_it() {
        let mut book = ClearBook::after(ClearMark::default());
        let begun = book.begin();
        book.made_one();
        assert_eq!(book.newest(), None);
        // This look began before the clear, and may not have seen it.
        book.follow(begun, vec![]);
        assert!(!book.may_serve(ClearMark::default(), &row("a", ""), None));
        book.follow(book.begin(), vec![clear(1, CacheSelector::Entry("b".into()))]);
        assert!(book.may_serve(ClearMark::default(), &row("a", ""), None));
    }

    #[test]
    fn another_course_of_events_and_the_future_are_not_served() {
        let mut book = ClearBook::after(ClearMark::default());
        book.follow(
            0,
            (1..=3)
                .map(|seq| clear(seq, CacheSelector::Entry("b".into())))
                .collect(),
        );
        let restored = ClearMark { seq: 2, at_us: 7 };
        assert!(
            !book.may_serve(restored, &row("a", ""), None),
            "another second clear"
        );
        let ahead = ClearMark { seq: 4, at_us: 40 };
        assert!(!book.may_serve(ahead, &row("a", ""), None), "not followed yet");
    }

    #[test]
    fn what_is_older_than_all_that_is_remembered_is_not_served() {
        let mut book = ClearBook::after(ClearMark::default());
        let many = i64::try_from(MOST_CLEARS).unwrap() + 1;
        book.follow(
            0,
            (1..=many)
                .map(|seq| clear(seq, CacheSelector::Entry("b".into())))
                .collect(),
        );
        assert!(!book.may_serve(ClearMark::default(), &row("a", ""), None));
        let base = ClearMark { seq: 1, at_us: 10 };
        assert!(book.may_serve(base, &row("a", ""), None));
    }

    proptest! {
        /// Whatever is cleared and however late a reader follows: an entry that some clear means, made before it, is never
        /// served by a reader who has followed that clear; and one that no clear means always is by who has followed all.
        #[test]
        fn the_cleared_never_come_back(
            selectors in prop::collection::vec((0..4_u8, 0..3_u8), 0..20),
            made_after in 0..21_usize,
            begins_after in 0..21_usize,
            key in 0..3_u8,
            steps in prop::collection::vec(1..5_usize, 0..20),
        ) {
            let clears: Vec<NumberedClear> = selectors.iter().zip(1..).map(|((kind, value), seq)| {
                let value = value.to_string();
                clear(seq, match kind {
                    0 => CacheSelector::Entry(value),
                    1 => CacheSelector::Intent(value),
                    2 => CacheSelector::Source(value),
                    _ => CacheSelector::User(value),
                })
            }).collect();
            let mark_after = |n: usize| n.min(clears.len()).checked_sub(1).map_or(ClearMark::default(), |n| clears[n].mark);
            let (made_after, begins_after) = (made_after.min(clears.len()), begins_after.min(clears.len()));
            let name = key.to_string();
            let one = row(&name, &name);
            let marks = EntryMarks { user: name.clone(), sources: vec![name.clone()] };
            let mut book = ClearBook::after(mark_after(begins_after));
            let mut followed = begins_after;
            for step in steps.into_iter().chain([clears.len()]) {
                let until = (followed + step).min(clears.len());
                book.follow(0, clears[followed..until].to_vec());
                followed = until;
                let is_meant = |clear: &NumberedClear| match &clear.selector {
                    Some(CacheSelector::Entry(value) | CacheSelector::Intent(value)
                    | CacheSelector::Source(value) | CacheSelector::User(value)) => *value == name,
                    _ => true,
                };
                let cleared = clears.iter().skip(made_after).take(followed.saturating_sub(made_after)).any(is_meant);
                let served = book.may_serve(mark_after(made_after), &one, Some(&marks));
                prop_assert!(!(served && cleared));
                prop_assert!(!(served && made_after > followed), "a clear that is not known yet");
                if made_after >= begins_after && made_after <= followed {
                    prop_assert_eq!(served, !cleared);
                }
            }
        }
    }
}
