//! The index of stored questions: one arena per namespace, all together under one bound of memory.
//!
//! It holds nothing that the store does not hold too. When memory is short, the namespace that was idle longest is
//! dropped and read again from the store when it is next asked for.

pub mod arena;
mod dots;
mod encoding;
mod query;
pub mod search;

use super::namespace::Namespace;
use arena::{Arena, BadVector};
use search::Near;
use std::collections::{BTreeMap, HashMap};

/// All arenas of this process.
#[derive(Debug)]
pub struct Index {
    arenas: HashMap<Namespace, Held>,
    /// Namespaces by their last use, the idle first.
    by_use: BTreeMap<u64, Namespace>,
    /// Kept beside the arenas, so that a bound of thousands of namespaces costs no sum over them.
    bytes: usize,
    entries: usize,
    most_bytes: usize,
    uses: u64,
}

#[derive(Debug, Default)]
struct Held {
    arena: Arena,
    /// What the caller keeps for its entries elsewhere.
    beside_bytes: usize,
    last_use: u64,
}

impl Held {
    fn bytes(&self) -> usize {
        self.arena.bytes() + self.beside_bytes
    }
}

/// What a namespace takes before its first vector: its places in two maps, and the arena's own fields.
const NAMESPACE_BYTES: usize = size_of::<Held>() + 2 * size_of::<Namespace>() + 64;

/// What became of a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insertion {
    /// False when this namespace alone needs more than the bound: the vector is not in, and hits stay as they were.
    pub is_kept: bool,
    /// These namespaces had to leave; they are read again from the store when they are asked for.
    pub evicted: Vec<Namespace>,
}

impl Index {
    /// An empty index that takes at most this much memory.
    #[must_use]
    pub fn new(most_bytes: usize) -> Index {
        Index {
            arenas: HashMap::new(),
            by_use: BTreeMap::new(),
            bytes: 0,
            entries: 0,
            most_bytes,
            uses: 0,
        }
    }

    /// True when the namespace is in memory; otherwise it must be read from the store first.
    #[must_use]
    pub fn holds(&self, namespace: &Namespace) -> bool {
        self.arenas.contains_key(namespace)
    }

    /// Begins an empty namespace, into which the store's rows are then inserted. Returns those that had to leave.
    pub fn begin(&mut self, namespace: Namespace) -> Vec<Namespace> {
        if self.touch(&namespace) {
            return Vec::new();
        }
        let evicted = self.make_room(NAMESPACE_BYTES, &namespace);
        self.arenas.insert(namespace, Held::default());
        self.bytes += NAMESPACE_BYTES;
        self.touch(&namespace);
        evicted
    }

    /// Takes a vector into a namespace. `beside_bytes` is what the caller keeps for the entry elsewhere, such as its text:
    /// it counts against the bound.
    ///
    /// # Errors
    /// [`BadVector`] when it does not fit those that are there.
    pub fn insert(
        &mut self,
        namespace: Namespace,
        entry: u64,
        vector: &[f32],
        beside_bytes: usize,
    ) -> Result<Insertion, BadVector> {
        let mut evicted = self.begin(namespace);
        let growth = beside_bytes
            + self
                .arenas
                .get(&namespace)
                .map_or(0, |held| held.arena.growth_bytes(vector.len()));
        evicted.extend(self.make_room(growth, &namespace));
        let is_kept = self.bytes + growth <= self.most_bytes;
        if is_kept && let Some(held) = self.arenas.get_mut(&namespace) {
            let (before, entries) = (held.bytes(), held.arena.len());
            held.arena.insert(entry, vector)?;
            held.beside_bytes += beside_bytes;
            self.bytes = self.bytes + held.bytes() - before;
            self.entries = self.entries + held.arena.len() - entries;
        }
        Ok(Insertion { is_kept, evicted })
    }

    /// The nearest entries of one namespace; nothing of any other is looked at.
    pub fn nearest(&mut self, namespace: &Namespace, vector: &[f32], most: usize, least: f32) -> Vec<Near> {
        self.touch(namespace);
        self.arenas
            .get(namespace)
            .map(|held| held.arena.nearest(vector, most, least))
            .unwrap_or_default()
    }

    /// Takes an entry out of its namespace, with what was kept for it elsewhere; true if it was there.
    pub fn remove(&mut self, namespace: &Namespace, entry: u64, beside_bytes: usize) -> bool {
        let Some(held) = self.arenas.get_mut(namespace) else {
            return false;
        };
        let before = held.bytes();
        let was_there = held.arena.remove(entry);
        if was_there {
            held.beside_bytes = held.beside_bytes.saturating_sub(beside_bytes);
            self.entries -= 1;
            self.bytes = self.bytes + held.bytes() - before;
        }
        was_there
    }

