//! What the semantic cache promises, held against small made streams with every change. They need no model's file: vectors are
//! made of words and letters. Where the model is installed, the same is asked of it.

use crate::data::{Pair, PairSet, Stream};
use crate::replay::{self, Row, Run};
use crate::vectors::Vectors;
use crate::{fixed, made, made_intents, made_traps, pairs, turns};
use std::path::PathBuf;
use weir_engine::cache::semantic::guards::{Level, verdicts};
use weir_engine::cache::semantic::policy::interval::wilson;

/// Requests of each stream: enough to learn, few enough for every change.
const MOST: usize = 1_500;
const PROMISE: f64 = 0.03;
/// So many wrong hits prove nothing.
const FEW_WRONG: f64 = 3.0;

fn streams() -> Vec<Stream> {
    let mut streams = made::sets(MOST).streams;
    streams.truncate(1);
    streams.push(made_intents::stream(MOST));
    streams
}

fn pair_set() -> PairSet {
    made::pairs()
}

fn rows(stream: &Stream, vectors: &mut Vectors) -> Vec<Row> {
    replay::prepare(stream, vectors).unwrap()
}

/// Where `cargo xtask setup` puts the model; none before it ran.
fn model() -> Option<Vectors> {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"))?;
    let file = PathBuf::from(home)
        .join(".cache/weir/models")
        .join(weir_embedder::FILE_NAME);
    if file.exists() {
        Some(Vectors::load(&file).unwrap())
    } else {
        println!("{} is not there: measured without the model", file.display());
        None
    }
}

fn kept(name: &str, run: &Run) {
    let wrong = wilson(run.wrong, run.hits);
    println!(
        "{name}: {} hits of {}, {} wrong; promised {}, wrong labels {}",
        run.hits, run.requests, run.wrong, run.promise, run.wrong_labels
    );
    assert!(
        wrong.low <= run.promise || run.wrong <= FEW_WRONG,
        "{name}: {} of {} hits wrong",
        run.wrong,
        run.hits
    );
}

#[test]
fn the_promise_is_kept_and_worth_having() {
    for (stream, least_share) in streams().iter().zip([0.4, 0.25]) {
        let rows = rows(stream, &mut Vectors::of_letters());
        let run = replay::run(&rows, PROMISE, 0.0, 1);
        kept(&stream.name, &run);
        assert!(run.hits / run.possible >= least_share, "{}", stream.name);
        let fixed = fixed::measure(&rows);
        let bare = fixed::best(&fixed, false, wilson(run.wrong, run.hits).share);
        let bare = bare.map_or(0.0, |one| one.hit_share);
        assert!(
            run.hits / run.requests >= 1.1 * bare,
            "{}: a fixed distance reaches {bare}",
            stream.name
        );
    }
}

#[test]
fn the_promise_is_kept_when_one_label_in_twenty_is_wrong() {
    for stream in &streams() {
        let rows = rows(stream, &mut Vectors::of_letters());
        for seed in 1..=3 {
            kept(&stream.name, &replay::run(&rows, PROMISE, 0.05, seed));
        }
    }
}

/// Distances and labels that have nothing to do with each other must never be served from.
#[test]
fn where_nothing_can_be_learned_nothing_is_served() {
    let mut rows = rows(&streams()[0], &mut Vectors::of_letters());
    for (at, row) in rows.iter_mut().enumerate() {
        row.class = at.to_string();
    }
    let run = replay::run(&rows, PROMISE, 0.0, 1);
    assert!(run.hits <= FEW_WRONG, "{} hits, all of them wrong", run.hits);
}

#[test]
fn with_the_model_the_promise_is_kept_too() {
    let Some(mut vectors) = model() else { return };
    for stream in &streams() {
        let mut stream = Stream {
            name: format!("{} with the model", stream.name),
            requests: stream.requests.clone(),
        };
        stream.requests.truncate(MOST / 2);
        let rows = rows(&stream, &mut vectors);
        for wrong_labels in [0.0, 0.05] {
            kept(&stream.name, &replay::run(&rows, PROMISE, wrong_labels, 1));
        }
    }
    let mut set = pair_set();
    set.pairs.truncate(300);
    let measured = pairs::measure(&set, &mut vectors).unwrap();
    let seed = measured.rows.iter().find(|row| row.distance == 0.12).unwrap();
    println!("traps {:?}, hits {:?}", seed.traps, seed.hits);
    assert!(seed.traps[2] <= 0.005 && seed.hits[1] >= 0.6);
}

/// Traps and equals that guards of a level let pass, of all of them.
fn let_pass(pairs: &[Pair], level: Level) -> [(u32, u32); 2] {
    let mut counts = [(0, 0); 2];
    for pair in pairs {
        let of_kind = &mut counts[usize::from(pair.same)];
        of_kind.1 += 1;
        of_kind.0 += u32::from(verdicts(&pair.one, &pair.other).veto(level).is_none());
    }
    counts
}

/// CACHE-4: at 99.5 % of what guards let pass means the same, whatever a vector says of it, and no polarity is ever mistaken.
#[test]
fn cache_4_guards_know_their_traps() {
    let kinds = made_traps::kinds();
    let (mut traps, mut equals, mut pairs) = (0, 0, 0);
    for kind in &kinds {
        let [(wrong, of_traps), (right, of_equals)] = let_pass(&kind.pairs, Level::Normal);
        println!(
            "{}: {wrong} of {of_traps} traps and {right} of {of_equals} equals pass",
            kind.name
        );
        assert!(wrong == 0 || !["negation", "antonym"].contains(&kind.name));
        assert!(
            right * 10 >= of_equals * 7,
            "{}: guards that veto everything guard nothing",
            kind.name
        );
        (traps, equals, pairs) = (traps + wrong, equals + right, pairs + kind.pairs.len());
    }
    let wrong = wilson(f64::from(traps), f64::from(traps + equals));
    println!(
        "precision {:.4}, at least {:.4}",
        1.0 - wrong.share,
        1.0 - wrong.high
    );
    assert!(
        pairs >= 2_000 && wrong.high <= 0.005,
        "{traps} traps pass beside {equals} equals"
    );
}

/// Names that no table holds are told apart by the strict level alone.
#[test]
fn cache_4_strict_guards_let_no_exchanged_word_pass() {
    let [(wrong, traps), (right, equals)] = let_pass(&pair_set().pairs, Level::Strict);
    println!("{wrong} of {traps} traps and {right} of {equals} equals pass");
    assert!(traps > 300 && f64::from(wrong) <= 0.005 * f64::from(wrong + right));
    assert!(right * 2 > equals);
}

#[test]
fn several_turns_never_cross() {
    let measured = turns::measure();
    assert_eq!((measured.crossed, measured.parted), (0, 0));
    assert!(measured.compared > 2_000);
}
