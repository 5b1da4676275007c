//! The store's side of a limit, pure: one caller's account, and what an exchange with a gateway does to it.
//!
//! A limit of N is N slots. A slot is free in the store, or lent to a gateway. A gateway that has used one keeps it until it
//! has rested for the window, by that gateway's own monotonic clock; only then is it used again, there or elsewhere. So no
//! slot is used twice in any window, and at most N are used, whoever uses them; no clock is ever compared with another.
//!
//! What a dead gateway was lent, and what a gateway hands over when it stops, rests in the store instead. That is measured
//! in the *store's time*, which advances only by what gateways saw pass between two exchanges of theirs, [`LONGEST_STEP_MS`]
//! at most: between two moments it says at most so much more than truly passed, however wrong wall clocks are. While no
//! gateway runs it stands still, which only makes rests longer.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A holder that was not heard of for so long, in the store's time, is dead: its slots are taken back.
pub const DEAD_AFTER_MS: i64 = 15_000;
/// The most by which one gateway carries the store's time on, and so the most by which that may be ahead.
pub const LONGEST_STEP_MS: i64 = 5_000;
/// A gateway uses the slots it was lent only so long after its last exchange, by its own clocks.
pub const TRUSTED_FOR_MS: i64 = DEAD_AFTER_MS - LONGEST_STEP_MS - 2_000;
/// Slots that another gateway holds idle are back in the store after at most so long.
pub const IDLE_RETURN_MS: i64 = 2_000;

/// Something used by a gateway: how long ago at least, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    pub age_ms: i64,
    pub amount: i64,
}

/// What a gateway reports and wishes about one caller under one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The limit, as [`super::subject::pool_of`] names it.
    pub pool: String,
    pub caller: String,
    /// Slots that there are.
    pub most: i64,
    /// How long a used slot rests; 0 for calls at the same time.
    pub rest_ms: i64,
    /// Held by calls under way, or used and resting with the holder. Lent to it whatever the room, because it is a fact.
    pub in_flight: i64,
    /// Lent before and unused; the rest of what was lent goes back.
    pub free: i64,
    /// Used by the holder, and handed over to rest in the store.
    pub used: Vec<Use>,
    /// The least that is of use; 0 when nothing is wished for.
    pub need: i64,
    /// All that is wished for.
    pub want: i64,
    /// More that would be used soon; taken from a quarter of what would be left at most.
    pub extra: i64,
}

/// What the store says to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    pub granted: i64,
    /// Free slots left in the store; negative after a limit was lowered.
    pub room: i64,
    /// Resting slots, and in how many milliseconds they are free again, soonest first.
    pub resting: Vec<(i64, i64)>,
}

/// One caller's account under one limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// What each holder was lent.
    pub lent: BTreeMap<String, i64>,
    /// Slots in use or resting, by the store's time at which they were used.
    pub used: BTreeMap<i64, i64>,
}

/// The store's time after somebody who knows that it is `known_ms` or more has come.
#[must_use]
pub fn store_time(stored_ms: i64, known_ms: i64) -> i64 {
    stored_ms.max(known_ms)
}

/// How long a slot rests after its use. The window, closed at both ends; a two-thousandth of it, because two machines'
/// clocks may differ in rate by that much; and what is lost by whole milliseconds.
#[must_use]
pub fn rest_ms(window_ms: i64) -> i64 {
    window_ms.saturating_add(window_ms / 2_000).saturating_add(3)
}

/// Uses share an entry when they are closer than this: an account has some hundred entries whatever the limit.
fn grain_ms(most: i64, rest_ms: i64) -> i64 {
    if most > 128 { (rest_ms / 128).max(1) } else { 1 }
}

/// Applies one entry of a holder to the caller's account at the store's time `at_ms`. `lost` says that the store did not
/// know the holder, so that nothing it believes to have been lent is.
pub fn settle(account: &mut Account, holder: &str, entry: &Entry, lost: bool, at_ms: i64) -> Answer {
    let before = account.lent.remove(holder).unwrap_or(0);
    let kept = if lost {
        0
    } else {
        entry.free.clamp(0, (before - entry.in_flight).max(0))
    };
    let grain_ms = grain_ms(entry.most, entry.rest_ms);
    for used in entry.used.iter().filter(|used| used.amount > 0) {
        let exact_ms = at_ms
            .saturating_add(LONGEST_STEP_MS)
            .saturating_sub(used.age_ms.max(0));
        // Rounded to later, so that it never rests too short.
        let used_ms = exact_ms.saturating_add((grain_ms - exact_ms.rem_euclid(grain_ms)) % grain_ms);
        let sum = account.used.entry(used_ms).or_default();
        *sum = sum.saturating_add(used.amount);
    }
    account
        .used
        .retain(|used_ms, _| used_ms.saturating_add(entry.rest_ms) > at_ms);
    let mut lent = entry.in_flight.max(0).saturating_add(kept);
    let mut room = entry.most.saturating_sub(account.taken()).saturating_sub(lent);
    let mut granted = 0;
    if entry.need > 0 && room >= entry.need {
        granted = entry.want.max(entry.need).min(room);
        granted += entry.extra.max(0).min((room - granted) / 4);
    }
    lent = lent.saturating_add(granted);
    room = room.saturating_sub(granted);
    if lent > 0 {
        account.lent.insert(holder.to_owned(), lent);
    }
    let until = |used_ms: &i64| used_ms.saturating_add(entry.rest_ms).saturating_sub(at_ms);
    let resting = account
        .used
        .iter()
        .map(|(used_ms, amount)| (until(used_ms), *amount));
    Answer {
        granted,
        room,
        resting: resting.collect(),
    }
}

