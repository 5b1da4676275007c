//! OUT-1 and RL-3: Postgres is away for a minute, in three ways at once. Policy holds per cap, limits give own shares, and
//! nothing is lost, although a gateway is killed meanwhile.

use crate::{
    accounts::{check_accounts, until_whole},
    outage_scene::{GATEWAYS, KILLED, Kind, MOST, NOTICED_WITHIN, Scene, Told, WINDOW, Way, play},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use support::admitted::most_surely_within;

fn statuses(told: &[Told], kind: Kind) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for one in told.iter().filter(|one| one.kind == kind) {
        *counts.entry(one.status).or_default() += 1;
    }
    counts
}

/// Policy per cap, and answers within a bounded time.
fn check_policy(scene: &Scene, gone: Duration, back: Duration) {
    let way = scene.way;
    let away = scene.told_between(gone + NOTICED_WITHIN, back);
    println!(
        "{way:?}: while away bought {:?}, cached {:?}, careful {:?}, limited {:?}",
        statuses(&away, Kind::Bought),
        statuses(&away, Kind::Cached),
        statuses(&away, Kind::Careful),
        statuses(&away, Kind::Limited)
    );
    let only = |kind: Kind, status: u16| {
        let counts = statuses(&away, kind);
        assert_eq!(
            counts.keys().copied().collect::<Vec<_>>(),
            [status],
            "{way:?} {kind:?}: {counts:?}"
        );
        counts[&status]
    };
    assert!(only(Kind::Bought, 200) > 20, "{way:?}");
    assert!(only(Kind::Cached, 200) > 20, "{way:?}");
    assert!(only(Kind::Careful, 503) > 20, "{way:?}");
    let mut took: Vec<_> = away.iter().map(|told| told.took).collect();
    took.sort();
    let p95 = took[took.len() * 95 / 100];
    println!(
        "{way:?}: 95 of 100 answers within {p95:?}, the slowest {:?}",
        took.last()
    );
    assert!(p95 < Duration::from_secs(2), "{way:?}: {p95:?}");
    let before = scene.told_between(Duration::ZERO, gone);
    let after = scene.told_between(back + NOTICED_WITHIN, Duration::MAX);
    for told in [&before, &after] {
        assert!(statuses(told, Kind::Careful).contains_key(&200), "{way:?}");
    }
    assert!(
        !statuses(&after, Kind::Careful).contains_key(&503),
        "{way:?}: {:?}",
        statuses(&after, Kind::Careful)
    );
}

/// Own shares while it is away: never more than the limit then, and one window's shares beside it around the loss.
fn check_limit(scene: &Scene, gone: Duration, back: Duration) {
    let mut admitted: Vec<Told> = scene.told().into_iter().collect();
    admitted.retain(|told| told.kind == Kind::Limited && told.status == 200);
    let most_within = |from: Duration, to: Duration| {
        let mut moments: Vec<_> = admitted
            .iter()
            .map(|told| (told.at, told.at + told.took))
            .collect();
        moments.retain(|(at, end)| *at >= from && *end < to);
        most_surely_within(WINDOW, &moments)
    };
    let (always, away) = (
        most_within(Duration::ZERO, Duration::MAX),
        most_within(gone + NOTICED_WITHIN + WINDOW, back),
    );
    println!(
        "{:?}: at most {always} in {WINDOW:?}, {away} of {MOST} while away",
        scene.way
    );
    assert!((1..=MOST).contains(&away), "{:?}: {away}", scene.way);
    assert!(always <= 2 * MOST, "{:?}: {always}", scene.way);
}

/// The one that was killed comes again on the same machine, and then nothing is missing.
async fn check_nothing_is_lost(scene: &mut Scene, back: Duration) {
    let way = format!("{:?}", scene.way);
    scene.fleet.gateways[KILLED] = scene.fleet.gateway().await;
    let answered: Vec<String> = scene.told().into_iter().map(|told| told.id).collect();
    until_whole(&scene.fleet, &answered, scene.began + back, &way).await;
    scene.fleet.stop().await;
    let unanswered = *scene.unanswered.lock().unwrap();
    check_accounts(&scene.fleet, answered.len(), unanswered, &way);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_without_postgres_loses_nothing_and_keeps_every_policy() {
    let scenes = [Way::Frozen, Way::Stopped, Way::CutOff].map(|way| {
        tokio::spawn(async move {
            let mut scene = Scene::set(way).await;
            scene.ask(0, Kind::Cached, "").await;
            for gateway in 0..GATEWAYS {
                scene.ask(gateway, Kind::Cached, "").await;
            }
            scene.began = Instant::now();
            scene.told.lock().unwrap().iter_mut().for_each(|told| {
                told.at = Duration::ZERO;
            });
            let (gone, back) = play(&scene).await;
            check_nothing_is_lost(&mut scene, back).await;
            check_policy(&scene, gone, back);
            check_limit(&scene, gone, back);
        })
    });
    for scene in scenes {
        scene.await.unwrap();
    }
}
