//! Made-up cache entries, and what clearing them takes away.

use super::{request::pick_intent, seed::INTENTS, shelf::Shelf, traffic::noise};
use weir_contract::{
    NanoUsd,
    command::cache::CacheEntryPage,
    model::{
        cache::{CacheEntryRow, CacheExtent, CacheSelector},
        gateway::ProfileKind,
        tier::Tier,
    },
};

const ENTRIES: u64 = 64;

fn entries(shelf: &Shelf) -> Vec<CacheEntryRow> {
    if shelf.profile != Some(ProfileKind::Sample) {
        return Vec::new();
    }
    let made = |index: u64| {
        let intent = pick_intent(noise(index * 17));
        let hits = (noise(index * 3 + 1).powi(2) * 140.0) as i64;
        let age_ms = (noise(index * 5 + 2) * 80_000_000.0) as i64;
        CacheEntryRow {
            key: format!("{:016x}{:016x}", index.wrapping_mul(0x9e37_79b9_7f4a_7c15), index),
            label: format!(
                "{}:{}",
                INTENTS[intent].0,
                ["invoice", "report", "roadmap", "contract", "travel"][(index % 5) as usize]
            ),
            intent: INTENTS[intent].0.to_owned(),
            provider: "simulated".to_owned(),
            model: ["sim-small", "sim-large"][(index % 2) as usize].to_owned(),
            tier: Some(Tier::ALL[(index % 3) as usize]),
            team: "web".to_owned(),
            created_ms: shelf.now_ms - age_ms,
            expires_ms: shelf.now_ms - age_ms + 86_400_000,
            last_hit_ms: (hits > 0).then(|| shelf.now_ms - age_ms / 7),
            hits,
            bytes: 900 + (noise(index * 7) * 6_000.0) as i64,
            cost_nanousd: NanoUsd(400_000 + (noise(index * 11) * 4e6) as i64),
        }
    };
    let mut rows: Vec<CacheEntryRow> = (1..=ENTRIES)
        .map(made)
        .filter(|row| !shelf.cleared.iter().any(|(_, key)| *key == row.key))
        .collect();
    rows.sort_by_key(|row| -row.created_ms);
    rows
}

pub(super) fn list(shelf: &Shelf, selector: &CacheSelector) -> CacheEntryPage {
    let rows = entries(shelf)
        .into_iter()
        .filter(|row| selector.means(row))
        .collect();
    CacheEntryPage {
        rows,
        next_cursor: None,
    }
}

pub(super) fn extent(shelf: &Shelf, selector: &CacheSelector) -> CacheExtent {
    entries(shelf)
        .iter()
        .filter(|row| selector.means(row))
        .fold(CacheExtent::default(), |sum, row| CacheExtent {
            entries: sum.entries + 1,
            bytes: sum.bytes + row.bytes,
            saved_nanousd: sum
                .saved_nanousd
                .saturating_add(NanoUsd(row.cost_nanousd.0 * row.hits)),
            collection_items: 0,
        })
}

/// The keys of the entries that are served.
pub(super) fn keys(shelf: &Shelf, selector: &CacheSelector) -> Vec<String> {
    let rows = entries(shelf).into_iter();
    rows.filter(|row| selector.means(row))
        .map(|row| row.key)
        .collect()
}
