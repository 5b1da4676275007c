//! CACHE-2: of identical calls on several gateways at once, one is bought.

use crate::fleet::{Fleet, cap};
use std::time::Duration;

/// Longer than it takes all to ask.
const THINKS: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn identical_calls_on_four_gateways_are_bought_once() {
    let mut fleet = Fleet::start(4, &cap(1_000_000_000)).await;
    fleet.upstream.set_latency(THINKS);
    for round in 1..=2 {
        let question = format!("the same {round}");
        let asking = (0..120).map(|caller| fleet.ask(caller % 4, &question));
        let told = futures::future::join_all(asking).await;
        let bought = told
            .into_iter()
            .map(|said| said.expect(200))
            .filter(|said| said.cache() == "miss")
            .count();
        assert_eq!(fleet.upstream.calls(), round, "one for all");
        assert_eq!(bought, 1, "one was bought, the others are hits");
    }
    let hits = fleet.figure("SELECT count(*) FROM weir.requests WHERE cache = 'response'");
    assert_eq!(hits, 238);
    assert_eq!(
        fleet.figure("SELECT count(*) FROM weir.flights"),
        0,
        "all have landed"
    );
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flight_of_a_killed_gateway_is_taken_over_once() {
    let mut fleet = Fleet::start(4, &cap(1_000_000_000)).await;
    fleet.upstream.set_latency(THINKS);
    let waiting = async {
        support::eventually("the provider to be asked", || async {
            (fleet.upstream.calls() == 1).then_some(())
        })
        .await;
        let asking = (0..60).map(|caller| fleet.ask(1 + caller % 3, "the same"));
        let killing = async {
            tokio::time::sleep(THINKS / 4).await;
            fleet.signal(0, "-KILL");
        };
        futures::join!(futures::future::join_all(asking), killing).0
    };
    let (lost, told) = futures::join!(fleet.try_ask(0, "the same"), waiting);
    assert_eq!(lost, None, "it was killed while it bought");
    for said in told {
        said.expect(200);
    }
    assert_eq!(
        fleet.upstream.calls(),
        2,
        "once before the kill and once after it"
    );
    fleet.gateways.remove(0);
    fleet.stop().await;
}
