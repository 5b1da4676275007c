//! Many write, delete and search one collection through all gateways at once: nothing is lost, nothing stays, nothing is stale.

use crate::{
    collections::{EMBEDDER, GONE_AFTER, LEFT},
    fleet::Fleet,
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use support::draw::Draw;

const GATEWAYS: usize = 4;
/// As many as ten gateways with one writer each, at each of the four.
const WRITERS: usize = 10 * GATEWAYS;
const SEARCHERS: usize = 2 * GATEWAYS;
/// Items of each writer, which nobody else writes.
const ITEMS: usize = 6;
const EACH: Duration = Duration::from_secs(15);
/// Writers pause every other time for so long, so that results are kept and reused before they write again.
const PAUSE: Duration = Duration::from_millis(400);

/// What one writer did to one item: the edition that it wrote, none where it deleted.
struct Change {
    began: Instant,
    confirmed: Instant,
    edition: Option<usize>,
}

/// A search that was answered: what was sought, and the editions of it that were found.
struct Seen {
    sought: (usize, usize),
    began: Instant,
    ended: Instant,
    editions: Vec<usize>,
    was_kept: bool,
}

type Changes = HashMap<(usize, usize), Vec<Change>>;

fn id(writer: usize, item: usize) -> String {
    format!("{writer}-{item}")
}

fn query(writer: usize, item: usize) -> String {
    format!("writer{writer} item{item}")
}

/// Half of a writer's items have one source, the others another, and so with users.
fn written(writer: usize, item: usize, edition: usize) -> Value {
    json!({"id": id(writer, item), "text": format!("{} edition{edition}", query(writer, item)),
        "source": format!("source-{writer}-{}", item % 2), "user": format!("user-{writer}-{}", item % 3)})
}

/// Writes and deletes until it is told to stop, each time through another gateway.
async fn write(fleet: &Fleet, writer: usize, mut draw: Draw, is_over: &AtomicBool) -> Changes {
    let mut changes = Changes::new();
    let started = Instant::now();
    for edition in 1.. {
        while started.elapsed().as_millis() / PAUSE.as_millis() % 2 == 1 {
            tokio::time::sleep(Duration::from_millis(draw.below(40))).await;
        }
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let (gateway, item) = (
            draw.below(GATEWAYS as u64) as usize,
            draw.below(ITEMS as u64) as usize,
        );
        let touched: Vec<usize> = match draw.below(10) {
            0..8 => vec![item],
            8 => (0..ITEMS).filter(|other| other % 2 == item % 2).collect(),
            _ => (0..ITEMS).filter(|other| other % 3 == item % 3).collect(),
        };
        let kind = match touched.len() {
            1 if draw.chance(80) => "write",
            1 => "id",
            3 => "source",
            _ => "user",
        };
        let began = Instant::now();
        match kind {
            "write" => fleet.put_items(gateway, &[written(writer, item, edition)]).await,
            "id" => drop(
                fleet
                    .delete_items(gateway, &format!("id={}", id(writer, item)))
                    .await,
            ),
            "source" => drop(
                fleet
                    .delete_items(gateway, &format!("source=source-{writer}-{}", item % 2))
                    .await,
            ),
            _ => drop(
                fleet
                    .delete_items(gateway, &format!("user=user-{writer}-{}", item % 3))
                    .await,
            ),
        }
        for item in touched {
            changes.entry((writer, item)).or_default().push(Change {
                began,
                confirmed: Instant::now(),
                edition: (kind == "write").then_some(edition),
            });
        }
    }
    changes
}

/// Asks one gateway for one item, with the same words each time so that results are kept and reused.
async fn seek(fleet: &Fleet, gateway: usize, sought: (usize, usize)) -> Seen {
    let began = Instant::now();
    let said = fleet.search(gateway, &query(sought.0, sought.1)).await;
    let found = said.json()["data"].clone();
    let own = id(sought.0, sought.1);
    let editions = found.as_array().unwrap().iter().filter(|one| one["id"] == own);
    let edition = |one: &Value| {
        let text = one["text"].as_str().unwrap();
        text.rsplit_once("edition").unwrap().1.parse().unwrap()
    };
    Seen {
        sought,
        began,
        ended: Instant::now(),
        editions: editions.map(edition).collect(),
        was_kept: said.cache() == "hit",
    }
}

/// For how long an edition that was found had been replaced or deleted when the search began; zero when it had not.
fn stale_for(seen: &Seen, changes: &[Change]) -> Duration {
    let late = seen.editions.iter().map(|edition| {
        let at = changes.iter().position(|change| change.edition == Some(*edition));
        let next = at.map_or(changes.first(), |at| changes.get(at + 1));
        next.map_or(Duration::ZERO, |next| {
            seen.began.saturating_duration_since(next.confirmed)
        })
    });
    late.max().unwrap_or_default()
}

/// True when what was written before the search began, and not touched until it ended, was not found.
fn is_lost(seen: &Seen, changes: &[Change]) -> bool {
    let before = changes.iter().rposition(|change| change.confirmed < seen.began);
    let Some(at) = before else { return false };
    let untouched = changes.get(at + 1).is_none_or(|next| next.began > seen.ended);
    let expected = changes[at].edition.filter(|_| untouched);
    expected.is_some_and(|edition| seen.editions != [edition])
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_all_gateways_lose_nothing_and_leave_nothing() {
    let mut draw = Draw::seeded("writers at all gateways");
    let mut fleet = Fleet::start(GATEWAYS, EMBEDDER).await;
    fleet
        .collections(0, Method::PUT, "collections/faq", &Value::Null)
        .await
        .expect(201);
    let (is_over, seen) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let seeds: Vec<u64> = (0..WRITERS + SEARCHERS).map(|_| draw.number()).collect();
    let (fleet_now, is_over, seen_now) = (&fleet, &is_over, &seen);
    let writing = (0..WRITERS).map(|writer| write(fleet_now, writer, Draw::from(seeds[writer]), is_over));
    let searching = (0..SEARCHERS).map(|searcher| {
        let mut draw = Draw::from(seeds[WRITERS + searcher]);
        async move {
            while !is_over.load(Ordering::SeqCst) {
                // Few are sought, so that the same is sought at several gateways at once.
                let sought = (draw.below(2) as usize, draw.below(3) as usize);
                let one = seek(fleet_now, searcher % GATEWAYS, sought).await;
                seen_now.lock().unwrap().push(one);
            }
        }
    });
    let ending = async {
        tokio::time::sleep(EACH).await;
        is_over.store(true, Ordering::SeqCst);
    };
    let (changes, _, ()) = futures::join!(join_all(writing), join_all(searching), ending);
    let changes: Changes = changes.into_iter().flatten().collect();
    let none = Vec::new();
    let of = |seen: &Seen| changes.get(&seen.sought).unwrap_or(&none);
    // Twice at every gateway, by a search and by a kept result: what the writers left, and nothing else.
    let last = |sought: &(usize, usize)| changes.get(sought)?.last()?.edition;
    let all: Vec<_> = (0..WRITERS)
        .flat_map(|writer| (0..ITEMS).map(move |item| (writer, item)))
        .collect();
    let left = all.iter().filter(|sought| last(sought).is_some()).count();
    for sought in &all {
        for gateway in 0..GATEWAYS {
            let found = seek(&fleet, gateway, *sought).await;
            let expected: Vec<usize> = last(sought).into_iter().collect();
            assert_eq!(found.editions, expected, "{sought:?} at gateway {gateway}");
            assert!(found.was_kept || gateway == 0, "{sought:?} at gateway {gateway}");
        }
    }
    let seen = seen.into_inner().unwrap();
    let stale = seen.iter().map(|one| stale_for(one, of(one)));
    let stale: Vec<Duration> = stale.filter(|late| !late.is_zero()).collect();
    let lost: Vec<_> = seen.iter().filter(|one| is_lost(one, of(one))).collect();
    let kept = seen.iter().filter(|one| one.was_kept).count();
    println!(
        "{} changes beside {} searches, {kept} by a kept result: {} stale, at most {:?}; {} lost; {left} items left",
        changes.values().map(Vec::len).sum::<usize>(),
        seen.len(),
        stale.len(),
        stale.iter().max().copied().unwrap_or_default(),
        lost.len()
    );
    // A search reads versions where they are raised, so not even what was deleted just before is found.
    assert!(stale.is_empty() && lost.is_empty());
    assert!(kept > 50 && left > WRITERS, "{kept} by a kept result");
    let counted = "SELECT items || ' ' || (SELECT count(*) FROM weir.collection_items) FROM weir.collections";
    assert_eq!(fleet.database.sql(counted), format!("{left} {left}"));
    fleet.all_hold(left).await;
    nothing_stays(&mut fleet).await;
}

/// Everybody deletes all of theirs at once.
async fn nothing_stays(fleet: &mut Fleet) {
    let (fleet_now, sources) = (&*fleet, 2 * WRITERS);
    let deleting = (0..sources).map(|number| async move {
        let which = format!("source=source-{}-{}", number / 2, number % 2);
        fleet_now.delete_items(number % GATEWAYS, &which).await
    });
    join_all(deleting).await;
    let took = fleet.all_hold(0).await;
    println!("out of all memories after {took:?}; {GONE_AFTER:?} are allowed");
    for gateway in 0..GATEWAYS {
        assert!(seek(fleet, gateway, (0, 0)).await.editions.is_empty());
    }
    fleet
        .collections(0, Method::DELETE, "collections/faq", &Value::Null)
        .await
        .expect(200);
    assert_eq!(fleet.database.sql(LEFT), "0 0 0");
    fleet.stop().await;
}
