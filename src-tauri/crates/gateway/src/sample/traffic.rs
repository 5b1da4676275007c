//! One made-up request: when it came, what it asked, what it cost and how long it took.

use super::{
    DAY_MS, DAYS,
    company::{INTENTS, MODELS},
    dice::Dice,
};
use weir_contract::{
    NanoUsd,
    model::{
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus, TraceStep},
        tier::Tier,
        usage::TokenUsage,
    },
};
use weir_engine::store::RequestRecord;

/// A moment in the last thirty days: more by day than by night, fewer at weekends, and growing by a half each week, so that
/// the short ranges have something to show, too.
pub(super) fn moment(dice: &mut Dice, now_ms: i64) -> i64 {
    loop {
        let back = dice.signed(DAYS * DAY_MS);
        let at_ms = now_ms - back - 500;
        let hour = at_ms.rem_euclid(DAY_MS) / 3_600_000;
        let weekend = matches!((at_ms.div_euclid(DAY_MS) + 4).rem_euclid(7), 0 | 6);
        let busy: u64 = match hour {
            7..=17 => 100,
            18..=21 => 60,
            5 | 6 | 22 | 23 => 40,
            _ => 22,
        };
        let week_percent = [100, 66, 44, 29, 19][usize::try_from(back / (7 * DAY_MS)).unwrap_or(4).min(4)];
        let next_percent = week_percent * 2 / 3;
        // Between one week's share and the next the traffic falls evenly.
        let into_week = u64::try_from(back % (7 * DAY_MS)).unwrap_or(0) * 100 / (7 * DAY_MS).unsigned_abs();
        let share = week_percent - (week_percent - next_percent) * into_week / 100;
        let weekday = if weekend { 75 } else { 100 };
        if dice.roll(1_000_000) < busy * share * weekday {
            return at_ms;
        }
    }
}

/// The request of one moment.
pub(super) fn record(dice: &mut Dice, at_ms: i64, now_ms: i64, number: u64) -> RequestRecord {
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
        us = us * 2 + dice.signed(3_000_000);
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
