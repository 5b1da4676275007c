//! Adds requests up in memory, by row of the rollups. No SQL.

use serde::Serialize;
use std::collections::HashMap;
use weir_engine::{
    metrics::bucket::bucket_of,
    store::{Counters, Dimension, Grain, OWN_EVENTS},
};

/// What the rollups need of a request, as read from `requests`.
pub(super) struct Counted {
    pub(super) seq: i64,
    pub(super) started_ms: i64,
    pub(super) duration_us: i64,
    pub(super) key_id: String,
    pub(super) team: String,
    pub(super) user_name: String,
    pub(super) client_ip: String,
    pub(super) event: String,
    pub(super) intent: String,
    pub(super) tier: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) simulated: i64,
    pub(super) cache: String,
    pub(super) variants: String,
    pub(super) status: String,
    pub(super) input_tokens: i64,
    pub(super) cache_read_tokens: i64,
    pub(super) cache_write_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) reasoning_tokens: i64,
    pub(super) cost_nanousd: i64,
    pub(super) saved_nanousd: i64,
    pub(super) cost_basis: String,
    pub(super) price_unknown: i64,
}

/// One row of `rollup_counters`.
#[derive(Serialize)]
pub(super) struct CounterRow<'a> {
    pub(super) grain: &'static str,
    pub(super) dimension: &'static str,
    pub(super) at_ms: i64,
    pub(super) value: &'a str,
    #[serde(flatten)]
    pub(super) counters: Counters,
}

/// One row of `rollup_latency`.
#[derive(Serialize)]
pub(super) struct LatencyRow {
    pub(super) grain: &'static str,
    pub(super) at_ms: i64,
    pub(super) bucket: i32,
    pub(super) n: i64,
}

const GRAINS: [Grain; 2] = [Grain::Minute, Grain::Hour];

/// Sums by grain and step, dimension and value; and by latency bucket.
#[derive(Default)]
pub(super) struct Sums {
    counters: HashMap<(&'static str, i64, Dimension), HashMap<String, Counters>>,
    latency: HashMap<(&'static str, i64, i32), i64>,
    used_ms: HashMap<String, i64>,
}

impl Sums {
    pub(super) fn add(&mut self, request: &Counted) {
        let counters = counters_of(&request.figures());
        let variants: Vec<String> = serde_json::from_str(&request.variants).unwrap_or_default();
        for grain in GRAINS {
            let length_ms = grain.length_ms();
            let at_ms = request.started_ms.div_euclid(length_ms) * length_ms;
            let is_hour = grain == Grain::Hour;
            let grain = super::name(grain);
            let mut count = |dimension, value: &str| {
                let values = self.counters.entry((grain, at_ms, dimension)).or_default();
                match values.get_mut(value) {
                    Some(sum) => add(sum, &counters),
                    None => {
                        values.insert(value.to_owned(), counters);
                    }
                }
            };
            count(Dimension::All, "");
            count(Dimension::Tier, &request.tier);
            count(Dimension::Provider, &request.provider);
            count(Dimension::Model, &request.model);
            count(Dimension::Intent, &request.intent);
            count(Dimension::Key, &request.key_id);
            for variant in &variants {
                count(Dimension::Variant, variant);
            }
            if is_hour {
                count(Dimension::User, &request.user_name);
                count(Dimension::Team, &request.team);
                count(Dimension::Event, &request.event);
            }
            if request.status == "ok" {
                let bucket = bucket_of(request.duration_us);
                *self.latency.entry((grain, at_ms, bucket)).or_default() += 1;
            }
        }
        if !request.key_id.is_empty() {
            let used = self.used_ms.entry(request.key_id.clone()).or_insert(i64::MIN);
            *used = request.started_ms.max(*used);
        }
    }

    pub(super) fn counter_rows(&self) -> Vec<CounterRow<'_>> {
        let rows = self
            .counters
            .iter()
            .flat_map(|((grain, at_ms, dimension), values)| {
                values.iter().map(|(value, counters)| CounterRow {
                    grain,
                    dimension: dimension.as_str(),
                    at_ms: *at_ms,
                    value,
                    counters: *counters,
                })
            });
        rows.collect()
    }

    pub(super) fn latency_rows(&self) -> Vec<LatencyRow> {
        let rows = self.latency.iter().map(|((grain, at_ms, bucket), n)| LatencyRow {
            grain,
            at_ms: *at_ms,
            bucket: *bucket,
            n: *n,
        });
        rows.collect()
    }

    /// When each key was last used.
    pub(super) fn used_keys(&self) -> &HashMap<String, i64> {
        &self.used_ms
    }
}

/// What a request adds to a row, as far as it is more than 1.
pub(crate) struct Figures<'a> {
    pub(crate) cache: &'a str,
    pub(crate) status: &'a str,
    pub(crate) cost_basis: &'a str,
    /// Weir's own call, such as an audit of the semantic cache.
    pub(crate) is_own: bool,
    pub(crate) cost_nanousd: i64,
    pub(crate) saved_nanousd: i64,
    pub(crate) price_unknown: i64,
    pub(crate) simulated: i64,
    pub(crate) input_tokens: i64,
    pub(crate) cache_read_tokens: i64,
    pub(crate) cache_write_tokens: i64,
    pub(crate) output_tokens: i64,
    pub(crate) reasoning_tokens: i64,
}

