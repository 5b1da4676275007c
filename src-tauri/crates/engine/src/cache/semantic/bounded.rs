//! A map that forgets its oldest when it is full: what is learned of traffic must not grow with it.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// A map of at most so many keys.
#[derive(Debug, Clone)]
pub(super) struct Bounded<K, V> {
    of: HashMap<K, V>,
    /// In the order they came. A key that was removed may stand here still.
    order: VecDeque<K>,
    most: usize,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    /// An empty one.
    pub(super) fn new(most: usize) -> Bounded<K, V> {
        Bounded {
            of: HashMap::new(),
            order: VecDeque::new(),
            most,
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.of.get(key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }

    /// The key's value, for which the oldest key leaves where it is new and there is no room.
    pub(super) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if !self.of.contains_key(&key) {
            while self.order.len() >= self.most
                && let Some(oldest) = self.order.pop_front()
            {
                self.of.remove(&oldest);
            }
            self.order.push_back(key);
        }
        self.of.entry(key).or_insert_with(make)
    }

    /// Puts or replaces.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if let Some(place) = self.of.get_mut(&key) {
            *place = value;
        } else {
            self.get_or_insert_with(key, || value);
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.of.remove(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leave_and_what_was_removed_takes_no_room_for_ever() {
        let mut bounded = Bounded::new(3);
        for key in 0..5 {
            bounded.insert(key, key * 10);
        }
        bounded.insert(4, 41);
        assert_eq!(
            (bounded.get(&1), bounded.get(&2), bounded.get(&4)),
            (None, Some(&20), Some(&41))
        );
        for key in 100..200 {
            bounded.insert(key, 0);
            bounded.remove(&key);
        }
        assert_eq!(bounded.len(), 0);
        assert!(bounded.order.len() <= 3);
    }
}
