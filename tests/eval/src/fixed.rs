//! What a fixed distance makes of the same stream, bare and with guards: the yardstick.

use crate::replay::Row;
use weir_engine::cache::semantic::difference::Difference;
use weir_engine::cache::semantic::guards::{Level, Verdicts};
use weir_engine::cache::semantic::index::arena::Arena;

/// One distance on one stream.
pub(crate) struct Fixed {
    pub(crate) distance: f64,
    pub(crate) guarded: bool,
    pub(crate) hit_share: f64,
    pub(crate) wrong_share: f64,
}

pub(crate) fn measure(rows: &[Row]) -> Vec<Fixed> {
    let distances = [
        0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.12, 0.14, 0.16, 0.18, 0.20, 0.23,
        0.26, 0.30,
    ];
    let both = distances
        .iter()
        .flat_map(|distance| [(*distance, false), (*distance, true)]);
    both.map(|(distance, guarded)| run(rows, distance, guarded))
        .collect()
}

fn run(rows: &[Row], distance: f64, guarded: bool) -> Fixed {
    let mut arena = Arena::default();
    let (mut hits, mut wrong) = (0.0_f64, 0.0);
    let least = 1.0 - distance as f32;
    for (at, row) in rows.iter().enumerate() {
        let near = arena.nearest(&row.vector, if guarded { 3 } else { 1 }, least);
        let passes = |entry: usize| {
            let verdicts = Verdicts::of(&Difference::between(&row.words, &rows[entry].words));
            !guarded || verdicts.veto(Level::Normal).is_none()
        };
        let served = near
            .iter()
            .map(|near| near.entry as usize)
            .find(|entry| passes(*entry));
        if let Some(entry) = served {
            hits += 1.0;
            wrong += f64::from(u8::from(rows[entry].class != row.class));
        } else {
            let _unstored = arena.insert(at as u64, &row.vector);
        }
    }
    Fixed {
        distance,
        guarded,
        hit_share: hits / rows.len().max(1) as f64,
        wrong_share: if hits == 0.0 { 0.0 } else { wrong / hits },
    }
}

/// The fixed distance of most hits at no more than this wrong share; none where each has more.
pub(crate) fn best(fixed: &[Fixed], guarded: bool, wrong_share: f64) -> Option<&Fixed> {
    let allowed = fixed
        .iter()
        .filter(|one| one.guarded == guarded && one.wrong_share <= wrong_share && one.hit_share > 0.0);
    allowed.max_by(|one, other| one.hit_share.total_cmp(&other.hit_share))
}
