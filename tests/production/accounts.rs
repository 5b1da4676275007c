//! What must be true of the accounts after anything that went wrong: each answered call is a row, each bought one is charged once.

use crate::fleet::Fleet;
use std::time::{Duration, Instant};

/// How long gateways may need to catch up, counted from the moment at which all is well again.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);
/// What the fake provider's answer costs.
const EACH_NANOUSD: i64 = 85_000;

/// Waits until these answered calls have their rows, nothing is reserved any more, and all is counted.
pub(crate) async fn until_whole(fleet: &Fleet, answered: &[String], since: Instant, what: &str) {
    let listed: Vec<String> = answered.iter().map(|id| format!("('{id}')")).collect();
    let known = format!(
        "SELECT count(*) FROM (VALUES {}) AS told (id) WHERE EXISTS (SELECT FROM weir.requests WHERE requests.id = told.id)",
        listed.join(",")
    );
    loop {
        let is_whole = fleet.figure(&known) == answered.len() as i64
            && fleet.figure("SELECT count(*) FROM weir.reservations") == 0
            && fleet.figure("SELECT count(*) FROM weir.rollup_queue") == 0;
        if is_whole {
            break;
        }
        assert!(
            since.elapsed() < CAUGHT_UP_WITHIN,
            "{what}: {} of {} rows, {} reservations after {:?}",
            fleet.figure(&known),
            answered.len(),
            fleet.figure("SELECT count(*) FROM weir.reservations"),
            since.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    println!("{what}: whole after {:?}", since.elapsed());
}

/// Compares rows, ledger, balances and rollups with each other and with what the provider was paid for, once the gateways
/// have stopped. `unanswered` calls were cut off by the end of their gateway.
pub(crate) fn check_accounts(fleet: &Fleet, answered: usize, unanswered: usize, what: &str) {
    let figure = |sql: &str| fleet.figure(sql);
    let (answered, unanswered) = (answered as i64, unanswered as i64);
    let calls = fleet.upstream.calls() as i64;
    let rows = figure("SELECT count(*) FROM weir.requests");
    println!("{what}: {answered} answered, {unanswered} cut off, {rows} rows, {calls} paid for");
    assert!((answered..=answered + unanswered).contains(&rows), "{what}");
    let settled = figure(&format!(
        "SELECT count(*) FROM weir.requests WHERE cost_basis = 'settled' AND cost_nanousd = {EACH_NANOUSD}"
    ));
    let unsettled = figure("SELECT count(*) FROM weir.requests WHERE cost_basis = 'unsettled'");
    let free = figure("SELECT count(*) FROM weir.requests WHERE cost_nanousd = 0");
    assert_eq!(settled + unsettled + free, rows, "{what}");
    assert!(
        settled <= calls && calls <= settled + unsettled && unsettled <= unanswered,
        "{what}: {settled} settled, {unsettled} unsettled of {calls}"
    );
    let cost = figure("SELECT sum(cost_nanousd) FROM weir.requests");
    assert!(cost >= calls * EACH_NANOUSD, "{what}: {cost} of {calls} calls");
    let charged =
        figure("SELECT sum(amount_nanousd) FROM weir.ledger WHERE kind = 'charge' AND cap = 'open'");
    assert_eq!(charged, cost, "{what}");
    let spent = figure("SELECT sum(spent_nanousd) FROM weir.cap_balances WHERE cap = 'open'");
    assert_eq!(spent, cost, "{what}");
    assert_eq!(
        figure("SELECT sum(requests) FROM weir.rollup_counters WHERE grain = 'hour' AND dimension = 'all'"),
        rows,
        "{what}"
    );
    let left = std::fs::read_dir(fleet.folder.path().join("spool")).unwrap();
    assert_eq!(left.count(), 0, "{what}: no spool is left behind");
}