    /// Drops a namespace; it is read again from the store when it is asked for.
    pub fn drop_namespace(&mut self, namespace: &Namespace) {
        if let Some(held) = self.arenas.remove(namespace) {
            self.by_use.remove(&held.last_use);
            self.bytes -= NAMESPACE_BYTES + held.bytes();
            self.entries -= held.arena.len();
        }
    }

    /// Drops everything, as a clear of the cache does.
    pub fn clear(&mut self) {
        *self = Index::new(self.most_bytes);
    }

    /// Memory taken, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entries in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// True when no entry is in memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Drops the idlest namespaces but this one until so much more fits, or nothing else is left.
    fn make_room(&mut self, growth: usize, but: &Namespace) -> Vec<Namespace> {
        let mut evicted = Vec::new();
        while self.bytes + growth > self.most_bytes {
            let idlest = self.by_use.iter().find(|(_, namespace)| *namespace != but);
            let Some(namespace) = idlest.map(|(_, namespace)| *namespace) else {
                break;
            };
            self.drop_namespace(&namespace);
            evicted.push(namespace);
        }
        evicted
    }

    /// Notes a use; false when the namespace is not in memory.
    fn touch(&mut self, namespace: &Namespace) -> bool {
        let Some(held) = self.arenas.get_mut(namespace) else {
            return false;
        };
        self.uses += 1;
        self.by_use.remove(&held.last_use);
        held.last_use = self.uses;
        self.by_use.insert(self.uses, *namespace);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(number: u64) -> Namespace {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Namespace::from_bytes(bytes)
    }

    fn vector(at: u64) -> Vec<f32> {
        (0..384)
            .map(|dimension| ((at * 7 + dimension) % 13) as f32 - 6.0)
            .collect()
    }

    #[test]
    fn namespaces_never_see_each_other() {
        let mut index = Index::new(1 << 20);
        index.insert(namespace(1), 10, &[1.0, 0.0], 0).unwrap();
        index.insert(namespace(2), 20, &[1.0, 0.0], 0).unwrap();
        let entries = |near: Vec<Near>| near.iter().map(|near| near.entry).collect::<Vec<_>>();
        assert_eq!(entries(index.nearest(&namespace(1), &[1.0, 0.0], 9, -1.0)), [10]);
        assert_eq!(entries(index.nearest(&namespace(2), &[1.0, 0.0], 9, -1.0)), [20]);
        assert!(index.nearest(&namespace(3), &[1.0, 0.0], 9, -1.0).is_empty());
        assert!(index.remove(&namespace(1), 10, 0) && !index.remove(&namespace(1), 20, 0));
        assert_eq!(index.len(), 1);
    }

    /// What the running sums say must be what is there.
    fn check(index: &Index, most_bytes: usize) {
        let held = index.arenas.values();
        let bytes = held.map(|held| NAMESPACE_BYTES + held.bytes());
        assert_eq!(index.bytes(), bytes.sum::<usize>());
        assert_eq!(
            index.len(),
            index.arenas.values().map(|held| held.arena.len()).sum::<usize>()
        );
        assert_eq!(index.by_use.len(), index.arenas.len());
        assert!(index.bytes() <= most_bytes, "{}", index.bytes());
    }

    #[test]
    fn memory_stays_under_its_bound_and_the_idle_leave_first() {
        let mut index = Index::new(400_000);
        let mut left = Vec::new();
        for at in 0..900 {
            index.nearest(&namespace(0), &vector(at), 1, 0.0);
            let inserted = index.insert(namespace(at % 3), at, &vector(at), 100).unwrap();
            assert!(!inserted.evicted.contains(&namespace(at % 3)));
            left.extend(inserted.evicted);
            if at % 5 == 0 {
                index.remove(&namespace(at % 3), at, 100);
            }
            check(&index, 400_000);
        }
        assert!(!left.is_empty());
        let mut alone = Index::new(100_000);
        let full = (0..900).any(|at| !alone.insert(namespace(1), at, &vector(at), 0).unwrap().is_kept);
        assert!(full && !alone.is_empty());
        check(&alone, 100_000);
    }

    /// Each conversation is a namespace of its own, and most of them hold nothing.
    #[test]
    fn empty_namespaces_count_and_leave_as_well() {
        let mut index = Index::new(100_000);
        let mut left = 0;
        for at in 0..10_000 {
            left += index.begin(namespace(at)).len();
        }
        check(&index, 100_000);
        assert!(left > 9_000 && index.holds(&namespace(9_999)) && !index.holds(&namespace(0)));
    }

    #[test]
    fn a_conversation_with_one_question_takes_little() {
        let mut index = Index::new(1 << 30);
        for at in 0..1_000 {
            index.insert(namespace(at), at, &vector(at), 0).unwrap();
        }
        assert!(
            index.bytes() < 1_000 * 4_096,
            "{} bytes each",
            index.bytes() / 1_000
        );
    }
}
