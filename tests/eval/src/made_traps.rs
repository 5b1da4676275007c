//! Made pairs by kind of trap (CACHE-4): what a guard is there for, and wordings that mean the same to hold against it.

use crate::data::Pair;
use crate::random::Random;
use std::collections::HashSet;

/// A kind of trap with its pairs.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) pairs: Vec<Pair>,
}

/// Two wordings of one question, and the trap that either is taken for. `{n}` numbers, `{c}` cities, `{p}` people.
type Template = (&'static str, &'static str, &'static str);

const KINDS: &[(&str, &[Template])] = &[
    (
        "negation",
        &[
            (
                "Which orders to {c} were delivered?",
                "List the orders to {c} that were delivered",
                "Which orders to {c} were not delivered?",
            ),
            (
                "Does {p} have to sign form {n}?",
                "Must {p} sign form {n}?",
                "Does {p} not have to sign form {n}?",
            ),
            (
                "Can I enter {c} with visa {n}?",
                "May I enter {c} with visa {n}?",
                "Can I enter {c} without visa {n}?",
            ),
            (
                "Show invoices of {p} that are paid",
                "Invoices of {p} that are paid, please",
                "Show invoices of {p} that are never paid",
            ),
        ],
    ),
    (
        "antonym",
        &[
            (
                "How do I enable alerts for {p}?",
                "What enables alerts for {p}?",
                "How do I disable alerts for {p}?",
            ),
            (
                "List the cheapest hotels in {c}, top {n}",
                "Top {n} of the cheapest hotels in {c}",
                "List the most expensive hotels in {c}, top {n}",
            ),
            (
                "Increase the budget of {p} by {n}",
                "Please increase the budget of {p} by {n}",
                "Decrease the budget of {p} by {n}",
            ),
            (
                "Sort the {n} offers ascending for {p}",
                "Sort ascending for {p} the {n} offers",
                "Sort the {n} offers descending for {p}",
            ),
        ],
    ),
    (
        "number",
        &[
            (
                "What is {n} euros in dollars?",
                "How many dollars are {n} euros?",
                "What is {m} euros in dollars?",
            ),
            (
                "Book a table for {n} people in {c}",
                "Reserve a table for {n} people in {c}",
                "Book a table for {m} people in {c}",
            ),
            (
                "Give the first {n} lines of report {c}",
                "Report {c}: give its first {n} lines",
                "Give the first {m} lines of report {c}",
            ),
        ],
    ),
    (
        "entity",
        &[
            (
                "What is the weather in {c}?",
                "How is the weather in {c}?",
                "What is the weather in {d}?",
            ),
            (
                "Write a note to {p} about room {n}",
                "Draft a note to {p} about room {n}",
                "Write a note to {q} about room {n}",
            ),
            (
                "How many people live in {c}?",
                "What is the number of people who live in {c}?",
                "How many people live in {d}?",
            ),
        ],
    ),
    (
        "unit",
        &[
            (
                "How long does it take to walk {n} km?",
                "Time it takes to walk {n} km?",
                "How long does it take to walk {n} miles?",
            ),
            (
                "Is {n} kg too heavy for {p}?",
                "Are {n} kg too heavy for {p}?",
                "Is {n} pounds too heavy for {p}?",
            ),
            (
                "Set the oven of {p} to {n} celsius",
                "Please set the oven of {p} to {n} celsius",
                "Set the oven of {p} to {n} fahrenheit",
            ),
        ],
    ),
    (
        "reversal",
        &[
            (
                "Find a train from {c} to {d}",
                "Look for a train from {c} to {d}",
                "Find a train from {d} to {c}",
            ),
            (
                "Send {n} euros from {p} to {q}",
                "Please send {n} euros from {p} to {q}",
                "Send {n} euros from {q} to {p}",
            ),
            (
                "Convert table {n} from {c} to {d}",
                "Table {n}: convert it from {c} to {d}",
                "Convert table {n} from {d} to {c}",
            ),
        ],
    ),
];
const CITIES: [&str; 12] = [
    "Oslo", "Lima", "Porto", "Ghent", "Kyiv", "Tunis", "Quito", "Riga", "Hanoi", "Accra", "Turin", "Bergen",
];
const PEOPLE: [&str; 10] = [
    "Anna", "Bruno", "Chen", "Divya", "Emil", "Fatima", "Goran", "Hana", "Ivo", "Julia",
];
/// Pairs of each kind, half of them traps.
const OF_EACH: usize = 400;

/// Over two thousand pairs.
pub(crate) fn kinds() -> Vec<Kind> {
    let mut random = Random(17);
    KINDS
        .iter()
        .map(|(name, templates)| Kind {
            name,
            pairs: pairs(templates, &mut random),
        })
        .collect()
}

fn pairs(templates: &[Template], random: &mut Random) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut seen = HashSet::new();
    while pairs.len() < OF_EACH {
        let (one, same, trap) = random.of(templates);
        let (city, person) = (random.below(CITIES.len()), random.below(PEOPLE.len()));
        let number = 2 + random.below(900);
        let other_city = (city + 1 + random.below(CITIES.len() - 1)) % CITIES.len();
        let other_person = (person + 1 + random.below(PEOPLE.len() - 1)) % PEOPLE.len();
        let fill = |text: &str| {
            text.replace("{c}", CITIES[city])
                .replace("{d}", CITIES[other_city])
                .replace("{p}", PEOPLE[person])
                .replace("{q}", PEOPLE[other_person])
                .replace("{n}", &number.to_string())
                .replace("{m}", &(number + 1).to_string())
        };
        if !seen.insert(fill(one)) {
            continue;
        }
        for (other, same) in [(same, true), (trap, false)] {
            pairs.push(Pair {
                one: fill(one),
                other: fill(other),
                same,
            });
        }
    }
    pairs
}
