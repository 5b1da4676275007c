//! Sample traffic for looking around: thirty days of a made-up company, the same every time. It lives in a database of its
//! own that is thrown away, its provider is the simulated one, and the window labels it on every screen.

pub(crate) mod budget;
mod company;
mod dice;
mod traffic;

use company::{INTENTS, MODELS};
use dice::Dice;
use traffic::{moment, record};
use weir_contract::{
    NanoUsd,
    model::{
        rollout::{Rollout, VariantChange},
        tier::Tier,
    },
};
use weir_engine::store::{CacheEntry, RequestRecord, Store, StoreError};

const DAY_MS: i64 = 86_400_000;
const REQUESTS: u64 = 36_000;
const DAYS: i64 = 30;
/// Writes that wait for one commit together.
const TOGETHER: usize = 250;

/// Fills an empty database, newest requests first, so that the short ranges have something to show at once.
///
/// # Errors
/// The store's.
pub(crate) async fn fill(store: &dyn Store, now_ms: i64) -> Result<(), StoreError> {
    save_rollouts(store, now_ms).await?;
    let mut dice = Dice(7);
    let mut times: Vec<i64> = (0..REQUESTS).map(|_| moment(&mut dice, now_ms)).collect();
    times.sort_unstable_by_key(|at_ms| -at_ms);
    for (number, chunk) in times.chunks(TOGETHER).enumerate() {
        let mut records: Vec<RequestRecord> = chunk
            .iter()
            .enumerate()
            .map(|(index, at_ms)| record(&mut dice, *at_ms, now_ms, (number * TOGETHER + index) as u64))
            .collect();
        budget::charge(store, &mut records, now_ms).await?;
        futures::future::try_join_all(records.into_iter().map(|record| store.record(record))).await?;
    }
    for number in 0..160 {
        store.put_entry(entry(&mut dice, now_ms, number)).await?;
    }
    store.fold_rollups().await
}

fn entry(dice: &mut Dice, now_ms: i64, number: u64) -> CacheEntry {
    let intent = INTENTS[usize::try_from(dice.roll(INTENTS.len() as u64)).unwrap_or(0)];
    let (model, ..) = MODELS[intent.3 as usize];
    let created_ms = now_ms - dice.signed(3 * DAY_MS);
    let row = weir_contract::model::cache::CacheEntryRow {
        key: format!("{number:064x}"),
        label: format!(
            "Sample question {} about {}",
            number + 1,
            intent.0.replace('_', " ")
        ),
        intent: intent.0.to_owned(),
        provider: "simulated".to_owned(),
        model: model.to_owned(),
        tier: Some(intent.3),
        team: "sample-team".to_owned(),
        created_ms,
        expires_ms: now_ms + DAY_MS + dice.signed(20 * DAY_MS),
        last_hit_ms: Some(created_ms + dice.signed((now_ms - created_ms).max(1))),
        hits: dice.signed(60),
        bytes: 600 + dice.signed(4_000),
        cost_nanousd: NanoUsd(20_000 + dice.signed(4_000_000)),
    };
    CacheEntry {
        row,
        app_version: "sample".to_owned(),
        tenant: String::new(),
        body: Vec::new(),
    }
}

async fn save_rollouts(store: &dyn Store, now_ms: i64) -> Result<(), StoreError> {
    let rollouts = [
        (
            "cheaper-drafts",
            "Drafts one tier lower",
            5_000,
            VariantChange {
                highest_tier: Some(Tier::T1),
                ..VariantChange::default()
            },
        ),
        (
            "shorter-prompt",
            "Shorter system prompt",
            2_500,
            VariantChange {
                system_prefix: Some("Answer briefly.".to_owned()),
                ..VariantChange::default()
            },
        ),
    ];
    for (name, description, basis_points, change) in rollouts {
        let rollout = Rollout {
            name: name.to_owned(),
            description: description.to_owned(),
            basis_points,
            enabled: true,
            change,
        };
        let body = serde_json::to_string(&rollout)
            .map_err(|problem| StoreError::Incompatible(problem.to_string()))?;
        store
            .save_config(
                "rollout",
                name,
                &body,
                0,
                &weir_engine::change::Act::of_weir("sample", now_ms),
            )
            .await?;
    }
    Ok(())
}
