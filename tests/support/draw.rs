//! Random numbers for tests that can be drawn again: each test prints its seed.

use std::time::{SystemTime, UNIX_EPOCH};

/// SplitMix64.
pub struct Draw(u64);

impl Draw {
    /// From `WEIR_TEST_SEED`, or else from the time; prints which.
    ///
    /// # Panics
    /// Before 1970.
    #[must_use]
    pub fn seeded(test: &str) -> Draw {
        let given = std::env::var("WEIR_TEST_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        let seed =
            given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
        println!("{test}: WEIR_TEST_SEED={seed}");
        Draw(seed)
    }

    #[must_use]
    pub fn from(seed: u64) -> Draw {
        Draw(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` up to and without `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.number() % (high - low).unsigned_abs()) as i64
    }

    pub fn below(&mut self, high: u64) -> u64 {
        self.number() % high
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[(self.number() % of.len() as u64) as usize]
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.number() % 100 < percent
    }
}
