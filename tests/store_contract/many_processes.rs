//! BUD-1 and BUD-7: several processes spend one cap on one database at once, some of them killed: not a nano-dollar over, and next
//! to nothing left unused. `WEIR_LONG=1` makes the catalogue's 20,000 calls.

use crate::{sample::Draw, spender_plan::Plan};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use support::postgres::TestDatabase;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::{fence::DEAD_AFTER_MS, period::CountedStarts},
    clock::{Clock, SystemClock},
    store::{CapBalance, Store},
};

const DEAREST: i64 = 2_000_000;

fn is_long() -> bool {
    std::env::var_os("WEIR_LONG").is_some()
}

/// A plan that uses the cap up after about two thirds of its calls: the average call costs a quarter of the dearest.
fn plan(on: &Shared, draw: &mut Draw, processes: i64, callers: u64, calls: i64) -> Plan {
    Plan {
        database: on.database.clone(),
        bills: on.folder.path().to_owned(),
        gateway_id: String::new(),
        seed: draw.between(1, i64::MAX / 2_000).unsigned_abs(),
        callers,
        calls: calls / processes,
        limit: calls * DEAREST / 6,
        dearest: DEAREST,
        slowest_ms: if is_long() { 500 } else { 120 },
        patience_ms: 3_000,
    }
}

/// What all processes share: a database, and a folder for what each is billed.
struct Shared {
    database: String,
    store: Arc<dyn Store>,
    folder: tempfile::TempDir,
    _kept: Option<TestDatabase>,
}

impl Shared {
    async fn on_sqlite() -> Shared {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weir.db");
        Shared {
            database: file.display().to_string(),
            store: Arc::new(weir_store_sqlite::open(&file).await.unwrap()),
            folder,
            _kept: None,
        }
    }

    async fn on_postgres() -> Shared {
        let database = TestDatabase::migrated();
        Shared {
            database: database.url(),
            store: Arc::new(weir_store_postgres::open(&database.url()).await.unwrap()),
            folder: tempfile::tempdir().unwrap(),
            _kept: Some(database),
        }
    }
}

/// Where a process writes what it is billed; the plan that all begin with names the folder.
fn bills_of(base: &Plan, number: usize) -> PathBuf {
    base.bills.join(format!("bills-{number}"))
}

struct Spending {
    process: Child,
    plan: Plan,
}

fn start(base: &Plan, number: usize) -> Spending {
    let plan = Plan {
        gateway_id: format!("g{number}"),
        bills: bills_of(base, number),
        seed: base.seed + number as u64,
        ..base.clone()
    };
    let mut process = Command::new(env!("CARGO_BIN_EXE_cap_spender"))
        .args(plan.arguments())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    output.read_line(&mut ready).unwrap();
    assert_eq!(ready.trim(), "ready");
    // Kept open, or the process could not write its last line.
    process.stdout = Some(output.into_inner());
    Spending { process, plan }
}

/// What one process wrote.
#[derive(Default)]
struct Told {
    billed: i64,
    calls: usize,
    refused: usize,
    /// Refused although spent, reserved and needed together were within the cap: the rest was lent and did not come back.
    refused_with_room: usize,
}

fn read(bills: &Path) -> Told {
    let mut told = Told::default();
    for line in std::fs::read_to_string(bills).unwrap_or_default().lines() {
        let mut words = line.split(' ');
        let kind = words.next().unwrap();
        let amounts: Vec<i64> = words.map(|word| word.parse().unwrap()).collect();
        match (kind, amounts.as_slice()) {
            ("billed", [cost]) => {
                told.billed += cost;
                told.calls += 1;
            }
            ("refused", [limit, spent, reserved, lent, need]) => {
                told.refused += 1;
                assert!(
                    spent + reserved + lent + need > *limit,
                    "refused without a reason: {line}"
                );
                told.refused_with_room += usize::from(spent + reserved + need <= *limit);
            }
            _ => panic!("{line}"),
        }
    }
    told
}

fn read_all(base: &Plan, processes: usize) -> Told {
    (0..processes).fold(Told::default(), |sum, number| {
        let one = read(&bills_of(base, number));
        Told {
            billed: sum.billed + one.billed,
            calls: sum.calls + one.calls,
            refused: sum.refused + one.refused,
            refused_with_room: sum.refused_with_room + one.refused_with_room,
        }
    })
}

async fn balance(store: &dyn Store) -> CapBalance {
    let all = CountedStarts {
        first_ms: 0,
        last_ms: i64::MAX,
    };
    let balances = store.balances("shared", all).await.unwrap();
    balances
        .into_iter()
        .fold(CapBalance::default(), |sum, (_, balance)| sum.plus(balance))
}

/// Tells it to stop and waits until it has.
fn end(mut spending: Spending) {
    drop(spending.process.stdin.take());
    assert!(
        spending.process.wait().unwrap().success(),
        "{}",
        spending.plan.gateway_id
    );
}

fn wait(mut spending: Spending) {
    // Waiting would close it, and so tell the process to stop.
    let _kept_open = spending.process.stdin.take();
    assert!(
        spending.process.wait().unwrap().success(),
        "{}",
        spending.plan.gateway_id
    );
}

