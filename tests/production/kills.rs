//! Gateways are killed while they spend one strict cap: not a nano-dollar over, and every call that was bought is charged.

use crate::fleet::{Fleet, cap};
use std::time::{Duration, Instant};

/// Others know after fifteen seconds, and look every five.
const BURIED_WITHIN: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_cap_holds_while_gateways_are_killed() {
    const LIMIT: i64 = 6_000_000;
    let mut fleet = Fleet::start(4, &cap(LIMIT)).await;
    let asking = (0..400).map(|number| {
        let fleet = &fleet;
        async move { fleet.try_ask(number % 4, &format!("question {number}")).await }
    });
    let killing = async {
        // In the middle of the work, however fast that goes.
        for (gateway, calls) in [(3, 16), (2, 24)] {
            support::eventually("the provider is at work", || async {
                (fleet.upstream.calls() >= calls).then_some(())
            })
            .await;
            fleet.signal(gateway, "-KILL");
        }
    };
    let answering = futures::stream::StreamExt::collect::<Vec<_>>(
        futures::stream::StreamExt::buffer_unordered(futures::stream::iter(asking), 64),
    );
    let (statuses, ()) = futures::join!(answering, killing);
    let count = |wanted: Option<u16>| statuses.iter().filter(|status| **status == wanted).count();
    let (answered, refused, lost) = (count(Some(200)), count(Some(429)), count(None));
    println!("{answered} answered, {refused} refused, {lost} lost with their gateway");
    assert!(answered > 0 && lost > 0, "no kill hit anything");
    // What the dead held open is charged, and the rest of their leases comes back.
    let since = Instant::now();
    while fleet.figure("SELECT count(*) FROM weir.gateways WHERE address <> ''") > 2
        || fleet.figure("SELECT count(*) FROM weir.reservations") > 0
    {
        assert!(since.elapsed() < BURIED_WITHIN, "the dead are still known");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("buried after {:?}", since.elapsed());
    // Their money can be spent by the living, and no more than that.
    for number in 0..200 {
        let status = fleet.ask(number % 2, &format!("later {number}")).await.status;
        assert!(status == 200 || status == 429, "{status}");
    }
    fleet.gateways.truncate(2);
    fleet.stop().await;
    let bought = fleet.upstream.calls();
    let each = fleet.figure("SELECT max(cost_nanousd) FROM weir.requests WHERE cost_basis = 'settled'");
    let spent = fleet.figure("SELECT spent_nanousd FROM weir.cap_balances WHERE cap = 'global-daily'");
    println!("{bought} bought at {each} each, {spent} of {LIMIT} charged");
    assert!(spent <= LIMIT, "{spent} of {LIMIT}");
    assert!(
        each * bought as i64 <= LIMIT,
        "{bought} at {each} were bought for {LIMIT}"
    );
    assert!(spent >= each * bought as i64, "a bought call was not charged");
    assert_eq!(spent, fleet.figure("SELECT sum(cost_nanousd) FROM weir.requests"));
    assert!(
        spent * 10 > LIMIT * 8,
        "money of the dead was lost: {spent} of {LIMIT}"
    );
    let open =
        fleet.figure("SELECT committed_nanousd - spent_nanousd + reserved_nanousd FROM weir.cap_balances");
    let leases = fleet.database.sql(
        "SELECT l::text FROM weir.leases AS l UNION ALL SELECT g::text FROM weir.ledger AS g ORDER BY 1",
    );
    assert_eq!(open, 0, "all unspent money came back: {leases}");
}
