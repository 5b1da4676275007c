//! Sample traffic for looking around: thirty days of a made-up company, the same every time. It lives in a database of its
//! own that is thrown away, its provider is the simulated one, and the window labels it on every screen.

use weir_contract::{
    NanoUsd,
    model::{
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus, TraceStep},
        rollout::{Rollout, VariantChange},
        tier::Tier,
        usage::TokenUsage,
    },
};
use weir_engine::store::{CacheEntry, RequestRecord, Store, StoreError};

const DAY_MS: i64 = 86_400_000;
const REQUESTS: u64 = 14_000;
const DAYS: i64 = 30;
/// Writes that wait for one commit together.
const TOGETHER: usize = 250;

/// Name, share of traffic in percent, chance of a hit in percent, tier, usual input and output tokens.
const INTENTS: [(&str, u64, u64, Tier, i64, i64); 8] = [
    ("summarization", 22, 31, Tier::T1, 1_900, 240),
    ("question_answering", 20, 44, Tier::T1, 620, 180),
    ("expense_categorization", 15, 78, Tier::T0, 140, 12),
    ("email_draft", 12, 9, Tier::T2, 380, 310),
    ("translation", 11, 52, Tier::T0, 420, 400),
    ("code_generation", 9, 6, Tier::T3, 1_100, 720),
    ("data_extraction", 7, 35, Tier::T1, 1_450, 160),
    ("general", 4, 12, Tier::T1, 500, 260),
];

/// Model, pico-dollars per input and output token. Play money, near the usual prices of each class of model.
const MODELS: [(&str, i128, i128); 4] = [
    ("sim-nano", 50_000, 400_000),
    ("sim-mini", 250_000, 2_000_000),
    ("sim-standard", 1_250_000, 10_000_000),
    ("sim-large", 5_000_000, 25_000_000),
];

/// A small generator with a fixed seed: sample data is the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides.max(1)
    }
    fn signed(&mut self, sides: i64) -> i64 {
        i64::try_from(self.roll(sides.unsigned_abs())).unwrap_or(0)
    }
}

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
        let records: Vec<RequestRecord> = chunk
            .iter()
            .enumerate()
            .map(|(index, at_ms)| record(&mut dice, *at_ms, now_ms, (number * TOGETHER + index) as u64))
            .collect();
        futures::future::try_join_all(records.into_iter().map(|record| store.record(record))).await?;
    }
    for number in 0..160 {
        store.put_entry(entry(&mut dice, now_ms, number)).await?;
    }
    store.fold_rollups().await
}

/// A moment in the last thirty days: more by day than by night, more on weekdays, and growing; a quarter of them in the last
/// three days, so that the short ranges have something to show.
fn moment(dice: &mut Dice, now_ms: i64) -> i64 {
    let span = if dice.roll(4) == 0 {
        3 * DAY_MS
    } else {
        DAYS * DAY_MS
    };
    for _ in 0..8 {
        let back = dice.signed(span).min(dice.signed(span));
        let at_ms = now_ms - back - 500;
        let hour = at_ms.rem_euclid(DAY_MS) / 3_600_000;
        let weekend = matches!((at_ms.div_euclid(DAY_MS) + 4).rem_euclid(7), 0 | 6);
        let busy: u64 = match hour {
            7..=17 => 100,
            18..=21 => 45,
            _ => 18,
        };
        if dice.roll(100) < busy / if weekend { 3 } else { 1 } {
            return at_ms;
        }
    }
    now_ms - dice.signed(span) - 500
}

