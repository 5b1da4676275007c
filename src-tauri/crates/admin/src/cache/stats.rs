//! `cache.stats`: size, hit rates and verdicts over a range.

use super::verdict::judge;
use crate::{Admin, check, from_store, span};
use weir_contract::{
    ApiError, NanoUsd,
    command::cache::CacheStatsGet,
    model::cache::{CacheSelector, CacheStats, IntentCacheStats},
};
use weir_engine::store::{Counters, Dimension, RollupPoint};

/// The cache as it is now, and how it did in the range; intents with the most traffic first.
///
/// # Errors
/// `InvalidArgument` for a range that is empty or longer than 400 days; failures of the database.
pub async fn stats(admin: &Admin, command: CacheStatsGet) -> Result<CacheStats, ApiError> {
    check::range(command.range)?;
    let grain = span::grain_of(command.range, admin.clock.now_ms());
    let range = span::aligned(command.range, grain.length_ms());
    let stored = admin
        .store
        .extent(&CacheSelector::All)
        .await
        .map_err(from_store)?;
    let whole = range.length_ms();
    let all = admin
        .store
        .rollup_series(Dimension::All, grain, range, whole)
        .await
        .map_err(from_store)?;
    let by_intent = admin
        .store
        .rollup_series(Dimension::Intent, grain, range, whole)
        .await
        .map_err(from_store)?;
    let sum = all.iter().fold(Counters::default(), |sum, row| Counters {
        hits: sum.hits + row.counters.hits,
        misses: sum.misses + row.counters.misses,
        bypassed: sum.bypassed + row.counters.bypassed,
        saved_nanousd: sum.saved_nanousd.saturating_add(row.counters.saved_nanousd),
        ..sum
    });
    let (memory_entries, memory_bytes) = admin.live.memory_cache();
    let (verdict, reason) = judge(sum.hits, sum.misses);
    Ok(CacheStats {
        stored,
        memory_entries,
        memory_bytes,
        hits: sum.hits,
        misses: sum.misses,
        bypassed: sum.bypassed,
        saved_nanousd: NanoUsd(sum.saved_nanousd),
        verdict,
        reason,
        intents: intents(by_intent),
    })
}

fn intents(rows: Vec<RollupPoint>) -> Vec<IntentCacheStats> {
    let mut intents: Vec<IntentCacheStats> = rows
        .into_iter()
        .map(|row| {
            let (verdict, reason) = judge(row.counters.hits, row.counters.misses);
            IntentCacheStats {
                intent: row.value,
                hits: row.counters.hits,
                misses: row.counters.misses,
                bypassed: row.counters.bypassed,
                saved_nanousd: NanoUsd(row.counters.saved_nanousd),
                verdict,
                reason,
            }
        })
        .collect();
    intents.sort_by(|one, other| {
        let asked = |stats: &IntentCacheStats| stats.hits + stats.misses;
        asked(other)
            .cmp(&asked(one))
            .then_with(|| one.intent.cmp(&other.intent))
    });
    intents
}

#[cfg(test)]
mod tests {
    use super::{Counters, RollupPoint, intents};
    use weir_contract::model::cache::Verdict;

    #[test]
    fn intents_are_judged_apart_and_sorted_by_traffic() {
        let row = |value: &str, hits, misses| RollupPoint {
            at_ms: 0,
            value: value.to_owned(),
            counters: Counters {
                hits,
                misses,
                ..Counters::default()
            },
        };
        let found = intents(vec![row("quiet", 1, 0), row("busy", 0, 90), row("fine", 45, 45)]);
        let order: Vec<(&str, Verdict)> = found
            .iter()
            .map(|stats| (stats.intent.as_str(), stats.verdict))
            .collect();
        assert_eq!(
            order,
            [
                ("busy", Verdict::Review),
                ("fine", Verdict::Good),
                ("quiet", Verdict::TooFew)
            ]
        );
    }
}
