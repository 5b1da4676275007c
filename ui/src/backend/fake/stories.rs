//! Made-up requests with their traces, and made-up cache entries.

use super::{
    shelf::{INTENTS, Shelf},
    traffic::noise,
};
use weir_contract::{
    ApiError, NanoUsd,
    command::{
        cache::CacheEntryPage,
        requests::{RequestPage, RequestsList},
    },
    model::{
        cache::{CacheEntryRow, CacheExtent, CacheSelector},
        gateway::ProfileKind,
        request::{
            CacheOutcome, CostBasis, RequestDetail, RequestFilter, RequestRow, RequestStatus, TraceStep,
        },
        tier::Tier,
        usage::TokenUsage,
    },
};

const GAP_MS: i64 = 7_000;
/// How far back the list looks for rows that match.
const FARTHEST: i64 = 20_000;
const ENTRIES: u64 = 64;

fn pick_intent(dice: f64) -> usize {
    let mut left = dice;
    for (index, intent) in INTENTS.iter().enumerate() {
        left -= intent.1;
        if left <= 0.0 {
            return index;
        }
    }
    0
}

/// The request of slot `slot`; its id carries the slot.
fn row(slot: i64) -> RequestRow {
    let dice = |salt: u64| noise(slot as u64 * 131 + salt);
    let intent = pick_intent(dice(1));
    let status = match (dice(2) * 1_000.0) as u32 {
        0..4 => RequestStatus::Failed,
        4..7 => RequestStatus::Cut,
        7..12 => RequestStatus::Refused,
        12..15 => RequestStatus::ClientGone,
        _ => RequestStatus::Ok,
    };
    let refused = status == RequestStatus::Refused;
    let cache = match dice(3) {
        _ if refused => CacheOutcome::Bypass,
        dice if dice < 0.08 => CacheOutcome::Bypass,
        dice if dice < 0.08 + 0.92 * INTENTS[intent].2 && status == RequestStatus::Ok => {
            CacheOutcome::Response
        }
        _ => CacheOutcome::Miss,
    };
    let tier = Tier::ALL[(dice(4) * 3.0 + if intent > 2 { 0.9 } else { 0.0 }) as usize % 4];
    let input = 180 + (dice(5) * 1_900.0) as i64;
    let output = 30 + (dice(6) * 420.0) as i64;
    let price = [60, 250, 1_800, 6_200][tier as usize];
    let full = NanoUsd(price * (input + 4 * output));
    let paid = !cache.is_hit() && !refused && status != RequestStatus::Failed;
    let upstream_us = if cache.is_hit() || refused {
        0
    } else {
        210_000 + (dice(7).powi(3) * 2_400_000.0) as i64
    };
    let own_us = 700 + (dice(8) * 1_500.0) as i64;
    let model = ["sim-nano", "sim-small", "sim-large", "sim-max"][tier as usize];
    RequestRow {
        id: format!("0193a5c0-{:04x}-7000-8000-{slot:012x}", slot & 0xffff),
        started_ms: slot * GAP_MS + (dice(9) * 5_000.0) as i64,
        duration_us: upstream_us + own_us,
        first_byte_us: upstream_us / 3 + own_us,
        upstream_us,
        endpoint: if dice(10) < 0.3 {
            "messages"
        } else {
            "chat_completions"
        }
        .to_owned(),
        streamed: dice(11) < 0.6,
        key_id: "7f3a".to_owned(),
        team: "web".to_owned(),
        user: ["ana@example.com", "ben@example.com", "chi@example.com"][(dice(12) * 3.0) as usize % 3]
            .to_owned(),
        session: format!("s-{}", slot / 9),
        event: String::new(),
        tags: vec!["sample".to_owned()],
        client_ip: "127.0.0.1".to_owned(),
        intent: INTENTS[intent].0.to_owned(),
        requested_model: if dice(13) < 0.8 { "auto" } else { "sim-large" }.to_owned(),
        tier: (!refused).then_some(tier),
        provider: "simulated".to_owned(),
        model: model.to_owned(),
        simulated: true,
        cache,
        variants: vec![format!(
            "cheaper-summaries={}",
            if dice(14) < 0.25 { "new" } else { "old" }
        )],
        status,
        http_status: [200, 502, 200, 429, 499][status as usize],
        error: ["", "upstream_unavailable", "stream_cut", "rate_limited", ""][status as usize].to_owned(),
        attempts: if status == RequestStatus::Failed {
            4
        } else {
            u32::from(paid)
        },
        tokens: if refused {
            TokenUsage::default()
        } else {
            TokenUsage {
                input,
                output,
                cache_read: input / 5,
                ..TokenUsage::default()
            }
        },
        cost_nanousd: if paid { full } else { NanoUsd::ZERO },
        saved_nanousd: if cache.is_hit() { full } else { NanoUsd::ZERO },
        cost_basis: match (paid, status) {
            (false, _) => CostBasis::Free,
            (true, RequestStatus::Cut) => CostBasis::Unsettled,
            _ => CostBasis::Settled,
        },
        price_id: if paid {
            format!("simulated/{model}@2026-11-01")
        } else {
            String::new()
        },
        price_unknown: false,
    }
}

