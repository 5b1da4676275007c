//! The vectors of one namespace, end to end in memory.
//!
//! The parts of their numbers lie apart, so that a search of many rows, which waits for memory, reads little of it.

use super::encoding::{Encoded, Scales, packed_bytes, unit};
use std::collections::HashMap;

/// Why a vector was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadVector {
    /// Its length is not that of the others.
    #[error("the vector has {got} dimensions where {expected} are stored; it comes from another embedder")]
    Width { got: usize, expected: usize },
    /// It is all zero or holds something that is no number.
    #[error("the vector has no direction: it is all zero or holds a value that is no number")]
    NoDirection,
}

/// The vectors of one namespace.
#[derive(Debug, Clone, Default)]
pub struct Arena {
    pub(super) width: usize,
    /// The parts of [`Encoded`] of all rows, end to end.
    pub(super) upper: Vec<u8>,
    pub(super) lower: Vec<u8>,
    pub(super) fine: Vec<i8>,
    pub(super) upper_scales: Vec<f32>,
    pub(super) upper_sines: Vec<f32>,
    pub(super) scales: Vec<Scales>,
    pub(super) entries: Vec<u64>,
    row_of: HashMap<u64, usize>,
}

/// What a row takes beside its numbers.
const ROW_BYTES: usize = size_of::<u64>() + 2 * size_of::<f32>() + size_of::<Scales>();
/// Rows for which room is made at least. Most namespaces are one conversation with a question or two.
const LEAST_ROWS: usize = 4;
/// What a hash map keeps for each of its places: key, value and a byte of its own.
const MAP_PLACE_BYTES: usize = size_of::<u64>() + size_of::<usize>() + 1;

impl Arena {
    /// How many vectors it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when it holds this entry.
    #[must_use]
    pub fn holds(&self, entry: u64) -> bool {
        self.row_of.contains_key(&entry)
    }

    /// All entries, in no order.
    pub fn entries(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().copied()
    }

    /// True when it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let map = places(self.row_of.capacity()) * MAP_PLACE_BYTES;
        let halves = self.upper.capacity() + self.lower.capacity();
        halves + self.fine.capacity() + self.entries.capacity() * ROW_BYTES + map
    }

    /// Memory that one more vector of this length would take, in bytes; nothing while there is room.
    #[must_use]
    pub fn growth_bytes(&self, width: usize) -> usize {
        let rows = if self.entries.len() == self.entries.capacity() {
            self.more_rows()
        } else {
            0
        };
        // A map that is full doubles.
        let is_full = self.row_of.len() == self.row_of.capacity();
        let more = if is_full {
            places(self.row_of.capacity()).max(4)
        } else {
            0
        };
        rows * (2 * packed_bytes(width) + width + ROW_BYTES) + more * MAP_PLACE_BYTES
    }

    /// Takes a vector in, of any length but zero; an entry that is there already gets the new one.
    ///
    /// # Errors
    /// [`BadVector`]; nothing is changed.
    pub fn insert(&mut self, entry: u64, vector: &[f32]) -> Result<(), BadVector> {
        if !self.is_empty() && vector.len() != self.width {
            return Err(BadVector::Width {
                got: vector.len(),
                expected: self.width,
            });
        }
        let unit = unit(vector).ok_or(BadVector::NoDirection)?;
        self.remove(entry);
        self.width = unit.len();
        self.make_room();
        let encoded = Encoded::of(&unit);
        self.upper.extend(encoded.upper);
        self.lower.extend(encoded.lower);
        self.fine.extend(encoded.fine);
        self.upper_scales.push(encoded.upper_scale);
        self.upper_sines.push(encoded.upper_sine);
        self.scales.push(encoded.scales);
        self.row_of.insert(entry, self.entries.len());
        self.entries.push(entry);
        Ok(())
    }

    /// Takes an entry out; true if it was there.
    pub fn remove(&mut self, entry: u64) -> bool {
        let Some(row) = self.row_of.remove(&entry) else {
            return false;
        };
        let last = self.entries.len() - 1;
        if row != last {
            let halves = packed_bytes(self.width);
            let moved = last * halves..(last + 1) * halves;
            self.upper.copy_within(moved.clone(), row * halves);
            self.lower.copy_within(moved, row * halves);
            let moved = last * self.width..(last + 1) * self.width;
            self.fine.copy_within(moved, row * self.width);
            self.row_of.insert(self.entries[last], row);
        }
        self.entries.swap_remove(row);
        self.upper_scales.swap_remove(row);
        self.upper_sines.swap_remove(row);
        self.scales.swap_remove(row);
        self.upper.truncate(last * packed_bytes(self.width));
        self.lower.truncate(last * packed_bytes(self.width));
        self.fine.truncate(last * self.width);
        true
    }

    fn more_rows(&self) -> usize {
        (self.entries.len() / 8).max(LEAST_ROWS)
    }

    /// Grows by an eighth at a time: doubling would let a large namespace take twice what it needs.
    fn make_room(&mut self) {
        if self.entries.len() == self.entries.capacity() {
            let more = self.more_rows();
            self.entries.reserve_exact(more);
            self.upper_scales.reserve_exact(more);
            self.upper_sines.reserve_exact(more);
            self.scales.reserve_exact(more);
            self.upper.reserve_exact(more * packed_bytes(self.width));
            self.lower.reserve_exact(more * packed_bytes(self.width));
            self.fine.reserve_exact(more * self.width);
        }
    }
}

/// Places of a hash map that takes this many before it grows: a power of two, of which an eighth stays free.
fn places(capacity: usize) -> usize {
    match capacity {
        0 => 0,
        1..=3 => 4,
        4..=7 => 8,
        _ => (capacity * 8 / 7).next_power_of_two(),
    }
}

#[cfg(test)]
#[path = "arena_tests.rs"]
mod tests;