/// Takes back what a dead holder was lent. It used none of it after this moment of the store's time.
pub fn reclaim(account: &mut Account, holder: &str, at_ms: i64) {
    if let Some(lent) = account.lent.remove(holder) {
        let used_ms = at_ms.saturating_add(LONGEST_STEP_MS);
        let sum = account.used.entry(used_ms).or_default();
        *sum = sum.saturating_add(lent);
    }
}

impl Account {
    /// Slots that are not free.
    #[must_use]
    pub fn taken(&self) -> i64 {
        let sum = |total: i64, amount: &i64| total.saturating_add(*amount);
        self.used.values().fold(self.lent.values().fold(0, sum), sum)
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, Entry, LONGEST_STEP_MS, Use, reclaim, rest_ms, settle};

    fn entry(in_flight: i64, free: i64, used: &[(i64, i64)], need: i64) -> Entry {
        Entry {
            pool: "p".into(),
            caller: "ann".into(),
            most: 5,
            rest_ms: 100,
            in_flight,
            free,
            used: used
                .iter()
                .map(|(age_ms, amount)| Use {
                    age_ms: *age_ms,
                    amount: *amount,
                })
                .collect(),
            need,
            want: need,
            extra: 0,
        }
    }

    #[test]
    fn a_slot_is_free_lent_or_resting() {
        let mut account = Account::default();
        assert_eq!(
            settle(&mut account, "a", &entry(0, 0, &[], 3), false, 1_000).granted,
            3
        );
        let answer = settle(&mut account, "b", &entry(0, 0, &[], 3), false, 1_000);
        assert_eq!((answer.granted, answer.room), (0, 2), "whole or not at all");
        assert_eq!(
            settle(&mut account, "b", &entry(0, 0, &[], 2), false, 1_000).granted,
            2
        );
        // One handed over that was used 30 ms ago, one kept, one given back.
        let answer = settle(&mut account, "a", &entry(0, 1, &[(30, 1)], 0), false, 1_050);
        assert_eq!(
            (answer.room, answer.resting),
            (1, vec![(LONGEST_STEP_MS + 70, 1)])
        );
        let answer = settle(
            &mut account,
            "a",
            &entry(0, 1, &[], 0),
            false,
            1_120 + LONGEST_STEP_MS,
        );
        assert_eq!((answer.room, answer.resting), (2, vec![]));
    }

    #[test]
    fn a_holder_cannot_keep_more_than_it_was_lent_but_calls_under_way_are_a_fact() {
        let mut account = Account::default();
        assert_eq!(settle(&mut account, "a", &entry(0, 4, &[], 0), false, 0).room, 5);
        assert_eq!(settle(&mut account, "a", &entry(2, 4, &[], 0), true, 0).room, 3);
        assert_eq!(settle(&mut account, "b", &entry(4, 0, &[], 1), true, 0).room, -1);
    }

    #[test]
    fn what_the_dead_were_lent_rests() {
        let mut account = Account::default();
        settle(&mut account, "a", &entry(0, 0, &[], 5), false, 0);
        reclaim(&mut account, "a", 15);
        let rested_ms = 15 + LONGEST_STEP_MS + 100;
        let answer = settle(&mut account, "b", &entry(0, 0, &[], 1), false, 20);
        assert_eq!((answer.granted, answer.resting), (0, vec![(rested_ms - 20, 5)]));
        let answer = settle(&mut account, "b", &entry(0, 0, &[], 1), false, rested_ms);
        assert_eq!(answer.granted, 1);
    }

    #[test]
    fn extreme_amounts_do_not_panic() {
        let mut account = Account::default();
        for at_ms in [i64::MIN, 0, i64::MAX] {
            let mut extreme = entry(i64::MAX, i64::MAX, &[(i64::MAX, i64::MAX)], i64::MAX);
            extreme.most = i64::MAX;
            extreme.rest_ms = rest_ms(i64::MAX);
            settle(&mut account, "a", &extreme, false, at_ms);
        }
    }
}
