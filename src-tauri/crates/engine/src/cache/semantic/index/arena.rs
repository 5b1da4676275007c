//! The vectors of one namespace, end to end in memory.
//!
//! Each number is kept in two bytes: a coarse one that every search reads, and a fine one that only the few rows read
//! that may still be among the nearest; see [`super::search`].

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
    pub(super) coarse: Vec<i8>,
    pub(super) fine: Vec<i8>,
    pub(super) rows: Vec<Row>,
    row_of: HashMap<u64, usize>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) entry: u64,
    /// A number is `scale × (coarse + fine / FINE)`.
    pub(super) scale: f32,
    /// Length of what the coarse bytes leave out, which bounds the error of a coarse score.
    pub(super) left_out: f32,
}

/// Steps of the fine byte in one of the coarse.
pub(super) const FINE: f32 = 254.0;
/// Rows for which room is made at least. Most namespaces are one conversation with a question or two.
const LEAST_ROWS: usize = 4;
/// What a hash map keeps for each of its places: key, value and a byte of its own.
const MAP_PLACE_BYTES: usize = size_of::<u64>() + size_of::<usize>() + 1;

impl Arena {
    /// How many vectors it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when it holds this entry.
    #[must_use]
    pub fn holds(&self, entry: u64) -> bool {
        self.row_of.contains_key(&entry)
    }

    /// All entries, in no order.
    pub fn entries(&self) -> impl Iterator<Item = u64> {
        self.row_of.keys().copied()
    }

    /// True when it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let map = places(self.row_of.capacity()) * MAP_PLACE_BYTES;
        self.coarse.capacity() + self.fine.capacity() + self.rows.capacity() * size_of::<Row>() + map
    }

    /// Memory that one more vector of this length would take, in bytes; nothing while there is room.
    #[must_use]
    pub fn growth_bytes(&self, width: usize) -> usize {
        let rows = if self.rows.len() == self.rows.capacity() {
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
        rows * (2 * width + size_of::<Row>()) + more * MAP_PLACE_BYTES
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
        let largest = unit
            .iter()
            .fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = largest / 127.0;
        let mut left_out = 0.0;
        for value in unit {
            let steps = value / scale;
            let coarse = steps.round().clamp(-127.0, 127.0);
            let rest = steps - coarse;
            left_out += (rest * scale) * (rest * scale);
            self.coarse.push(to_byte(coarse));
            self.fine
                .push(to_byte((rest * FINE).round().clamp(-127.0, 127.0)));
        }
        self.row_of.insert(entry, self.rows.len());
        self.rows.push(Row {
            entry,
            scale,
            left_out: left_out.sqrt(),
        });
        Ok(())
    }

    /// Takes an entry out; true if it was there.
    pub fn remove(&mut self, entry: u64) -> bool {
        let Some(row) = self.row_of.remove(&entry) else {
            return false;
        };
        let last = self.rows.len() - 1;
        if row != last {
            let moved = last * self.width..(last + 1) * self.width;
            self.coarse.copy_within(moved.clone(), row * self.width);
            self.fine.copy_within(moved, row * self.width);
            self.row_of.insert(self.rows[last].entry, row);
        }
        self.rows.swap_remove(row);
        self.coarse.truncate(last * self.width);
        self.fine.truncate(last * self.width);
        true
    }

    fn more_rows(&self) -> usize {
        (self.rows.len() / 8).max(LEAST_ROWS)
    }

    /// Grows by an eighth at a time: doubling would let a large namespace take twice what it needs.
    fn make_room(&mut self) {
        if self.rows.len() == self.rows.capacity() {
            let more = self.more_rows();
            self.rows.reserve_exact(more);
            self.coarse.reserve_exact(more * self.width);
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

/// The vector at length 1; none if it has no direction.
pub(super) fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let square: f32 = vector.iter().map(|value| value * value).sum();
    let length = square.sqrt();
    let has_direction = length.is_finite() && length > f32::MIN_POSITIVE;
    has_direction.then(|| vector.iter().map(|value| value / length).collect())
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "callers hold the value within a byte"
)]
fn to_byte(value: f32) -> i8 {
    value as i8
}

#[cfg(test)]
#[path = "arena_tests.rs"]
mod tests;