fn matches(filter: &RequestFilter, row: &RequestRow) -> bool {
    let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
    filter
        .range
        .is_none_or(|range| (range.from_ms..range.to_ms).contains(&row.started_ms))
        && same(&filter.intent, &row.intent)
        && same(&filter.model, &row.model)
        && same(&filter.provider, &row.provider)
        && same(&filter.user, &row.user)
        && same(&filter.key_id, &row.key_id)
        && filter.tier.is_none_or(|tier| row.tier == Some(tier))
        && filter.cache.is_none_or(|cache| row.cache == cache)
        && filter.status.is_none_or(|status| row.status == status)
        && filter
            .variant
            .as_ref()
            .is_none_or(|variant| row.variants.contains(variant))
        && filter
            .min_duration_ms
            .is_none_or(|least| row.duration_us >= least * 1_000)
}

pub(super) fn list(shelf: &Shelf, list: &RequestsList) -> RequestPage {
    if shelf.profile != Some(ProfileKind::Sample) {
        // The first request of a local profile "arrives" a while after the door was opened, so that the waiting row can be seen.
        let arrived = shelf.now_ms - shelf.opened_ms > 20_000;
        let rows = if arrived {
            vec![row(shelf.opened_ms / GAP_MS + 3)]
        } else {
            Vec::new()
        };
        return RequestPage {
            rows,
            next_cursor: None,
        };
    }
    let newest = (shelf.now_ms - 9_000).div_euclid(GAP_MS);
    let start = list
        .cursor
        .as_ref()
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(newest);
    let end = list
        .filter
        .range
        .map_or(start, |range| start.min(range.to_ms / GAP_MS));
    let limit = list.limit as usize;
    let mut rows: Vec<RequestRow> = Vec::with_capacity(limit);
    let mut next_cursor = None;
    for slot in (end - FARTHEST..=end).rev() {
        if rows.len() == limit {
            next_cursor = Some(slot.to_string());
            break;
        }
        let row = row(slot);
        if list
            .filter
            .range
            .is_some_and(|range| row.started_ms < range.from_ms - GAP_MS)
        {
            break;
        }
        if matches(&list.filter, &row) {
            rows.push(row);
        }
    }
    RequestPage { rows, next_cursor }
}

pub(super) fn detail(_shelf: &Shelf, id: &str) -> Result<RequestDetail, ApiError> {
    let slot = id
        .rsplit('-')
        .next()
        .and_then(|hex| i64::from_str_radix(hex, 16).ok());
    let Some(row) = slot.map(row).filter(|row| row.id == id) else {
        return Err(ApiError::not_found(format!("There is no request \"{id}\".")));
    };
    let trace = trace(&row);
    let body = "{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"Sample text, made up. <b>Not bold.</b> \u{202e}reversed\"}]}";
    let answer = "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"A made-up answer.\"}}]}";
    Ok(RequestDetail {
        row,
        trace,
        request_body: Some(body.to_owned()),
        response_body: Some(answer.to_owned()),
    })
}

fn trace(row: &RequestRow) -> Vec<TraceStep> {
    let step = |at_us: i64, stage: &str, decision: String, facts: &[(&str, &str)]| TraceStep {
        at_us,
        stage: stage.to_owned(),
        decision,
        facts: facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let tier = row.tier.map_or("none", Tier::as_str);
    let mut steps = vec![
        step(
            40,
            "authenticate",
            "Key 7f3a of team web".to_owned(),
            &[("key", "7f3a")],
        ),
        step(
            95,
            "limit",
            "41 of 60 requests in the window of this user".to_owned(),
            &[("limit", "user-per-minute")],
        ),
        step(
            210,
            "intent",
            format!("\"{}\", by a phrase in the last user message", row.intent),
            &[("confidence", "0.94")],
        ),
        step(240, "rollout", format!("In {}", row.variants.join(", ")), &[]),
        step(
            330,
            "cache",
            format!("Outcome: {}", row.cache.as_str()),
            &[("key", "9f2b6c0e4a71…")],
        ),
    ];
    if row.upstream_us > 0 {
        steps.push(step(
            410,
            "reserve",
            "Reserved the worst case against cap global-daily".to_owned(),
            &[("reserved", "$0.0124")],
        ));
        steps.push(step(
            450,
            "route",
            format!("{tier} is the cheapest tier this intent may use"),
            &[("considered", "T0: below the intent's lowest tier")],
        ));
        steps.push(step(
            row.upstream_us,
            "attempt",
            format!("{} answered", row.model),
            &[("provider", "simulated")],
        ));
        steps.push(step(
            row.duration_us,
            "settle",
            "Settled to the provider's own usage".to_owned(),
            &[("price", "simulated@2026-11-01")],
        ));
    }
    steps
}

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
        .filter(|row| !shelf.cleared.contains(&row.key))
        .collect();
    rows.sort_by_key(|row| -row.created_ms);
    rows
}

pub(super) fn cache_list(shelf: &Shelf, selector: &CacheSelector) -> CacheEntryPage {
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
        })
}

pub(super) fn clear(shelf: &mut Shelf, selector: &CacheSelector) -> CacheExtent {
    let gone = extent(shelf, selector);
    let keys: Vec<String> = entries(shelf)
        .into_iter()
        .filter(|row| selector.means(row))
        .map(|row| row.key)
        .collect();
    shelf.cleared.extend(keys);
    gone
}
