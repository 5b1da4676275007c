//! Slots of limits in a real Redis: what every store does, and what only Redis can do, which is to forget.

use crate::{limits, sqlite};
use std::{sync::Arc, time::Duration};
use support::{eventually, redis_server::RedisServer};
use weir_engine::{
    cache::shared::clears::{ClearBook, ClearMark},
    clock::SystemClock,
    limit::account::Entry,
    store::{LimitExchange, LimitStore},
};
use weir_store_redis::{Redis, RedisOptions, Timeouts};

/// Limits in a Redis that has been reached, and what must live as long.
async fn fresh() -> (Arc<dyn LimitStore>, RedisServer, impl Sized) {
    let server = RedisServer::start(&[]);
    let (store, kept) = sqlite::fresh().await;
    let options = RedisOptions {
        url: server.url().into(),
        password: None,
        ca_pem: None,
        // Tests share their machine with others.
        timeouts: Timeouts {
            read: Duration::from_secs(2),
            ..Timeouts::default()
        },
    };
    let book = ClearBook::after(ClearMark::default());
    let (redis, tending) = Redis::new(&options, &[7; 32], book, Arc::new(SystemClock::new())).unwrap();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    tokio::spawn(tending.run(stopping));
    let limits: Arc<dyn LimitStore> = Arc::new(redis.limits(store));
    eventually("Redis is reached", || async {
        limits.limit_fill("none", 1).await.ok()
    })
    .await;
    (limits, server, (kept, stop))
}

macro_rules! on_redis {
    ($($behaviour:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $behaviour() {
            let (limits, _server, _kept) = fresh().await;
            limits::$behaviour(limits).await;
        })*
    };
}

on_redis!(
    slots_are_lent_once,
    an_exchange_that_comes_late_changes_nothing,
    what_is_handed_over_rests,
    the_dead_are_taken_back_from,
    four_gateways_hold_one_limit,
    a_keys_own_limit_holds_over_gateways,
);

fn exchange(holder: &str, seq: i64, in_flight: i64, free: i64, need: i64) -> LimitExchange {
    LimitExchange {
        holder: holder.into(),
        seq,
        known_ms: 0,
        entries: vec![Entry {
            pool: "p".into(),
            caller: "ann".into(),
            most: 5,
            rest_ms: 1_000,
            in_flight,
            free,
            used: Vec::new(),
            need,
            want: need,
            extra: 0,
        }],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgot_everything_is_told_what_is_in_use() {
    let (limits, server, _kept) = fresh().await;
    let lent = limits.exchange_limits(exchange("a", 1, 0, 0, 4)).await.unwrap();
    assert_eq!(lent.answers[0].granted, 4);
    assert_eq!(server.command(&["FLUSHALL"]), "OK");
    // Three are in use, one is believed to be free.
    let told = limits.exchange_limits(exchange("a", 2, 3, 1, 0)).await.unwrap();
    assert!(told.lost, "what was lent before is lost");
    assert_eq!(told.answers[0].room, 2, "what is in use is a fact");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgot_the_last_exchanges_is_found_out() {
    let (limits, server, _kept) = fresh().await;
    limits.exchange_limits(exchange("a", 1, 0, 0, 1)).await.unwrap();
    let holders = server.command(&["--raw", "KEYS", "*holders"]);
    let before = server.command(&["--raw", "HGET", &holders, "a"]);
    limits.exchange_limits(exchange("a", 2, 0, 1, 2)).await.unwrap();
    // As after a failover to a replica that had not heard of the second.
    let _ = server.command(&["HSET", &holders, "a", &before]);
    let told = limits.exchange_limits(exchange("a", 3, 0, 3, 0)).await.unwrap();
    assert!(told.lost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_may_throw_limits_away_holds_none() {
    let (limits, mut server, _kept) = fresh().await;
    limits.exchange_limits(exchange("a", 1, 0, 0, 1)).await.unwrap();
    server.stop();
    eventually("it is noticed", || async {
        limits.exchange_limits(exchange("a", 2, 0, 1, 0)).await.err()
    })
    .await;
    server.set(&["--maxmemory-policy", "allkeys-lru"]);
    server.start_again();
    eventually("its policy is named", || async {
        let refused = limits.exchange_limits(exchange("a", 3, 0, 1, 0)).await.err()?;
        refused.to_string().contains("volatile-lru").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uses_that_no_limit_counts_any_more_leave_nothing_behind() {
    let (limits, server, _kept) = fresh().await;
    limits.exchange_limits(exchange("a", 1, 0, 0, 2)).await.unwrap();
    // The holder dies, what it had rests, and two days pass.
    assert_eq!(limits.reclaim_limits(20_000, 15_000).await.unwrap(), 1);
    assert_eq!(
        limits.limit_fill("p", 1_000).await.unwrap().busiest,
        Some(("ann".into(), 2))
    );
    assert_eq!(limits.reclaim_limits(3 * 86_400_000, 15_000).await.unwrap(), 0);
    assert_eq!(limits.limit_fill("p", 1_000).await.unwrap().callers, 0);
    let left = server.command(&["--raw", "KEYS", "*"]);
    assert!(left.lines().all(|name| name.ends_with(":time")), "{left}");
}
