//! RL-2 with whole gateways: a limit of N is N in any window over all of them, also while one is killed.

use crate::fleet::{Fleet, cap};
use std::time::{Duration, Instant};

const MOST: usize = 12;
const WINDOW: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn four_gateways_hold_one_limit_while_one_dies() {
    hold_one_limit("").await;
}

/// The same where Redis keeps the slots.
#[tokio::test(flavor = "multi_thread")]
async fn four_gateways_hold_one_limit_in_redis_while_one_dies() {
    let server = support::redis_server::RedisServer::start(&[]);
    hold_one_limit(&format!("[redis]\nurl = \"{}\"\nread_ms = 1000\n", server.url())).await;
    let holders = server.command(&["--raw", "KEYS", "*:limit:time"]);
    assert!(holders.contains("limit:time"), "they were in Redis: {holders}");
}

async fn hold_one_limit(more: &str) {
    let limits = format!(
        "[[limits]]\nname = \"key-limit\"\nsubject = \"key\"\nmax_requests = {MOST}\nwindow_seconds = {}\nenabled = true\n",
        WINDOW.as_secs()
    );
    let mut fleet = Fleet::start(4, &format!("{more}{}{limits}", cap(1_000_000_000_000))).await;
    if !more.is_empty() {
        crate::redis::all_ready(&fleet).await;
    }
    let began = Instant::now();
    let ends = Duration::from_secs(12);
    let asking = (0..16).map(|caller| {
        let fleet = &fleet;
        async move {
            let mut admitted = Vec::new();
            let mut refused = 0;
            for number in 0.. {
                let sent = began.elapsed();
                if sent > ends {
                    break;
                }
                // After half of the time the last one is gone, and so are its slots until they have rested.
                let gateway = if sent > ends / 2 { caller % 3 } else { caller % 4 };
                let status = fleet.try_ask(gateway, &format!("{caller} {number}")).await;
                match status {
                    Some(200) => admitted.push((sent, began.elapsed())),
                    Some(429) => refused += 1,
                    // The one that was just killed.
                    None if gateway == 3 => {}
                    other => panic!("{other:?}"),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            (admitted, refused)
        }
    });
    let killing = async {
        tokio::time::sleep(ends / 2).await;
        fleet.signal(3, "-KILL");
    };
    let (told, ()) = futures::join!(futures::future::join_all(asking), killing);
    let refused: usize = told.iter().map(|(_, refused)| refused).sum();
    let admitted: Vec<_> = told.into_iter().flat_map(|(admitted, _)| admitted).collect();
    println!("{} admitted, {refused} refused in {ends:?}", admitted.len());
    let most = support::admitted::most_surely_within(WINDOW, &admitted);
    assert!(most <= MOST, "{most} admitted within {WINDOW:?}");
    let before_the_kill = admitted.iter().filter(|(_, answered)| *answered < ends / 2);
    let windows = ends.as_secs() / 2 / WINDOW.as_secs();
    assert!(
        before_the_kill.count() * 100 >= MOST * windows as usize * 80,
        "slots were left unused"
    );
    assert!(refused > 100, "{refused}");
    fleet.gateways.remove(3);
    fleet.stop().await;
}
