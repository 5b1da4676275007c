//! CACHE-3: nothing crosses. Generated calls, held against what must split them, written down without any hash.

use super::draw::Draw;
use super::namespace::{Namespace, namespace};
use crate::{
    cache::key::{KeyParts, response_key},
    request::ClientProtocol,
};
use serde_json::{Map, Value, json};

const FIELDS: [&str; 12] = [
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "stop",
    "tools",
    "tool_choice",
    "response_format",
    "reasoning_effort",
    "n",
    "system",
    "a_field_that_nobody_thought_of",
];
const ROLES: [&str; 4] = ["system", "user", "assistant", "developer"];

/// Everything that must split. Two calls share a namespace if and only if these are equal.
#[derive(Debug, Clone, PartialEq)]
struct Hard {
    tenant: String,
    protocol: ClientProtocol,
    target: String,
    app_version: String,
    intent: Option<String>,
    intent_key: Option<String>,
    headers: Option<Value>,
    simulate: Option<String>,
    embedder: String,
    /// Role and content of each turn before the question.
    earlier: Vec<(&'static str, Value)>,
    /// Sorted by name, each name once.
    fields: Vec<(&'static str, Value)>,
}

impl Hard {
    fn drawn(draw: &mut Draw) -> Hard {
        let mut hard = Hard {
            tenant: draw.text(),
            protocol: ClientProtocol::ChatCompletions,
            target: draw.text(),
            app_version: draw.text(),
            intent: draw.perhaps(),
            intent_key: draw.perhaps(),
            headers: None,
            simulate: draw.perhaps(),
            embedder: draw.text(),
            earlier: Vec::new(),
            fields: Vec::new(),
        };
        for _ in 0..draw.below(4) {
            hard.earlier.push((ROLES[draw.below(4)], draw.value()));
        }
        for _ in 0..draw.below(4) {
            hard.set(FIELDS[draw.below(FIELDS.len())], draw.value());
        }
        hard
    }

    fn set(&mut self, name: &'static str, value: Value) {
        self.fields.retain(|(other, _)| *other != name);
        self.fields.push((name, value));
        self.fields.sort_unstable_by_key(|(name, _)| *name);
    }

    /// The same call with one thing done to it, which may leave it as it was.
    fn changed(&self, draw: &mut Draw) -> Hard {
        let mut hard = self.clone();
        match draw.below(18) {
            0 => hard.tenant = draw.text(),
            1 => {
                hard.protocol = if draw.below(2) == 0 {
                    ClientProtocol::ChatCompletions
                } else {
                    ClientProtocol::Messages
                }
            }
            2 => hard.target = draw.text(),
            3 => hard.app_version = draw.text(),
            4 => hard.intent = draw.perhaps(),
            5 => hard.intent_key = draw.perhaps(),
            6 => hard.headers = draw.perhaps().map(|text| json!({"beta": [text]})),
            7 => hard.simulate = draw.perhaps(),
            8 => hard.embedder = draw.text(),
            9 => hard.set(FIELDS[draw.below(FIELDS.len())], draw.value()),
            10 => {
                hard.fields.pop();
            }
            11 => hard.earlier.push((ROLES[draw.below(4)], draw.value())),
            12 => {
                hard.earlier.pop();
            }
            13 => hard.earlier.reverse(),
            14 => hard.rewrite_a_turn(draw),
            15 => hard.join_two_turns(),
            16 => std::mem::swap(&mut hard.tenant, &mut hard.target),
            _ => hard.move_a_letter(draw),
        }
        hard
    }

    fn rewrite_a_turn(&mut self, draw: &mut Draw) {
        if !self.earlier.is_empty() {
            let at = draw.below(self.earlier.len());
            if draw.below(2) == 0 {
                self.earlier[at].0 = ROLES[draw.below(4)];
            } else {
                self.earlier[at].1 = draw.value();
            }
        }
    }

    fn join_two_turns(&mut self) {
        if let [.., (_, Value::String(one)), (_, Value::String(other))] = &mut self.earlier[..] {
            one.push_str(other);
            self.earlier.pop();
        }
    }

    /// What lies end to end in a careless hash is the same after this.
    fn move_a_letter(&mut self, draw: &mut Draw) {
        let target = &mut self.target;
        let (from, to) = match draw.below(3) {
            0 => (&mut self.tenant, target),
            1 => (target, &mut self.app_version),
            _ => (&mut self.app_version, &mut self.embedder),
        };
        if let Some(last) = from.pop() {
            to.insert(0, last);
        }
    }

    /// The body with its fields in any order, and with some that do not matter.
    fn body(&self, question: &str, draw: &mut Draw) -> Value {
        let mut messages: Vec<Value> = self
            .earlier
            .iter()
            .map(|(role, content)| {
                if draw.below(2) == 0 {
                    json!({"role": role, "content": content})
                } else {
                    json!({"content": content, "role": role})
                }
            })
            .collect();
        messages.push(if draw.below(2) == 0 {
            json!({"role": "user", "content": question})
        } else {
            json!({"content": [{"type": "text", "text": question}], "role": "user"})
        });
        let mut fields: Vec<(&str, Value)> = self.fields.clone();
        fields.push(("messages", json!(messages)));
        for name in ["model", "stream", "user", "metadata", "store"] {
            if draw.below(2) == 0 {
                fields.push((name, draw.value()));
            }
        }
        for at in (1..fields.len()).rev() {
            fields.swap(at, draw.below(at + 1));
        }
        let named: Map<String, Value> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Value::Object(named)
    }

    fn hashes(&self, question: &str, draw: &mut Draw) -> (Namespace, String) {
        let body = self.body(question, draw);
        let parts = KeyParts {
            tenant: &self.tenant,
            protocol: self.protocol,
            target: &self.target,
            app_version: &self.app_version,
            body: &body,
            chat: None,
            headers: self.headers.clone(),
            simulate: self.simulate.as_deref(),
            intent_key: self.intent_key.as_deref(),
        };
        let space = namespace(&parts, self.intent.as_deref(), &self.embedder);
        (space.unwrap(), response_key(&parts))
    }

    /// What splits an exact answer: neither the intent's name nor the embedder.
    fn of_an_answer(&self) -> Hard {
        Hard {
            intent: None,
            embedder: String::new(),
            ..self.clone()
        }
    }
}

const FAMILIES: u64 = 24_000;
/// A call and what became of it by one change each.
const RELATIVES: usize = 10;

/// Over a million pairs of calls that differ in little or nothing: they share a namespace exactly where nothing hard differs.
#[test]
fn cache_3_nothing_crosses_in_a_million_generated_pairs() {
    let (mut pairs, mut alike) = (0_u32, 0_u32);
    for seed in 0..FAMILIES {
        let mut draw = Draw(seed);
        let first = Hard::drawn(&mut draw);
        let mut family = vec![first];
        while family.len() < RELATIVES {
            let of = draw.below(family.len());
            let next = family[of].changed(&mut draw);
            family.push(next);
        }
        let hashed: Vec<_> = family
            .iter()
            .map(|hard| {
                let question = ["one", "two"][draw.below(2)];
                let (space, _) = hard.hashes(question, &mut draw);
                (hard, space)
            })
            .collect();
        for (at, (one, space)) in hashed.iter().enumerate() {
            for (other, other_space) in &hashed[at + 1..] {
                pairs += 1;
                alike += u32::from(one == other);
                assert_eq!(
                    one == other,
                    space == other_space,
                    "seed {seed}: {one:?} {other:?}"
                );
            }
        }
    }
    assert!(
        pairs > 1_000_000 && alike > 10_000,
        "{pairs} pairs, {alike} of them alike"
    );
}

/// The exact key splits by the same parts and by the question, unless an intent key stands for the question.
#[test]
fn cache_3_exact_keys_part_by_the_question_too() {
    for seed in 0..20_000 {
        let mut draw = Draw(seed);
        let one = Hard::drawn(&mut draw);
        let other = one.changed(&mut draw);
        let [asked, asked_other] = [draw.text(), draw.text()];
        let mut ordered = Draw(seed);
        let same_form = |hard: &Hard, question: &str, draw: &mut Draw| hard.hashes(question, draw).1;
        // The same drawing for both, because an answer's key keeps the form of its question.
        let (key, other_key) = (
            same_form(&one, &asked, &mut Draw(seed)),
            same_form(&other, &asked_other, &mut ordered),
        );
        let differ =
            one.of_an_answer() != other.of_an_answer() || (one.intent_key.is_none() && asked != asked_other);
        if differ {
            assert_ne!(
                key, other_key,
                "seed {seed}: {one:?} {asked:?} and {other:?} {asked_other:?}"
            );
        }
    }
}