impl Counted {
    fn figures(&self) -> Figures<'_> {
        Figures {
            cache: &self.cache,
            status: &self.status,
            cost_basis: &self.cost_basis,
            is_own: OWN_EVENTS.contains(&self.event.as_str()),
            cost_nanousd: self.cost_nanousd,
            saved_nanousd: self.saved_nanousd,
            price_unknown: self.price_unknown,
            simulated: self.simulated,
            input_tokens: self.input_tokens,
            cache_read_tokens: self.cache_read_tokens,
            cache_write_tokens: self.cache_write_tokens,
            output_tokens: self.output_tokens,
            reasoning_tokens: self.reasoning_tokens,
        }
    }
}

/// The row that one request alone would give.
pub(crate) fn counters_of(request: &Figures<'_>) -> Counters {
    let hit = matches!(request.cache, "response" | "semantic");
    let cost_nanousd = request.cost_nanousd;
    Counters {
        requests: 1,
        hits: i64::from(hit),
        misses: i64::from(request.cache == "miss"),
        bypassed: i64::from(request.cache == "bypass"),
        // A client that left is a request like any other: nothing failed on our side.
        errors: i64::from(matches!(request.status, "failed" | "cut")),
        refused: i64::from(request.status == "refused"),
        cost_nanousd,
        // What audits, judges and embedders of the semantic cache cost is taken off what it saves.
        saved_nanousd: if request.is_own {
            request.saved_nanousd - cost_nanousd
        } else {
            request.saved_nanousd
        },
        unsettled_nanousd: if request.cost_basis == "unsettled" {
            cost_nanousd
        } else {
            0
        },
        price_unknown: request.price_unknown,
        simulated: request.simulated,
        input_tokens: request.input_tokens,
        cache_read_tokens: request.cache_read_tokens,
        cache_write_tokens: request.cache_write_tokens,
        output_tokens: request.output_tokens,
        reasoning_tokens: request.reasoning_tokens,
    }
}

/// Adds to the sums of a row.
pub(crate) fn add(sum: &mut Counters, more: &Counters) {
    let pairs = [
        (&mut sum.requests, more.requests),
        (&mut sum.hits, more.hits),
        (&mut sum.misses, more.misses),
        (&mut sum.bypassed, more.bypassed),
        (&mut sum.errors, more.errors),
        (&mut sum.refused, more.refused),
        (&mut sum.cost_nanousd, more.cost_nanousd),
        (&mut sum.saved_nanousd, more.saved_nanousd),
        (&mut sum.unsettled_nanousd, more.unsettled_nanousd),
        (&mut sum.price_unknown, more.price_unknown),
        (&mut sum.simulated, more.simulated),
        (&mut sum.input_tokens, more.input_tokens),
        (&mut sum.cache_read_tokens, more.cache_read_tokens),
        (&mut sum.cache_write_tokens, more.cache_write_tokens),
        (&mut sum.output_tokens, more.output_tokens),
        (&mut sum.reasoning_tokens, more.reasoning_tokens),
    ];
    for (sum, more) in pairs {
        *sum = sum.saturating_add(more);
    }
}
