//! The process that `kill_nine` kills: records as fast as it can and prints each id after it was acknowledged.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failure must end the process, so that the test sees it"
)]

#[allow(dead_code, reason = "shared with the contract, which uses more of it")]
mod sample;

use sample::{Draw, START_MS, lease, reservation, settled, trace, wish};
use std::{io::Write, path::Path, sync::Arc};
use weir_engine::store::{RequestRecord, Store};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap();
    let life: i64 = arguments.next().unwrap().parse().unwrap();
    let store = open(&url).await;
    let now_ms = START_MS + life * 1000;
    // Whoever beat before this life is dead.
    store.recover_dead_gateways(now_ms, now_ms).await.unwrap();
    let gateway: Arc<str> = format!("gateway {life}").into();
    store.beat(&gateway, now_ms).await.unwrap();
    print("ready");
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            tokio::spawn(call_for_ever(
                store.clone(),
                gateway.clone(),
                life,
                caller,
                now_ms,
            ))
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

/// The store behind the URL; the schema of a Postgres is made if it is missing.
async fn open(url: &str) -> Arc<dyn Store> {
    match url.strip_prefix("sqlite://") {
        Some(path) => Arc::new(weir_store_sqlite::open(Path::new(path)).await.unwrap()),
        None => {
            weir_store_postgres::migrate(url).await.unwrap();
            Arc::new(weir_store_postgres::open(url).await.unwrap())
        }
    }
}

async fn call_for_ever(store: Arc<dyn Store>, gateway: Arc<str>, life: i64, caller: i64, now_ms: i64) {
    let mut draw = Draw::from((life * 1000 + caller) as u64 * 7919);
    let key = lease("day", &format!("lease of {gateway}, caller {caller}"));
    let mut free = 0;
    loop {
        let amount = draw.between(1, 100_000);
        if free < amount {
            let mut wish = wish(&key, &gateway, i64::MAX, amount, 1_000_000);
            wish.now_ms = now_ms;
            free += store.acquire_lease(wish).await.unwrap().0;
        }
        let at_ms = now_ms + draw.between(0, 1000);
        let mut open = reservation(&draw.row(at_ms), &gateway, amount, std::slice::from_ref(&key));
        open.opened_ms = now_ms;
        store.open_reservation(open.clone()).await.unwrap();
        let amount = draw.between(0, amount + 1);
        free -= amount;
        let record = RequestRecord {
            trace: trace(),
            request_body: Some("{\"messages\":[]}".to_owned()),
            ..settled(&open, amount, true)
        };
        let id = record.row.id.clone();
        store.record(record).await.unwrap();
        print(&format!("{id}."));
    }
}

/// One write per line, so that a kill cuts at most the last one.
fn print(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("{line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}