/// 0 over by the providers' bills and by the ledger, and at least 99 of 100 of the cap used.
async fn check(base: &Plan, store: &dyn Store, told: &Told) {
    let stands = balance(store).await;
    println!(
        "limit {}, billed {} in {} calls, charged {} (unsettled {}), {} refused, {} of them with room lent out",
        base.limit,
        told.billed,
        told.calls,
        stands.spent_nanousd.0,
        stands.unsettled_nanousd.0,
        told.refused,
        told.refused_with_room
    );
    assert!(told.billed <= base.limit, "over by {}", told.billed - base.limit);
    assert!(
        stands.spent_nanousd <= NanoUsd(base.limit),
        "charged over the cap"
    );
    assert!(stands.spent_nanousd.0 >= told.billed, "a bill was forgotten");
    assert!(told.refused > 0, "the cap was never reached, so nothing is shown");
    assert!(
        stands.spent_nanousd.0 * 100 >= base.limit * 99,
        "only {} of {} could be used",
        stands.spent_nanousd.0,
        base.limit
    );
    assert_eq!(stands.reserved_nanousd, NanoUsd::ZERO);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}

/// Each of them on both databases.
macro_rules! on_both {
    ($($behaviour:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(super::Shared::on_sqlite().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(super::Shared::on_postgres().await).await;
            })*
        }
    };
}

on_both! {
    bud_1_four_processes_never_pass_a_strict_cap_and_use_all_of_it,
    bud_1_kills_in_the_middle_change_nothing,
    bud_7_what_three_dead_gateways_strand_comes_back,
}

async fn bud_1_four_processes_never_pass_a_strict_cap_and_use_all_of_it(on: Shared) {
    let mut draw = Draw::seeded("bud_1");
    let calls = if is_long() { 20_000 } else { 4_000 };
    let base = plan(&on, &mut draw, 4, 64, calls);
    let store = on.store.as_ref();
    let spending: Vec<_> = (0..4).map(|number| start(&base, number)).collect();
    spending.into_iter().for_each(wait);
    let told = read_all(&base, 4);
    check(&base, store, &told).await;
    assert_eq!(
        told.refused_with_room, 0,
        "nothing is refused while money is left"
    );
    assert_eq!(balance(store).await.unsettled_nanousd, NanoUsd::ZERO);
}

async fn bud_1_kills_in_the_middle_change_nothing(on: Shared) {
    let mut draw = Draw::seeded("bud_1_kills");
    let calls = if is_long() { 20_000 } else { 4_000 };
    let mut base = plan(&on, &mut draw, 4, 64, calls);
    // The leases of the dead come back only after they are known to be.
    base.patience_ms = (DEAD_AFTER_MS + 6_000).unsigned_abs();
    let store = on.store.as_ref();
    let mut spending: Vec<_> = (0..4).map(|number| start(&base, number)).collect();
    support::eventually("something is spent", || async {
        (balance(store).await.spent_nanousd > NanoUsd::ZERO).then_some(())
    })
    .await;
    for number in 4..7 {
        std::thread::sleep(Duration::from_millis(draw.between(200, 1_200).unsigned_abs()));
        let mut killed = spending.remove(draw.between(0, 4).unsigned_abs() as usize);
        killed.process.kill().unwrap();
        killed.process.wait().unwrap();
        spending.push(start(&base, number));
    }
    spending.into_iter().for_each(wait);
    let told = read_all(&base, 7);
    check(&base, store, &told).await;
    assert!(
        balance(store).await.unsettled_nanousd > NanoUsd::ZERO,
        "no kill hit a call, so nothing is shown"
    );
}

async fn bud_7_what_three_dead_gateways_strand_comes_back(on: Shared) {
    let mut draw = Draw::seeded("bud_7");
    let mut base = plan(&on, &mut draw, 8, 4, 400_000);
    base.slowest_ms = 60;
    let store = on.store.as_ref();
    let mut spending: Vec<_> = (0..8).map(|number| start(&base, number)).collect();
    std::thread::sleep(Duration::from_millis(draw.between(1_500, 3_000).unsigned_abs()));
    for _ in 0..3 {
        let mut killed = spending.remove(draw.between(0, spending.len() as i64).unsigned_abs() as usize);
        killed.process.kill().unwrap();
        killed.process.wait().unwrap();
    }
    let killed_at = Instant::now();
    spending.into_iter().for_each(end);
    let told = read_all(&base, 8);
    let stands = balance(store).await;
    let stranded = stands.committed_nanousd.0 - stands.spent_nanousd.0;
    println!("stranded {stranded} of {}", base.limit);
    assert!(stranded > 0, "the dead held nothing, so nothing is shown");
    // Each has one lease, of at most a fiftieth and what its calls needed beyond.
    assert!(stranded <= 3 * (base.limit / 50 + 4 * DEAREST), "{stranded}");
    let clock = SystemClock::new();
    loop {
        let now_ms = clock.now_ms();
        store
            .recover_dead_gateways(now_ms - DEAD_AFTER_MS, now_ms)
            .await
            .unwrap();
        let stands = balance(store).await;
        if stands.committed_nanousd == stands.spent_nanousd {
            break;
        }
        assert!(
            killed_at.elapsed() < Duration::from_millis(2 * DEAD_AFTER_MS.unsigned_abs()),
            "{stands:?}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!("returned after {} ms", killed_at.elapsed().as_millis());
    let stands = balance(store).await;
    assert!(told.billed <= base.limit && stands.spent_nanousd <= NanoUsd(base.limit));
    assert!(stands.spent_nanousd.0 >= told.billed, "a bill was forgotten");
    assert_eq!(stands.reserved_nanousd, NanoUsd::ZERO);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}
