//! A stream played through the semantic cache as the gateway would: neighbours, candidates, policy, labels from misses, audits.

use crate::data::Stream;
use crate::random::Random;
use crate::vectors::Vectors;
use std::collections::HashSet;
use weir_engine::cache::semantic::answers::Answers;
use weir_engine::cache::semantic::candidates::{Candidate, NEIGHBOURS, Neighbour, candidates};
use weir_engine::cache::semantic::features::FLOOR;
use weir_engine::cache::semantic::index::arena::Arena;
use weir_engine::cache::semantic::policy::{Judgement, Label, Origin, Policy, Promise};
use weir_engine::cache::semantic::words::{Words, words};

/// A request, ready to be played.
pub(crate) struct Row {
    pub(crate) words: Words,
    pub(crate) class: String,
    pub(crate) vector: Vec<f32>,
}

/// What came of a run.
pub(crate) struct Run {
    pub(crate) promise: f64,
    pub(crate) wrong_labels: f64,
    pub(crate) requests: f64,
    /// Requests whose answer had been given before: no cache can serve more.
    pub(crate) possible: f64,
    pub(crate) hits: f64,
    pub(crate) wrong: f64,
    pub(crate) late_requests: f64,
    pub(crate) late_hits: f64,
    pub(crate) audits: f64,
}

pub(crate) fn prepare(stream: &Stream, vectors: &mut Vectors) -> Result<Vec<Row>, String> {
    let row = |(text, class): &(String, String)| {
        Ok(Row {
            words: words(text),
            class: class.clone(),
            vector: vectors.of(text)?,
        })
    };
    stream.requests.iter().map(row).collect()
}

struct Cache<'a> {
    rows: &'a [Row],
    arena: Arena,
    answers: Answers,
    policy: Policy,
    random: Random,
    wrong_labels: f64,
}

pub(crate) fn run(rows: &[Row], promise: f64, wrong_labels: f64, seed: u64) -> Run {
    let mut cache = Cache {
        rows,
        arena: Arena::default(),
        answers: Answers::default(),
        policy: Policy::new(Promise {
            wrong_share: promise,
            audit_share: 0.02,
        }),
        random: Random(seed),
        wrong_labels,
    };
    let mut run = Run {
        promise,
        wrong_labels,
        requests: 0.0,
        possible: 0.0,
        hits: 0.0,
        wrong: 0.0,
        late_requests: 0.0,
        late_hits: 0.0,
        audits: 0.0,
    };
    let mut given = HashSet::new();
    for (at, row) in rows.iter().enumerate() {
        run.possible += f64::from(u8::from(!given.insert(row.class.as_str())));
        let late = at >= rows.len() / 2;
        run.requests += 1.0;
        run.late_requests += f64::from(u8::from(late));
        let found = cache.candidates(row);
        let judged = cache.policy.judge(&found);
        let draw = cache.random.share();
        let audited = judged
            .as_ref()
            .is_some_and(|judged| cache.policy.note(judged, draw));
        if let Some(judged) = judged.filter(Judgement::serves) {
            let chosen = &found[judged.chosen];
            run.hits += 1.0;
            run.late_hits += f64::from(u8::from(late));
            run.wrong += f64::from(u8::from(!cache.truth(at, chosen.entry)));
            if audited {
                run.audits += 1.0;
                let same = cache.label(at, chosen.entry);
                cache.learn(chosen, &judged, same, Origin::Audit);
            }
        } else {
            cache.miss(at, &found, judged.as_ref());
        }
    }
    run
}

impl Cache<'_> {
    fn candidates(&self, row: &Row) -> Vec<Candidate> {
        let near = self.arena.nearest(&row.vector, NEIGHBOURS, FLOOR);
        let neighbours: Vec<_> = near
            .iter()
            .map(|near| Neighbour {
                entry: near.entry,
                answer: self.answers.of(near.entry),
                similarity: near.similarity,
            })
            .collect();
        let text = |entry: u64| {
            usize::try_from(entry)
                .ok()
                .and_then(|at| self.rows.get(at))
                .map(|row| row.words.clone())
        };
        candidates(&row.words, &neighbours, text)
    }

    /// The answer was bought: it is compared with those of the candidates, and stored.
    fn miss(&mut self, at: usize, found: &[Candidate], judged: Option<&Judgement>) {
        let (mut equal, mut different) = (Vec::new(), Vec::new());
        for (number, candidate) in found.iter().enumerate() {
            let same = self.label(at, candidate.entry);
            if same { &mut equal } else { &mut different }.push(candidate.answer);
            if let Some(judged) = judged.filter(|judged| judged.chosen == number) {
                self.learn(candidate, judged, same, Origin::Miss);
            }
        }
        let entry = at as u64;
        self.answers.store(entry, &equal, &different);
        // A text of no letters has no direction; it is simply not stored.
        let _unstored = self.arena.insert(entry, &self.rows[at].vector);
    }

    fn learn(&mut self, candidate: &Candidate, judged: &Judgement, same: bool, origin: Origin) {
        self.policy.learn(&Label {
            entry: candidate.entry,
            differing: candidate.differing.clone(),
            features: candidate.features,
            stated: Some(judged.stated),
            same,
            origin,
        });
    }

    fn truth(&self, at: usize, entry: u64) -> bool {
        self.rows[at].class == self.rows[entry as usize].class
    }

    /// The truth, but for the share of labels that is wrong.
    fn label(&mut self, at: usize, entry: u64) -> bool {
        self.truth(at, entry) != (self.random.share() < self.wrong_labels)
    }
}
