//! Prints how long one detection takes: `cargo run --release -p weir-engine --example intent_speed`.
//!
//! 200 patterns beside the default rules, prompts of about 2,000 tokens (9 kB), plain and non-ASCII.

#![expect(clippy::disallowed_methods, reason = "it measures wall time")]
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measuring tool that prints its figures"
)]

use std::time::Instant;
use weir_engine::intent::{IntentDetector, IntentRule, default_rules};

const ROUNDS: usize = 2000;
const PROMPT_BYTES: usize = 9000;

fn main() {
    let mut rules: Vec<IntentRule> = default_rules();
    for index in 0..20 {
        let mut rule = rules[index % 12].clone();
        rule.name = format!("own_{index}");
        rule.patterns = (0..10)
            .map(|n| {
                format!(r"\b(?:handle|process|send)\b.{{0,40}}\bcase{index}x{n}\b|\bform {index}-{n}[a-z]?\b")
            })
            .collect();
        rules.push(rule);
    }
    let patterns: usize = rules
        .iter()
        .map(|rule| rule.patterns.len() + rule.not.len())
        .sum();
    let started = Instant::now();
    let detector = IntentDetector::compile(rules).expect("the rules compile");
    println!(
        "compiled {patterns} patterns in {} ms",
        started.elapsed().as_millis()
    );
    let plain =
        "We process each order and send the form 12-3 to the customer; the code and the report follow. ";
    let accents =
        "Wir prüfen jeden Auftrag – die Größe, naïve Café-Rechnungen und send the übliche form 7 später. ";
    for (name, sentence) in [("ASCII", plain), ("non-ASCII", accents)] {
        let mut times_us = Vec::with_capacity(ROUNDS);
        for round in 0..ROUNDS {
            let mut text = format!("Summarize the report number {round} for the board: ");
            while text.len() < PROMPT_BYTES {
                text.push_str(sentence);
            }
            let started = Instant::now();
            let found = detector.detect(&text);
            times_us.push(started.elapsed().as_micros());
            assert_eq!(found.intent, "summarize");
        }
        times_us.sort_unstable();
        let (p50, p99) = (times_us[ROUNDS / 2], times_us[ROUNDS * 99 / 100]);
        println!("{name} prompt of {PROMPT_BYTES} bytes: p50 {p50} us, p99 {p99} us");
    }
}
