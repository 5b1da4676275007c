//! Time: embedding, searching and judging, one request after the other.

use crate::random::Random;
use crate::vectors::Vectors;
use std::time::Instant;
use weir_engine::cache::semantic::candidates::{NEIGHBOURS, Neighbour, candidates};
use weir_engine::cache::semantic::features::FLOOR;
use weir_engine::cache::semantic::index::arena::Arena;
use weir_engine::cache::semantic::policy::Policy;
use weir_engine::cache::semantic::words::words;

/// Microseconds of one step.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) p50_us: u128,
    pub(crate) p99_us: u128,
}

/// The steps at one size.
pub(crate) struct Measured {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    pub(crate) steps: Vec<Step>,
}

/// About 20 pieces each.
fn question(random: &mut Random) -> String {
    let cities = ["Oslo", "Lima", "Porto", "Ghent", "Kyiv", "Tunis"];
    let things = [
        "boxes of paper",
        "crates of fruit",
        "spare engines",
        "printed books",
    ];
    let (from, to, thing) = (random.of(&cities), random.of(&cities), random.of(&things));
    format!(
        "How many days does it take to ship {} {thing} from {from} to {to}?",
        random.below(5_000)
    )
}

/// Real vectors mixed and shaken into as many as are needed.
fn filled(entries: usize, seeds: &[Vec<f32>], random: &mut Random) -> Arena {
    let mut arena = Arena::default();
    for entry in 0..entries {
        let (one, other) = (random.of(seeds), random.of(seeds));
        let share = random.share() as f32;
        let mixed: Vec<f32> = one
            .iter()
            .zip(other)
            .map(|(a, b)| a * share + b * (1.0 - share) + 0.03 * (random.share() as f32 - 0.5))
            .collect();
        let _unstored = arena.insert(entry as u64, &mixed);
    }
    arena
}

pub(crate) fn measure(entries: usize, vectors: &mut Vectors) -> Result<Measured, String> {
    let mut random = Random(5);
    let mut seeds = Vec::new();
    for _ in 0..500 {
        seeds.push(vectors.of(&question(&mut random))?);
    }
    let arena = filled(entries, &seeds, &mut random);
    let policy = Policy::default();
    let stored = words(&question(&mut random));
    let (mut embedding, mut searching, mut judging, mut whole) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..300 {
        let text = question(&mut random);
        let begun = Instant::now();
        let vector = vectors.fresh(&text)?;
        let embedded = begun.elapsed().as_micros();
        let near = arena.nearest(&vector, NEIGHBOURS, FLOOR);
        let searched = begun.elapsed().as_micros();
        let neighbour = |near: &weir_engine::cache::semantic::index::search::Near| Neighbour {
            entry: near.entry,
            answer: near.entry,
            similarity: near.similarity,
        };
        let neighbours: Vec<_> = near.iter().map(neighbour).collect();
        let found = candidates(&words(&text), &neighbours, |_| Some(stored.clone()));
        std::hint::black_box(policy.judge(&found));
        let judged = begun.elapsed().as_micros();
        embedding.push(embedded);
        searching.push(searched - embedded);
        judging.push(judged - searched);
        whole.push(judged);
    }
    let step = |name, mut times: Vec<u128>| percentiles(name, &mut times);
    Ok(Measured {
        entries,
        bytes: arena.bytes(),
        steps: vec![
            step("embed about 20 tokens", embedding),
            step("search", searching),
            step("guards, features, policy", judging),
            step("all", whole),
        ],
    })
}

/// Searching alone, in vectors that no model made.
pub(crate) fn search_alone(entries: usize) -> Measured {
    let mut random = Random(6);
    let vector =
        |random: &mut Random| -> Vec<f32> { (0..384).map(|_| random.share() as f32 - 0.5).collect() };
    let seeds: Vec<Vec<f32>> = (0..500).map(|_| vector(&mut random)).collect();
    let arena = filled(entries, &seeds, &mut random);
    let mut times = Vec::new();
    for _ in 0..60 {
        let (one, other) = (random.of(&seeds), random.of(&seeds));
        let query: Vec<f32> = one.iter().zip(other).map(|(a, b)| a * 0.7 + b * 0.3).collect();
        let begun = Instant::now();
        std::hint::black_box(arena.nearest(&query, NEIGHBOURS, FLOOR));
        times.push(begun.elapsed().as_micros());
    }
    Measured {
        entries,
        bytes: arena.bytes(),
        steps: vec![percentiles("search", &mut times)],
    }
}

fn percentiles(name: &'static str, times: &mut [u128]) -> Step {
    times.sort_unstable();
    let at = |hundredths: usize| times[(times.len() * hundredths / 100).min(times.len() - 1)];
    Step {
        name,
        p50_us: at(50),
        p99_us: at(99),
    }
}
