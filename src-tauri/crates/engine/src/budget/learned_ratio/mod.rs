//! What a call to a model will likely use, learned from the settled usage of calls before it.
//!
//! UTF-8 bytes stay the hard bound ([`super::estimate`]); what is learned only says how much of that bound calls really use.
//! No estimate is ever above the bound, and while too little was seen, or answers keep stopping at their limit, the
//! careful estimate (`p99`) is the bound itself.
//!
//! Learned are, per model and class of prompt size, the share of the input's bound that became tokens, and the length of the
//! answers. Sizes are apart because a few very long prompts cost more than all short ones, and a ratio of both together
//! would be that of the short ones. What is remembered is the last 10,000 to 20,000 calls, in two generations, so that a
//! model that changes is learned anew.
//!
//! Pure: gateways hand in what they saw and keep [`LearnedRatios::take_unsaved`] in the store, where the counts of all
//! gateways add up.

mod counts;
#[cfg(test)]
mod tests;

use crate::{price::charge::pico_to_nano_up, price::row::PriceRow, settings::ModelRef};
use counts::{Both, Counts, length_bucket, most_of_length, most_of_share, share_bucket};
use std::collections::{BTreeMap, HashMap};
use weir_contract::NanoUsd;

/// Calls after which a generation is full and the next begins.
pub const CALLS_PER_GENERATION: u64 = 10_000;
/// Bounds on input in bytes that begin the next class of size.
const CLASS_STARTS: [u64; 2] = [2_048, 32_768];
/// Output tokens that are likely where nothing is known yet.
const UNKNOWN_OUTPUT_TOKENS: u64 = 512;

/// Input and output tokens of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

impl Tokens {
    /// The most that these tokens can cost: all at the dearest class of their side, as [`super::estimate`] reserves.
    #[must_use]
    pub fn most_nanousd(self, row: &PriceRow) -> NanoUsd {
        let input = i128::from(self.input) * i128::from(row.dearest_input_pico());
        let output = i128::from(self.output) * i128::from(row.dearest_output_pico());
        pico_to_nano_up(input.saturating_add(output))
    }
}

/// What a call may use. `likely` ≤ `p99` ≤ `hard_bound` on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// What half of the calls like it stay within.
    pub likely: Tokens,
    /// What at least 99 of 100 calls like it stay within, input and output together. The hard bound until it is learned.
    pub p99: Tokens,
    /// What no call can pass.
    pub hard_bound: Tokens,
}

impl Estimate {
    /// True once there is more to say than the hard bound.
    #[must_use]
    pub fn is_learned(&self) -> bool {
        self.p99 != self.hard_bound
    }
}

/// One settled call: what it could have used at most, and what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledUse {
    /// The bound on input that was reserved for ([`super::estimate::PromptSize::worst_input_tokens`]).
    pub input_bytes: u64,
    /// The bound on output that was reserved for.
    pub max_output_tokens: u64,
    /// From the provider's usage, all classes of a side together.
    pub used: Tokens,
}

/// Which side of a call a count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Input,
    Output,
}

/// How often one bucket was seen; the form in which the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RatioCount {
    pub provider: String,
    pub model: String,
    /// 0 for short prompts, 2 for the longest.
    pub size_class: u8,
    pub side: Side,
    /// Rises when the one before is full; only the newest two count.
    pub generation: u32,
    pub bucket: u16,
    pub n: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    side: Side,
    generation: u32,
    bucket: u16,
}

/// The counts of one generation.
#[derive(Debug, Clone, Default)]
struct Generation {
    input: Counts,
    output: Counts,
}

impl Generation {
    fn side(&mut self, side: Side) -> &mut Counts {
        match side {
            Side::Input => &mut self.input,
            Side::Output => &mut self.output,
        }
    }
}

/// What is known of one model and class of size.
#[derive(Debug, Clone, Default)]
struct Learned {
    newest: u32,
    current: Generation,
    before: Generation,
    unsaved: BTreeMap<Slot, u64>,
}

impl Learned {
    /// Counts, wherever its generation stands; older than the one before is forgotten.
    fn add(&mut self, slot: Slot, n: u64) {
        if slot.generation > self.newest {
            let follows = slot.generation - self.newest == 1;
            let last = std::mem::take(&mut self.current);
            self.before = if follows { last } else { Generation::default() };
            self.newest = slot.generation;
        }
        match self.newest - slot.generation {
            0 => self.current.side(slot.side).add(slot.bucket, n),
            1 => self.before.side(slot.side).add(slot.bucket, n),
            _ => {}
        }
    }

    fn learn(&mut self, side: Side, bucket: u16) {
        let slot = Slot {
            side,
            generation: self.newest,
            bucket,
        };
        self.add(slot, 1);
        *self.unsaved.entry(slot).or_default() += 1;
    }
}