fn record(dice: &mut Dice, at_ms: i64, now_ms: i64, number: u64) -> RequestRecord {
    let mut share = dice.roll(100);
    let mut intent = INTENTS[0];
    for one in INTENTS {
        intent = one;
        if share < one.1 {
            break;
        }
        share -= one.1;
    }
    let (name, _, hit_percent, usual_tier, input, output) = intent;
    // The cache warmed up over the month.
    let age_days = (now_ms - at_ms) / DAY_MS;
    let warmth = 100 - u64::try_from(age_days).unwrap_or(0) * 2;
    let hit = dice.roll(100) < hit_percent * warmth / 100;
    let raised = dice.roll(12) == 0 && usual_tier < Tier::T3;
    let tier = if raised {
        Tier::ALL[usual_tier as usize + 1]
    } else {
        usual_tier
    };
    let failed = !hit && dice.roll(140) == 0;
    let user = format!("sample-user-{:02}", dice.roll(24) + 1);
    let variants = variants(&user, at_ms, now_ms);
    let faster = variants.first().is_some_and(|variant| variant.ends_with("=new"));
    let tokens = TokenUsage {
        input: input / 2 + dice.signed(input),
        output: output / 2 + dice.signed(output),
        ..TokenUsage::default()
    };
    let (model, input_pico, output_pico) = MODELS[tier as usize];
    let pico = i128::from(tokens.input) * input_pico + i128::from(tokens.output) * output_pico;
    let cost = NanoUsd(i64::try_from((pico + 999) / 1_000).unwrap_or(i64::MAX));
    let upstream_us = latency_us(dice, tier, tokens.output, faster);
    let overhead_us = 180 + dice.signed(500);
    let row = RequestRow {
        id: sample_id(at_ms, number, dice),
        started_ms: at_ms,
        duration_us: if hit {
            300 + dice.signed(900)
        } else {
            upstream_us + overhead_us
        },
        first_byte_us: if hit {
            250 + dice.signed(400)
        } else {
            upstream_us / 4 + overhead_us
        },
        upstream_us: if hit { 0 } else { upstream_us },
        endpoint: if dice.roll(4) == 0 {
            "messages"
        } else {
            "chat_completions"
        }
        .to_owned(),
        streamed: dice.roll(3) == 0,
        key_id: format!("sample{}", dice.roll(3) + 1),
        team: "sample-team".to_owned(),
        user,
        session: String::new(),
        event: String::new(),
        tags: Vec::new(),
        client_ip: "127.0.0.1".to_owned(),
        intent: name.to_owned(),
        requested_model: "auto".to_owned(),
        tier: Some(tier),
        provider: "simulated".to_owned(),
        model: model.to_owned(),
        simulated: true,
        cache: if hit {
            CacheOutcome::Response
        } else {
            CacheOutcome::Miss
        },
        variants,
        status: if failed {
            RequestStatus::Failed
        } else {
            RequestStatus::Ok
        },
        http_status: if failed { 502 } else { 200 },
        error: if failed {
            "provider_failed".to_owned()
        } else {
            String::new()
        },
        attempts: u32::from(!hit) + u32::from(failed),
        tokens: if hit || failed {
            TokenUsage::default()
        } else {
            tokens
        },
        cost_nanousd: if hit || failed { NanoUsd::ZERO } else { cost },
        saved_nanousd: if hit { cost } else { NanoUsd::ZERO },
        cost_basis: if hit || failed {
            CostBasis::Free
        } else {
            CostBasis::Settled
        },
        price_id: "sample".to_owned(),
        price_unknown: false,
    };
    let step = TraceStep {
        at_us: 0,
        stage: "intent".to_owned(),
        decision: "Sample data: this request was made up and no decisions were recorded.".to_owned(),
        facts: Vec::new(),
    };
    RequestRecord {
        row,
        trace: vec![step],
        request_body: None,
        response_body: None,
        settlements: Vec::new(),
        hit_key: None,
    }
}

/// Larger models are slower, long answers take longer, and one in thirty has a bad moment.
fn latency_us(dice: &mut Dice, tier: Tier, output_tokens: i64, faster: bool) -> i64 {
    let (base_ms, per_token_us) = [(160, 3_000), (240, 5_000), (420, 9_000), (700, 14_000)][tier as usize];
    let mut us = base_ms * 1_000 + output_tokens * per_token_us + dice.signed(base_ms * 900);
    if dice.roll(30) == 0 {
        us = us * 3 + dice.signed(4_000_000);
    }
    if faster { us * 8 / 10 } else { us }
}

/// Two rollouts that grew over the month.
fn variants(user: &str, at_ms: i64, now_ms: i64) -> Vec<String> {
    let age_days = (now_ms - at_ms) / DAY_MS;
    let step = |steps: &[(i64, u16)]| {
        steps
            .iter()
            .find(|(from_age, _)| age_days >= *from_age)
            .map_or(0, |(_, points)| *points)
    };
    let shares = [
        (
            "cheaper-drafts",
            step(&[(24, 0), (18, 500), (12, 1_000), (6, 2_500), (0, 5_000)]),
        ),
        (
            "shorter-prompt",
            step(&[(15, 0), (9, 100), (3, 1_000), (0, 2_500)]),
        ),
    ];
    let take_part = shares.iter().map(|(name, points)| {
        let new = weir_engine::rollout::assign::is_in(name, user, *points);
        format!("{name}={}", if new { "new" } else { "old" })
    });
    take_part.collect()
}

fn sample_id(at_ms: i64, number: u64, dice: &mut Dice) -> String {
    let mut random = [0_u8; 10];
    random[..8].copy_from_slice(&number.to_be_bytes());
    random[8] = u8::try_from(dice.roll(256)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(at_ms.unsigned_abs(), &random)
        .into_uuid()
        .to_string()
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
            .save_config("rollout", name, &body, 0, "sample", now_ms)
            .await?;
    }
    Ok(())
}
