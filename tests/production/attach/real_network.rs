//! OUT-4: a desktop whose network drops, changes and sleeps. The network is real, and so are the stops.

use super::{desktop::Desktop, held::Held, until};
use serde_json::json;
use std::time::{Duration, Instant};
use support::{eventually, network::End};
use weir_contract::ErrorCode;
use weir_engine::clock::{Clock, SystemClock};

/// What the acts of these tests change.
const KEYS: &str = "weir.virtual_keys";
/// What every act reads before it changes something.
const SALT: &str = "weir.change_salt";
/// A network that is gone is said to be so within this long.
const SAID_WITHIN: Duration = Duration::from_secs(5);
/// And a window is back within this long after it.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Longer than it takes until what the system holds back of a lost connection is sent again.
const LATE: Duration = Duration::from_secs(12);

/// The window says that its figures are old, shows nothing as new, and refuses what would change something.
async fn says_that_it_is_away(desktop: &Desktop, what: &str) {
    let took = until(SAID_WITHIN, async || desktop.state().await.lost.is_some()).await;
    println!("{what}: said after {took:?}");
    let state = desktop.state().await;
    assert!(state.unlocked_until_ms.is_none(), "a lost window is locked");
    let read = desktop.call("caps.list", json!({})).await.unwrap_err();
    assert_eq!(read.code, ErrorCode::Unavailable, "{read}");
    let name = format!("{what}: while away");
    let refused = desktop.send(&name).await.await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(refused.message.contains("nothing was done"), "{refused}");
    assert_eq!(
        desktop.state().await.as_of_ms,
        state.as_of_ms,
        "nothing new is known"
    );
}

/// Waits until what is shown is of now, and says how long that took since the network was there again.
async fn is_back(desktop: &Desktop, since: Instant, since_ms: i64, what: &str) {
    eventually("the window is back", || async {
        let state = desktop.state().await;
        (state.lost.is_none() && state.as_of_ms >= since_ms).then_some(())
    })
    .await;
    desktop.call("caps.list", json!({})).await.unwrap();
    let took = since.elapsed();
    println!("{what}: back after {took:?}");
    assert!(took <= BACK_WITHIN, "{what}: {took:?}");
}

fn now_ms() -> i64 {
    SystemClock::new().now_ms()
}

