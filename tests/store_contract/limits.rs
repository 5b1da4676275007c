//! Slots of limits: lent, used, handed over, taken back; and several gateways with clocks far apart on one store.

use crate::sample::{Draw, START_MS, bare};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use weir_contract::model::{
    key::KeyLimit,
    limit::{EndpointClass, Limit, LimitMeasure, LimitSubject},
};
use weir_engine::{
    clock::Clock,
    limit::{
        account::{Entry, LONGEST_STEP_MS, Use},
        limiter::Limiter,
        replay_log,
        subject::{Caller, OWN_LIMIT, Weight},
    },
    store::{LimitExchange, LimitFill, LimitStore, Store, StoreError},
};

fn entry(in_flight: i64, free: i64, need: i64) -> Entry {
    Entry {
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
    }
}

fn exchange(holder: &str, seq: i64, known_ms: i64, entries: Vec<Entry>) -> LimitExchange {
    LimitExchange {
        holder: holder.into(),
        seq,
        known_ms,
        entries,
    }
}

async fn ask(store: &Arc<dyn LimitStore>, holder: &str, seq: i64, known_ms: i64, entry: Entry) -> (i64, i64) {
    let reply = store
        .exchange_limits(exchange(holder, seq, known_ms, vec![entry]))
        .await
        .unwrap();
    (reply.answers[0].granted, reply.answers[0].room)
}

pub(crate) async fn slots_are_lent_once(store: Arc<dyn LimitStore>) {
    assert_eq!(ask(&store, "a", 1, 0, entry(0, 0, 3)).await, (3, 2));
    assert_eq!(ask(&store, "b", 1, 0, entry(0, 0, 3)).await, (0, 2));
    assert_eq!(ask(&store, "b", 2, 0, entry(0, 0, 2)).await, (2, 0));
    // One is in use, one is kept, one goes back.
    assert_eq!(ask(&store, "a", 2, 0, entry(1, 1, 0)).await, (0, 1));
    let fill = store.limit_fill("p", 1_000).await.unwrap();
    assert_eq!(
        fill,
        LimitFill {
            callers: 1,
            busiest: Some(("ann".into(), 4))
        }
    );
}

pub(crate) async fn an_exchange_that_comes_late_changes_nothing(store: Arc<dyn LimitStore>) {
    assert_eq!(ask(&store, "a", 5, 0, entry(0, 0, 3)).await, (3, 2));
    let late = store
        .exchange_limits(exchange("a", 4, 9_000, vec![entry(0, 0, 0)]))
        .await;
    assert!(matches!(
        late,
        Err(StoreError::Conflict {
            expected: 4,
            found: 5
        })
    ));
    assert_eq!(ask(&store, "b", 1, 0, entry(0, 0, 0)).await, (0, 2));
}

pub(crate) async fn what_is_handed_over_rests(store: Arc<dyn LimitStore>) {
    ask(&store, "a", 1, 100, entry(0, 0, 5)).await;
    let handed = Entry {
        used: vec![Use {
            age_ms: 400,
            amount: 2,
        }],
        ..entry(0, 0, 0)
    };
    assert_eq!(ask(&store, "a", 2, 100, handed).await, (0, 3));
    let rested_ms = 100 - 400 + LONGEST_STEP_MS + 1_000;
    assert_eq!(ask(&store, "b", 1, rested_ms - 1, entry(0, 0, 5)).await, (0, 3));
    assert_eq!(ask(&store, "b", 2, rested_ms, entry(0, 0, 5)).await, (5, 0));
}

pub(crate) async fn the_dead_are_taken_back_from(store: Arc<dyn LimitStore>) {
    ask(&store, "dead", 1, 0, entry(0, 0, 5)).await;
    ask(&store, "living", 1, 20_000, entry(0, 0, 0)).await;
    assert_eq!(store.reclaim_limits(14_000, 30_000).await.unwrap(), 0);
    assert_eq!(store.reclaim_limits(20_000, 15_000).await.unwrap(), 1);
    assert_eq!(ask(&store, "living", 2, 20_001, entry(0, 0, 1)).await, (0, 0));
    let rested_ms = 20_000 + LONGEST_STEP_MS + 1_000;
    assert_eq!(ask(&store, "living", 3, rested_ms, entry(0, 0, 1)).await, (1, 4));
    // It comes back: what it believes to have is gone, what is under way is a fact.
    let reply = store
        .exchange_limits(exchange("dead", 2, 0, vec![entry(1, 4, 0)]))
        .await
        .unwrap();
    assert!(reply.lost);
    assert_eq!((reply.answers[0].room, reply.holders), (3, 2));
}

