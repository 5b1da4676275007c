//! The default rules measured on the labelled messages. Rules are tuned on one half only; the other half,
//! chosen by a hash of the text, is held out.

use super::{IntentDetector, default_rules};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

struct Row {
    text: String,
    intent: &'static str,
    held_out: bool,
}

fn rows() -> Vec<Row> {
    let read = |line: &'static str| {
        let (text, intent) = line.rsplit_once('\t').expect("text<TAB>intent");
        let held_out = Sha256::digest(text.as_bytes())[0] & 1 == 1;
        Row {
            text: text.replace("\\n", "\n"),
            intent,
            held_out,
        }
    };
    include_str!("labelled.tsv").lines().map(read).collect()
}

/// A check on the figure above, whose author knew both halves: messages written after the rules, to which
/// no rule has been tuned. Replace the list whenever rules are tuned to it.
#[test]
#[expect(clippy::print_stdout, reason = "the figure is the test's report")]
fn most_messages_written_after_the_rules_are_recognised() {
    let detector = IntentDetector::compile(default_rules()).unwrap();
    let unseen: Vec<(&str, &str)> = include_str!("unseen.tsv")
        .lines()
        .filter_map(|line| line.rsplit_once('\t'))
        .collect();
    let right = unseen
        .iter()
        .filter(|(text, intent)| detector.detect(text).intent == *intent)
        .count();
    println!("written after the rules {right}/{}", unseen.len());
    assert!(
        unseen.len() >= 50 && right * 10 > unseen.len() * 8,
        "only {right} of {} are right",
        unseen.len()
    );
}

#[test]
fn the_set_is_as_large_as_it_claims() {
    let mut per_intent = BTreeMap::<&str, usize>::new();
    rows()
        .iter()
        .for_each(|row| *per_intent.entry(row.intent).or_default() += 1);
    assert!(per_intent.values().sum::<usize>() >= 440 && per_intent[super::GENERAL] >= 60);
    for rule in default_rules() {
        assert!(per_intent[rule.name.as_str()] >= 30, "{}", rule.name);
    }
    assert_eq!(per_intent.len(), default_rules().len() + 1);
}

#[test]
#[expect(clippy::print_stdout, reason = "the confusion is the test's report")]
fn more_than_nine_in_ten_messages_are_recognised() {
    let detector = IntentDetector::compile(default_rules()).unwrap();
    let mut right_of = [(0, 0); 2];
    let mut confusion = BTreeMap::<(bool, &str, String), usize>::new();
    for row in rows() {
        let found = detector.detect(&row.text);
        let half = &mut right_of[usize::from(row.held_out)];
        half.1 += 1;
        if found.intent == row.intent {
            half.0 += 1;
            continue;
        }
        // Held-out texts stay unread, so that nobody tunes a rule to them.
        if !row.held_out {
            println!("{} <- {:?}: {}", row.intent, row.text, found.why);
        }
        *confusion
            .entry((row.held_out, row.intent, found.intent))
            .or_default() += 1;
    }
    for ((held_out, wanted, got), count) in confusion {
        println!(
            "{} {wanted} taken for {got}: {count}",
            if held_out { "held out" } else { "tuned on" }
        );
    }
    let [tuned, held_out] = right_of;
    println!(
        "tuned on {}/{}, held out {}/{}",
        tuned.0, tuned.1, held_out.0, held_out.1
    );
    let (right, all) = (tuned.0 + held_out.0, tuned.1 + held_out.1);
    assert!(right * 10 > all * 9, "only {right} of {all} are right");
}