/// Each act was done as often as was said, and what a page shows on return stays so.
async fn nothing_was_repeated(desktop: &Desktop, acts: &[(&str, bool)], refused: &[&str]) {
    let count = || -> Vec<u32> { acts.iter().map(|(name, _)| desktop.done(name)).collect() };
    let at_once = count();
    tokio::time::sleep(LATE).await;
    assert_eq!(
        count(),
        at_once,
        "{acts:?}: something was done after the window was back"
    );
    println!("{acts:?} were done {at_once:?} times");
    for ((name, is_done), times) in acts.iter().zip(at_once) {
        assert!(times <= 1, "{name} was done {times} times");
        assert!(times == 1 || !is_done, "{name} was said to be done");
    }
    for name in refused {
        assert_eq!(desktop.done(name), 0, "{name} was said not to be done");
    }
    let verified = desktop.call("audit.verify", json!({})).await.unwrap();
    assert!(verified["problem"].is_null(), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn out_4_a_network_that_drops_is_said_and_followed_by_no_second_act() {
    let desktop = Desktop::attach().await;
    let before = desktop.send("before").await.await;
    assert!(before.is_ok(), "{before:?}");
    let mut acts = vec![("before", true)];
    // Once far away, so that nobody at the desktop can know, and once at the desktop itself.
    for (end, on_its_way, too_late) in [
        (End::Server, "on its way, far", "too late, far"),
        (End::Desktop, "on its way, near", "too late, near"),
    ] {
        let what = format!("{end:?}");
        let held = Held::hold(&desktop, KEYS).await;
        let sent = desktop.send(on_its_way).await;
        held.until_wanted(&desktop).await;
        desktop.network.plug(end, false);
        held.release(&desktop);
        let nowhere = desktop.send(too_late).await;
        says_that_it_is_away(&desktop, &what).await;
        for (name, answer) in [(on_its_way, sent.await), (too_late, nowhere.await)] {
            let problem = answer.expect_err("nobody can know");
            assert_eq!(problem.code, ErrorCode::Unavailable, "{name}: {problem}");
            acts.push((name, false));
        }
        tokio::time::sleep(Duration::from_secs(4)).await;
        let (since, since_ms) = (Instant::now(), now_ms());
        desktop.network.plug(end, true);
        is_back(&desktop, since, since_ms, &what).await;
        desktop.unlock().await;
    }
    let after = desktop.send("after").await.await;
    assert!(after.is_ok(), "{after:?}");
    acts.push(("after", true));
    nothing_was_repeated(&desktop, &acts, &["Server: while away", "Desktop: while away"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_4_a_desktop_with_another_address_is_back_and_repeats_nothing() {
    let desktop = Desktop::attach().await;
    let held = Held::hold(&desktop, KEYS).await;
    let sent = desktop.send("on its way").await;
    held.until_wanted(&desktop).await;
    // The old connections are dead, and nobody says so; new ones could be made at once.
    let (since, since_ms) = (Instant::now(), now_ms());
    desktop.network.move_desktop();
    held.release(&desktop);
    let nowhere = desktop.send("too late").await;
    is_back_on_new_connections(&desktop, since, since_ms).await;
    for (name, answer) in [("on its way", sent.await), ("too late", nowhere.await)] {
        let problem = answer.expect_err("nobody can know");
        assert_eq!(problem.code, ErrorCode::Unavailable, "{name}: {problem}");
    }
    desktop.unlock().await;
    let after = desktop.send("after").await.await;
    assert!(after.is_ok(), "{after:?}");
    let acts = [("on its way", false), ("too late", false), ("after", true)];
    nothing_was_repeated(&desktop, &acts, &[]).await;
}

/// It was away meanwhile, so that what it shows came by other connections.
async fn is_back_on_new_connections(desktop: &Desktop, since: Instant, since_ms: i64) {
    until(BACK_WITHIN, async || {
        let state = desktop.state().await;
        state.unlocked_until_ms.is_none()
    })
    .await;
    is_back(desktop, since, since_ms, "another address").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_4_a_desktop_that_slept_is_back_and_repeats_nothing() {
    let desktop = Desktop::attach().await;
    let before = desktop.send("before").await.await;
    assert!(before.is_ok(), "{before:?}");
    let held = Held::hold(&desktop, KEYS).await;
    let sent = desktop.send("on its way").await;
    held.until_wanted(&desktop).await;
    desktop.signal("-STOP");
    held.release(&desktop);
    // Its network sleeps, too; the server loses patience, and what it says of that does not arrive.
    tokio::time::sleep(Duration::from_secs(1)).await;
    desktop.network.plug(End::Desktop, false);
    let ended = desktop.end_sessions();
    assert!(ended >= 2, "{ended} sessions were ended");
    tokio::time::sleep(Duration::from_secs(12)).await;
    // Somebody acts at the very moment of waking.
    let waking = desktop.send("on waking").await;
    let (since, since_ms) = (Instant::now(), now_ms());
    desktop.network.plug(End::Desktop, true);
    desktop.signal("-CONT");
    // The first page shows what is true now, or that it does not know.
    let (sent, waking) = (sent.await, waking.await);
    is_back(&desktop, since, since_ms, "sleep").await;
    desktop.unlock().await;
    let after = desktop.send("after").await.await;
    assert!(after.is_ok(), "{after:?}");
    println!("on its way: {sent:?}; on waking: {waking:?}");
    assert_eq!(desktop.done("on its way"), 1, "the server was not asleep");
    let acts = [
        ("before", true),
        ("on its way", true),
        ("on waking", waking.is_ok()),
        ("after", true),
    ];
    nothing_was_repeated(&desktop, &acts, &[]).await;
}

/// The system goes on to send what a connection has left unsent, even after the program has given it up. What a page shows
/// when the window is back must hold all the same, or whoever repeats what is not there has it done twice.
#[tokio::test(flavor = "multi_thread")]
async fn out_4_what_was_lost_on_its_way_does_not_come_late() {
    let desktop = Desktop::attach().await;
    let before = desktop.send("before").await.await;
    assert!(before.is_ok(), "{before:?}");
    // The act has read, and is asked twice whether its connection lives before it changes something: when that is given back and
    // when it is taken. The server's process is stopped at each question, and its last answer is the last thing that comes.
    let held = Held::hold(&desktop, SALT).await;
    let sent = desktop.send("lost").await;
    held.until_wanted(&desktop).await;
    desktop.network.lose_what_is_sent_by(End::Server, true);
    held.release(&desktop);
    for question in 0..2 {
        if question > 0 {
            desktop.network.lose_what_is_sent_by(End::Server, true);
            desktop.signal_changing_session("-CONT");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        desktop.signal_changing_session("-STOP");
        desktop.network.lose_what_is_sent_by(End::Server, false);
        // Until the answer is sent again, and followed by the next question.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    desktop.network.lose_what_is_sent_by(End::Desktop, true);
    desktop.signal_changing_session("-CONT");
    let lost = Instant::now();
    says_that_it_is_away(&desktop, "lost").await;
    let problem = sent.await.expect_err("nobody can know");
    assert_eq!(problem.code, ErrorCode::Unavailable, "{problem}");
    // It was sent again 6.2 s after it was lost, and will be sent again 12.6 s after it.
    tokio::time::sleep(Duration::from_secs(7).saturating_sub(lost.elapsed())).await;
    let (since, since_ms) = (Instant::now(), now_ms());
    desktop.network.lose_what_is_sent_by(End::Desktop, false);
    is_back(&desktop, since, since_ms, "lost").await;
    nothing_was_repeated(
        &desktop,
        &[("before", true), ("lost", false)],
        &["lost: while away"],
    )
    .await;
}
