//! One made-up request per slot of time; the same slot is always the same request.

use super::{seed::INTENTS, traffic::noise};
use weir_contract::{
    NanoUsd,
    model::{
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus},
        tier::Tier,
        usage::TokenUsage,
    },
};

/// Between two made-up requests.
pub(super) const GAP_MS: i64 = 7_000;

pub(super) fn pick_intent(dice: f64) -> usize {
    let mut left = dice;
    for (index, intent) in INTENTS.iter().enumerate() {
        left -= intent.1;
        if left <= 0.0 {
            return index;
        }
    }
    0
}

/// What the dice decide about one slot.
struct Slot {
    number: i64,
    intent: usize,
    status: RequestStatus,
    cache: CacheOutcome,
    tier: Tier,
    input: i64,
    output: i64,
}

impl Slot {
    fn new(number: i64) -> Slot {
        let mut slot = Slot {
            number,
            intent: 0,
            status: RequestStatus::Ok,
            cache: CacheOutcome::Miss,
            tier: Tier::T0,
            input: 0,
            output: 0,
        };
        slot.intent = pick_intent(slot.dice(1));
        slot.status = match (slot.dice(2) * 1_000.0) as u32 {
            0..4 => RequestStatus::Failed,
            4..7 => RequestStatus::Cut,
            7..12 => RequestStatus::Refused,
            12..15 => RequestStatus::ClientGone,
            _ => RequestStatus::Ok,
        };
        slot.cache = slot.cache_outcome();
        let lift = if slot.intent > 2 { 0.9 } else { 0.0 };
        slot.tier = Tier::ALL[(slot.dice(4) * 3.0 + lift) as usize % 4];
        slot.input = 180 + (slot.dice(5) * 1_900.0) as i64;
        slot.output = 30 + (slot.dice(6) * 420.0) as i64;
        slot
    }

    /// A number in 0..1 that belongs to this slot and question.
    fn dice(&self, question: u64) -> f64 {
        noise(self.number as u64 * 131 + question)
    }

    fn is_refused(&self) -> bool {
        self.status == RequestStatus::Refused
    }

    fn cache_outcome(&self) -> CacheOutcome {
        match self.dice(3) {
            _ if self.is_refused() => CacheOutcome::Bypass,
            dice if dice < 0.08 => CacheOutcome::Bypass,
            dice if dice < 0.08 + 0.92 * INTENTS[self.intent].2 && self.status == RequestStatus::Ok => {
                CacheOutcome::Response
            }
            _ => CacheOutcome::Miss,
        }
    }

    fn is_paid(&self) -> bool {
        !self.cache.is_hit() && !self.is_refused() && self.status != RequestStatus::Failed
    }

    /// What the answer costs when it is bought.
    fn price(&self) -> NanoUsd {
        let per_token = [60, 250, 1_800, 6_200][self.tier as usize];
        NanoUsd(per_token * (self.input + 4 * self.output))
    }

    fn upstream_us(&self) -> i64 {
        if self.cache.is_hit() || self.is_refused() {
            0
        } else {
            210_000 + (self.dice(7).powi(3) * 2_400_000.0) as i64
        }
    }

    fn own_us(&self) -> i64 {
        700 + (self.dice(8) * 1_500.0) as i64
    }

    fn tokens(&self) -> TokenUsage {
        if self.is_refused() {
            return TokenUsage::default();
        }
        TokenUsage {
            input: self.input,
            output: self.output,
            cache_read: self.input / 5,
            ..TokenUsage::default()
        }
    }

    fn cost_basis(&self) -> CostBasis {
        match (self.is_paid(), self.status) {
            (false, _) => CostBasis::Free,
            (true, RequestStatus::Cut) => CostBasis::Unsettled,
            _ => CostBasis::Settled,
        }
    }
}

/// The request of a slot; its id carries the slot.
pub(super) fn row(number: i64) -> RequestRow {
    let slot = Slot::new(number);
    let (upstream_us, own_us, paid) = (slot.upstream_us(), slot.own_us(), slot.is_paid());
    let model = ["sim-nano", "sim-small", "sim-large", "sim-max"][slot.tier as usize];
    let pick = |question: u64, share: f64, yes: &str, no: &str| {
        let word = if slot.dice(question) < share { yes } else { no };
        word.to_owned()
    };
    let users = ["ana@example.com", "ben@example.com", "chi@example.com"];
    let price_id = format!("simulated/{model}@2026-11-01");
    let attempts = if slot.status == RequestStatus::Failed {
        4
    } else {
        u32::from(paid)
    };
    RequestRow {
        id: format!("0193a5c0-{:04x}-7000-8000-{number:012x}", number & 0xffff),
        started_ms: number * GAP_MS + (slot.dice(9) * 5_000.0) as i64,
        duration_us: upstream_us + own_us,
        first_byte_us: upstream_us / 3 + own_us,
        upstream_us,
        endpoint: pick(10, 0.3, "messages", "chat_completions"),
        streamed: slot.dice(11) < 0.6,
        key_id: "7f3a".to_owned(),
        team: "web".to_owned(),
        user: users[(slot.dice(12) * 3.0) as usize % 3].to_owned(),
        session: format!("s-{}", number / 9),
        event: String::new(),
        tags: vec!["sample".to_owned()],
        client_ip: "127.0.0.1".to_owned(),
        intent: INTENTS[slot.intent].0.to_owned(),
        requested_model: pick(13, 0.8, "auto", "sim-large"),
        tier: (!slot.is_refused()).then_some(slot.tier),
        provider: "simulated".to_owned(),
        model: model.to_owned(),
        simulated: true,
        cache: slot.cache,
        variants: vec![format!("cheaper-summaries={}", pick(14, 0.25, "new", "old"))],
        status: slot.status,
        http_status: [200, 502, 200, 429, 499][slot.status as usize],
        error: ["", "upstream_unavailable", "stream_cut", "rate_limited", ""][slot.status as usize]
            .to_owned(),
        attempts,
        tokens: slot.tokens(),
        cost_nanousd: if paid { slot.price() } else { NanoUsd::ZERO },
        saved_nanousd: if slot.cache.is_hit() {
            slot.price()
        } else {
            NanoUsd::ZERO
        },
        cost_basis: slot.cost_basis(),
        price_id: if paid { price_id } else { String::new() },
        price_unknown: false,
    }
}
