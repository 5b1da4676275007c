//! Pairs: how many that mean the same lie within a distance, how many traps do, and what the guards leave of both.

use crate::data::PairSet;
use crate::vectors::{Vectors, cosine};
use weir_engine::cache::semantic::guards::{Level, verdicts};

/// Shares at one distance.
pub(crate) struct At {
    pub(crate) distance: f64,
    /// Bare, guarded, strictly guarded.
    pub(crate) hits: [f64; 3],
    pub(crate) traps: [f64; 3],
}

/// A set's figures.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) rows: Vec<At>,
}

pub(crate) fn measure(set: &PairSet, vectors: &mut Vectors) -> Result<Measured, String> {
    let mut judged = Vec::new();
    for pair in &set.pairs {
        let distance = 1.0 - cosine(&vectors.of(&pair.one)?, &vectors.of(&pair.other)?);
        let said = verdicts(&pair.one, &pair.other);
        let passes = [
            true,
            said.veto(Level::Normal).is_none(),
            said.veto(Level::Strict).is_none(),
        ];
        judged.push((pair.same, distance, passes));
    }
    let share = |same: bool, within: f64, level: usize| {
        let of_kind = judged.iter().filter(|pair| pair.0 == same);
        let (all, served) = of_kind.fold((0.0, 0.0), |(all, served), pair| {
            (
                all + 1.0,
                served + f64::from(u8::from(pair.1 <= within && pair.2[level])),
            )
        });
        if all == 0.0 { 0.0 } else { served / all }
    };
    let row = |distance: f64| At {
        distance,
        hits: [0, 1, 2].map(|level| share(true, distance, level)),
        traps: [0, 1, 2].map(|level| share(false, distance, level)),
    };
    Ok(Measured {
        name: set.name.clone(),
        rows: [0.05, 0.12, 0.2].map(row).into(),
    })
}
