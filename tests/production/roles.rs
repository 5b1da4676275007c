//! SEC-9: each role may do what it must, and nothing else.

use support::{
    postgres::TestDatabase,
    process::{run, run_to_failure},
    roles::set_up,
};
use weir_contract::model::{
    cache::CacheSelector,
    key::{KeyScopes, VirtualKey},
};
use weir_engine::{
    change::Act,
    store::{CacheStore, ConfigStore, KeyStore, LedgerStore, Store, StoreError},
};
use weir_store_postgres::PostgresStore;

async fn open_as(database: &TestDatabase, role: &str) -> PostgresStore {
    weir_store_postgres::open(&database.url_as(role)).await.unwrap()
}

/// Runs a statement as a role, and says whether the role may. The ledger's trigger refuses its owner, too.
fn may(database: &TestDatabase, role: &str, statement: &str) -> bool {
    const REFUSALS: [&str; 4] = ["permission denied", "must be owner", "read-only", "insert-only"];
    match database.try_sql(&format!("SET SESSION AUTHORIZATION {role}; {statement}")) {
        Ok(_) => true,
        Err(problem) if REFUSALS.iter().any(|refusal| problem.contains(refusal)) => false,
        Err(problem) => panic!("{role}: {statement}: {problem}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_each_role() {
    let database = set_up().await;
    // By statement: who may. g: gateway, v: viewer, a: admin, m: migrator.
    let table = [
        ("SELECT 1 FROM weir.rollup_counters", "gvam"),
        ("SELECT 1 FROM weir.cap_balances", "gvam"),
        ("SELECT 1 FROM weir.requests", "gvam"),
        ("SELECT request_body FROM weir.request_bodies", "gam"),
        ("SELECT secret_sha256 FROM weir.virtual_keys", "gm"),
        ("SELECT name FROM weir.virtual_keys", "gm"),
        ("SELECT fingerprint FROM weir.keys_shown", "gvam"),
        ("SELECT amount_nanousd FROM weir.reservations", "gvam"),
        ("SELECT request FROM weir.reservations", "gm"),
        (
            "SELECT weir.update_key('k', 'n', '', '', '{}', NULL, NULL, 1, '{}')",
            "gam",
        ),
        ("SELECT weir.revoke_key('k', 1, 1, '{}')", "gam"),
        (
            "SELECT weir.correct_request('r', 1, 1, 1, '', '', 1, '{}')",
            "gam",
        ),
        ("SELECT weir.set_snooze('rule', 'r', 1, 1, '{}')", "gam"),
        (
            "SELECT weir.grant_lease('c', 1, 'l', 'g', 9, 1, 1, 1, 1, 1)",
            "gm",
        ),
        ("SELECT weir.reclaim_limits(0, 1, 1, 1)", "gm"),
        (
            "INSERT INTO weir.key_changes (key_id, change) VALUES ('k', 'added')",
            "m",
        ),
        ("DELETE FROM weir.key_changes WHERE false", ""),
        ("DELETE FROM weir.changes WHERE false", ""),
        ("UPDATE weir.changes SET reason = '' WHERE false", ""),
        ("SELECT salt FROM weir.change_salt", "gam"),
        ("DELETE FROM weir.request_corrections WHERE false", ""),
        (
            "INSERT INTO weir.bills VALUES ('b', 'p', 'totals', 1, 2, 1, 'me', 1)",
            "m",
        ),
        ("SELECT body FROM weir.cache_entries", "gm"),
        ("SELECT label FROM weir.cache_entries", "gvam"),
        (
            "INSERT INTO weir.ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms) VALUES ('grant', 'a', 1, 'l', 1, 1)",
            "gm",
        ),
        ("DELETE FROM weir.ledger WHERE false", ""),
        ("UPDATE weir.ledger SET amount_nanousd = 0 WHERE false", ""),
        ("DELETE FROM weir.config_changes WHERE false", ""),
        ("INSERT INTO weir.config_items VALUES ('cap', 'x', 1, '{}')", "m"),
        ("UPDATE weir.config_items SET body = '{}' WHERE false", "m"),
        ("UPDATE weir.virtual_keys SET revoked_ms = NULL WHERE false", "m"),
        ("DELETE FROM weir.leases WHERE false", "m"),
        (
            "SELECT weir.clear_cache('all', '', NULL, false, '{}', 'me', 1, '{\"at_ms\": 1, \"user\": \"\", \"profile\": \"\", \"door\": \"\", \"version\": \"\", \"command\": \"\", \"kind\": \"\", \"name\": \"\", \"before\": \"{}\", \"reason\": \"\"}')",
            "gam",
        ),
        ("SELECT weir.end_clear(1, 'undo', 1, 'me', 1, '{}')", "gam"),
        ("SELECT weir.drop_cleared(1, 1)", "gam"),
        ("SELECT weir.drop_cached('all', '')", "gm"),
        ("DELETE FROM weir.cache_tombstones WHERE false", "m"),
        ("DELETE FROM weir.cache_clears WHERE false", ""),
        (
            "SELECT weir.change_config('cap', 'y', '{}', 99, 'me', 1, '{}')",
            "gam",
        ),
        ("SELECT weir.drop_request_days('requests', 0)", "gm"),
        ("CREATE TABLE weir.mine (x int)", "m"),
        ("DROP TABLE weir.gateways", "m"),
        ("SELECT * FROM public.salaries", ""),
        ("CREATE TABLE public.mine (x int)", ""),
    ];
    for (statement, who) in table {
        for (letter, role) in [
            ('g', "weir_gateway"),
            ('v', "weir_viewer"),
            ('a', "weir_admin"),
            ('m', "weir_migrator"),
        ] {
            let allowed = may(&database, role, &format!("BEGIN; {statement}; ROLLBACK"));
            assert_eq!(allowed, who.contains(letter), "{role}: {statement}");
        }
    }
}

fn act(door: &str, now_ms: i64) -> Act {
    Act::of_weir(door, now_ms)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_works_with_its_role_alone() {
    let database = set_up().await;
    let store = open_as(&database, "weir_gateway").await;
    let version = store
        .save_config("cap", "day", "{}", 0, &act("first start", 1))
        .await
        .unwrap();
    assert_eq!(store.config_version().await.unwrap(), version);
    everything_that_a_gateway_does(&store).await;
    store.close().await.unwrap();
}

async fn everything_that_a_gateway_does(store: &dyn Store) {
    use crate::gateways::one_call;
    one_call(store, "gateway 1").await;
    store.fold_rollups().await.unwrap();
    store.expire_rollups(i64::MAX / 2).await.unwrap();
    store.expire_entries(1, "1").await.unwrap();
    store.expire_requests(i64::MAX / 2, i64::MAX / 2).await.unwrap();
    store.recover_dead_gateways(i64::MAX / 2, 1).await.unwrap();
    store.take_flight("key", "g", "", 1).await.unwrap();
    store.land_flight("key", "g").await.unwrap();
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_changes_things_through_functions_that_write_the_log() {
    let database = set_up().await;
    let store = open_as(&database, "weir_admin").await;
    let first = store
        .save_config("cap", "day", "1", 0, &act("ada", 1))
        .await
        .unwrap();
    let second = store
        .save_config("cap", "day", "2", first, &act("ada", 2))
        .await
        .unwrap();
    let stale = store.save_config("cap", "day", "3", first, &act("bob", 3)).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
    assert_eq!(
        database.sql("SELECT string_agg(version || ' ' || coalesce(before, '-') || '>' || after || ' ' || who || ' ' || role, ', ' ORDER BY version) FROM weir.config_changes"),
        format!("{first} ->1 ada weir_admin, {second} 1>2 ada weir_admin")
    );
    let key = VirtualKey {
        id: "k".to_owned(),
        version: 1,
        name: "k".to_owned(),
        owner: "ada".to_owned(),
        team: String::new(),
        scopes: KeyScopes::default(),
        expires_ms: None,
        limit: None,
        last_four: "abcd".to_owned(),
        fingerprint: weir_engine::keyring::fingerprint(&[7; 32]),
        previous: None,
        created_ms: 1,
        revoked_ms: None,
        last_used_ms: None,
    };
    store
        .insert_key(&key, &[7; 32], &act("keys.create", 1))
        .await
        .unwrap();
    assert_eq!(store.list_keys().await.unwrap(), vec![key.clone()]);
    let renamed = VirtualKey {
        name: "renamed".to_owned(),
        ..key
    };
    assert_eq!(
        store
            .update_key(&renamed, &act("keys.update", 2))
            .await
            .unwrap()
            .unwrap()
            .name,
        "renamed"
    );
    store
        .rotate_key("k", &[8; 32], "efgh", 100, &act("keys.rotate", 10))
        .await
        .unwrap()
        .unwrap();
    store
        .end_overlap("k", &act("keys.end_overlap", 11))
        .await
        .unwrap()
        .unwrap();
    store
        .revoke_key("k", &act("keys.revoke", 20))
        .await
        .unwrap()
        .unwrap();
    store
        .revoke_key("k", &act("keys.revoke", 30))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        database.sql("SELECT string_agg(door || ' by ' || role, ', ' ORDER BY seq) FROM weir.changes WHERE kind = 'virtual_key' AND name = 'k'"),
        "keys.create by weir_admin, keys.update by weir_admin, keys.rotate by weir_admin, keys.end_overlap by weir_admin, \
         keys.revoke by weir_admin, keys.revoke by weir_admin"
    );
    let written = database
        .sql("SELECT count(*) FROM weir.changes WHERE before LIKE '%sha256%' OR after LIKE '%sha256%'");
    assert_eq!(written, "0", "the log holds no hash");
    store
        .clear_entries(&CacheSelector::All, Some(&act("cache.clear", 40)))
        .await
        .unwrap();
    let spending = store.beat("not a gateway", 1).await;
    assert!(
        matches!(spending, Err(StoreError::Incompatible(_))),
        "{spending:?}"
    );
    let _ = store.close().await;

    let viewer = open_as(&database, "weir_viewer").await;
    assert_eq!(viewer.config_items().await.unwrap().len(), 1);
    let change = viewer
        .save_config("cap", "day", "9", second, &act("eve", 1))
        .await;
    assert!(change.is_err(), "{change:?}");
    let _ = viewer.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_the_rights_that_a_role_lacks() {
    let database = set_up().await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = database.url_as("weir_gateway");
    let checked = run(folder.path(), &["check", "--database", &gateway], &[]).await;
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success(), "{said}");
    database.sql("REVOKE INSERT ON weir.ledger FROM weir_gateway; REVOKE EXECUTE ON FUNCTION weir.grant_lease FROM weir_gateway");
    let problem = run_to_failure(folder.path(), &["check", "--database", &gateway], &[]).await;
    assert!(
        problem.contains("INSERT on ledger") && problem.contains("EXECUTE on grant_lease"),
        "{problem}"
    );
    // The next migration puts it right.
    weir_store_postgres::migrate(&database.url_as("weir_migrator"))
        .await
        .unwrap();
    let checked = run(folder.path(), &["check", "--database", &gateway], &[]).await;
    assert!(checked.status.success());
    for role in ["weir_viewer", "weir_admin"] {
        let problem = run_to_failure(
            folder.path(),
            &["check", "--database", &database.url_as(role)],
            &[],
        )
        .await;
        assert!(
            problem.contains("accepts no writes") || problem.contains("lacks rights"),
            "{role}: {problem}"
        );
    }
}