pub(crate) async fn requests_reach_the_log_once(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("requests_reach_the_log_once");
    let rows: Vec<_> = (0..300).map(|number| draw.row(START_MS + number)).collect();
    for row in &rows {
        store.record(bare(row.clone())).await.unwrap();
    }
    store.fold_rollups().await.unwrap();
    store.fold_rollups().await.unwrap();
    let pieces = store.limit_log(START_MS).await.unwrap();
    let mut logged: Vec<_> = pieces.iter().flat_map(|piece| replay_log::read(piece)).collect();
    logged.sort_by_key(|request| request.at_ms);
    assert_eq!(logged.len(), rows.len());
    for (request, row) in logged.iter().zip(&rows) {
        assert_eq!(
            (request.at_ms, request.key, request.user, request.intent),
            (
                row.started_ms,
                row.key_id.as_str(),
                row.user.as_str(),
                row.intent.as_str()
            )
        );
        assert_eq!(
            (request.tokens, request.cost_nanousd),
            (row.tokens.total(), row.cost_nanousd.0)
        );
    }
    assert_eq!(store.expire_limit_log(START_MS).await.unwrap(), 0);
    assert!(store.expire_limit_log(START_MS + 1_000).await.unwrap() > 0);
    assert_eq!(store.limit_log(0).await.unwrap().len(), 0);
}

/// A machine's clock that is wrong, and is set while it runs.
struct Skewed {
    origin: Instant,
    off_ms: AtomicI64,
}

impl Clock for Skewed {
    fn now_ms(&self) -> i64 {
        START_MS + self.off_ms.load(Ordering::SeqCst) + self.origin.elapsed().as_millis() as i64
    }
    fn monotonic_us(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }
}

/// RL-2: four gateways on one store, their clocks 30 seconds off either way and set once more on the way, sixteen callers
/// each who always ask. Never more than the limit in any window, and at least 95 % of what is allowed.
pub(crate) async fn four_gateways_hold_one_limit(store: Arc<dyn LimitStore>) {
    const MOST: usize = 40;
    const WINDOWS: usize = 4;
    let limit = Limit {
        name: "l".into(),
        subject: LimitSubject::User,
        measure: LimitMeasure::Requests,
        endpoint_class: EndpointClass::ModelCalls,
        most: MOST as i64,
        window_seconds: 1,
        enabled: true,
        shadow: false,
    };
    let (began, mut tasks) = (Instant::now(), Vec::new());
    let ends = began + Duration::from_secs(WINDOWS as u64);
    for (number, off_ms) in [-30_000, 30_000, 0, 12_345].into_iter().enumerate() {
        let clock = Arc::new(Skewed {
            origin: Instant::now(),
            off_ms: AtomicI64::new(off_ms),
        });
        let limits = std::slice::from_ref(&limit);
        let limiter = Limiter::new(&format!("g{number}"), store.clone(), clock.clone(), limits);
        for caller in 0..16 {
            let (limiter, clock) = (limiter.clone(), clock.clone());
            tasks.push(tokio::spawn(async move {
                let mut admitted = Vec::new();
                let who = Caller {
                    user: "ann",
                    ..Caller::default()
                };
                while Instant::now() < ends {
                    if began.elapsed() > Duration::from_secs(2) {
                        clock.off_ms.store(-off_ms, Ordering::SeqCst);
                    }
                    let sent = began.elapsed();
                    if limiter.admit(&who, &Weight::REQUEST).await.is_ok() {
                        admitted.push((sent, began.elapsed()));
                    }
                    if caller == 0 {
                        limiter.report().await.unwrap();
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                admitted
            }));
        }
    }
    let mut admitted = Vec::new();
    for task in tasks {
        admitted.extend(task.await.unwrap());
    }
    let window = Duration::from_secs(1);
    let most = support::admitted::most_surely_within(window, &admitted);
    assert!(most <= MOST, "{most} admitted within {window:?}");
    let allowed = MOST * WINDOWS;
    println!("{} of {allowed} admitted at four gateways", admitted.len());
    assert!(
        admitted.len() * 100 >= allowed * 95,
        "{} of {allowed}",
        admitted.len()
    );
}

/// A key that brings its own limit along is counted by it at every gateway together, and no other key is.
pub(crate) async fn a_keys_own_limit_holds_over_gateways(store: Arc<dyn LimitStore>) {
    let own = KeyLimit {
        max_requests: 3,
        window_seconds: 3_600,
    };
    let limiters = ["a", "b"].map(|holder| {
        let clock = Arc::new(Skewed {
            origin: Instant::now(),
            off_ms: AtomicI64::new(0),
        });
        Limiter::new(holder, store.clone(), clock, &[])
    });
    let caller = |key, own| Caller {
        key,
        own,
        ..Caller::default()
    };
    let mut admitted = 0;
    for turn in 0..8 {
        let limiter = &limiters[turn % 2];
        match limiter.admit(&caller("kept", Some(own)), &Weight::REQUEST).await {
            Ok(_) => admitted += 1,
            Err(refusal) => assert!(refusal.in_words().contains(OWN_LIMIT), "{}", refusal.in_words()),
        }
        assert!(
            limiter
                .admit(&caller("free", None), &Weight::REQUEST)
                .await
                .is_ok()
        );
        limiter.report().await.unwrap();
    }
    assert_eq!(admitted, 3);
    // New limits for all leave it as it is, and a higher one of its own lets in what is added.
    limiters[0].set_limits(&[]);
    let raised = KeyLimit {
        max_requests: 4,
        ..own
    };
    let held = limiters[0]
        .admit(&caller("kept", Some(own)), &Weight::REQUEST)
        .await;
    assert!(held.is_err());
    let held = limiters[0]
        .admit(&caller("kept", Some(raised)), &Weight::REQUEST)
        .await;
    assert!(held.is_ok());
}