/// The state machine: learns from settled calls, estimates new ones.
#[derive(Debug, Clone, Default)]
pub struct LearnedRatios {
    models: HashMap<(ModelRef, u8), Learned>,
}

impl LearnedRatios {
    /// What a call to this model may use. `input_bytes` is the hard bound on its input: the UTF-8 bytes of its text and what
    /// its messages and images add ([`super::estimate::PromptSize::worst_input_tokens`]); `max_output_tokens` is that on its
    /// output, over all answers asked for.
    #[must_use]
    pub fn estimate(&self, model: &ModelRef, input_bytes: u64, max_output_tokens: u64) -> Estimate {
        let hard_bound = Tokens {
            input: input_bytes,
            output: max_output_tokens,
        };
        let unknown = Tokens {
            input: super::likely::likely_tokens(input_bytes),
            output: UNKNOWN_OUTPUT_TOKENS,
        };
        let known = self.models.get(&(model.clone(), size_class(input_bytes)));
        let nothing = Learned::default();
        let Learned { current, before, .. } = known.unwrap_or(&nothing);
        let input = Both(&current.input, &before.input);
        let output = Both(&current.output, &before.output);
        let input_of = |bucket: u16| most_of_share(bucket, input_bytes);
        let p99 = Tokens {
            input: input.nearly_all().map_or(hard_bound.input, input_of),
            output: output.nearly_all().map_or(hard_bound.output, most_of_length),
        };
        let likely = Tokens {
            input: input.middle().map_or(unknown.input, input_of),
            output: output.middle().map_or(unknown.output, most_of_length),
        };
        let within = |tokens: Tokens, bound: Tokens| Tokens {
            input: tokens.input.min(bound.input),
            output: tokens.output.min(bound.output),
        };
        let p99 = within(p99, hard_bound);
        Estimate {
            likely: within(likely, p99),
            p99,
            hard_bound,
        }
    }

    /// Learns from a call whose provider said what it used. Never call it with an estimate: it would learn itself.
    pub fn learn(&mut self, model: &ModelRef, settled: &SettledUse) {
        let class = size_class(settled.input_bytes);
        let learned = self.models.entry((model.clone(), class)).or_default();
        if learned.current.input.seen() >= CALLS_PER_GENERATION {
            let slot = Slot {
                side: Side::Input,
                generation: learned.newest.saturating_add(1),
                bucket: 0,
            };
            learned.add(slot, 0);
        }
        learned.learn(Side::Input, share_bucket(settled.used.input, settled.input_bytes));
        learned.learn(
            Side::Output,
            length_bucket(settled.used.output, settled.max_output_tokens),
        );
    }

    /// What was learned since the last time, to be added to what the store has. Where that fails, hand it to
    /// [`LearnedRatios::put_back`].
    pub fn take_unsaved(&mut self) -> Vec<RatioCount> {
        let mut unsaved = Vec::new();
        for ((model, size_class), learned) in &mut self.models {
            for (slot, n) in std::mem::take(&mut learned.unsaved) {
                unsaved.push(RatioCount {
                    provider: model.provider.clone(),
                    model: model.model.clone(),
                    size_class: *size_class,
                    side: slot.side,
                    generation: slot.generation,
                    bucket: slot.bucket,
                    n,
                });
            }
        }
        unsaved.sort();
        unsaved
    }

    /// Takes back what could not be saved.
    pub fn put_back(&mut self, unsaved: &[RatioCount]) {
        for count in unsaved {
            let learned = self.models.entry(key_of(count)).or_default();
            *learned.unsaved.entry(slot_of(count)).or_default() += count.n;
        }
    }

    /// Replaces what is known by what the store has, counts of other gateways included, and adds what is not saved yet.
    pub fn load(&mut self, saved: &[RatioCount]) {
        for learned in self.models.values_mut() {
            learned.current = Generation::default();
            learned.before = Generation::default();
        }
        for count in saved {
            let learned = self.models.entry(key_of(count)).or_default();
            learned.add(slot_of(count), count.n);
        }
        for learned in self.models.values_mut() {
            for (slot, n) in learned.unsaved.clone() {
                learned.add(slot, n);
            }
        }
    }
}

fn key_of(count: &RatioCount) -> (ModelRef, u8) {
    let model = ModelRef {
        provider: count.provider.clone(),
        model: count.model.clone(),
    };
    (model, count.size_class)
}

fn slot_of(count: &RatioCount) -> Slot {
    Slot {
        side: count.side,
        generation: count.generation,
        bucket: count.bucket,
    }
}

fn size_class(input_bytes: u64) -> u8 {
    CLASS_STARTS
        .iter()
        .map(|start| u8::from(input_bytes >= *start))
        .sum()
}
