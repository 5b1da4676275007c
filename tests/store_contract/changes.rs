//! The log of changes: a row for every act, in the act's own transaction, and a chain over all of them.

use crate::sample::{START_MS, act_of};
use std::sync::Arc;
use weir_contract::model::{
    cache::CacheSelector,
    change::{Change, ChangeFilter},
    key::VirtualKey,
};
use weir_engine::{
    change::{Act, chain::Checker},
    store::{Store, StoreError},
};

fn act(command: &str) -> Act {
    Act {
        command: command.to_owned(),
        ..act_of("ada", START_MS)
    }
}

async fn whole_log(store: &Arc<dyn Store>) -> Vec<Change> {
    store.changes_after(0, 1_000).await.unwrap()
}

async fn problem(store: &Arc<dyn Store>) -> Option<String> {
    let mut checker = Checker::new(None);
    checker.take(&whole_log(store).await);
    checker.finish().problem
}

pub(crate) async fn every_act_adds_its_row(store: Arc<dyn Store>) {
    let first = store
        .save_config("cap", "daily", r#"{"limit":1}"#, 0, &act("caps.save"))
        .await
        .unwrap();
    let second = store
        .save_config("cap", "daily", r#"{"limit":2}"#, first, &act("caps.save"))
        .await
        .unwrap();
    let third = store
        .delete_config("cap", "daily", second, &act("caps.delete"))
        .await
        .unwrap();
    let key = VirtualKey {
        id: "abcdefghijkl".to_owned(),
        version: 1,
        name: "laptop".to_owned(),
        owner: "ana".to_owned(),
        ..VirtualKey::default()
    };
    store
        .insert_key(&key, &[7; 32], &act("keys.create"))
        .await
        .unwrap();
    store.update_key(&key, &act("keys.update")).await.unwrap();
    store
        .rotate_key(&key.id, &[8; 32], "wxyz", START_MS + 9, &act("keys.rotate"))
        .await
        .unwrap();
    store
        .end_overlap(&key.id, &act("keys.end_overlap"))
        .await
        .unwrap();
    store.revoke_key(&key.id, &act("keys.revoke")).await.unwrap();
    store
        .clear_entries(&CacheSelector::All, Some(&act("cache.clear")))
        .await
        .unwrap();
    store.clear_entries(&CacheSelector::All, None).await.unwrap();
    store
        .note_change("database", "weir.db", &act("restore"))
        .await
        .unwrap();

    let log = whole_log(&store).await;
    let said: Vec<(i64, &str, &str, Option<i64>)> = log
        .iter()
        .map(|row| {
            (
                row.seq,
                row.command.as_str(),
                row.kind.as_str(),
                row.config_version,
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (1, "caps.save", "cap", Some(first)),
            (2, "caps.save", "cap", Some(second)),
            (3, "caps.delete", "cap", Some(third)),
            (4, "keys.create", "virtual_key", None),
            (5, "keys.update", "virtual_key", None),
            (6, "keys.rotate", "virtual_key", None),
            (7, "keys.end_overlap", "virtual_key", None),
            (8, "keys.revoke", "virtual_key", None),
            (9, "cache.clear", "cache", None),
            (10, "restore", "database", None),
        ]
    );
    assert_eq!(log[1].before.as_deref(), Some(r#"{"limit":1}"#));
    assert_eq!(log[1].after.as_deref(), Some(r#"{"limit":2}"#));
    assert_eq!((log[0].before.as_deref(), log[2].after.as_deref()), (None, None));
    assert!(
        log.iter()
            .all(|row| row.actor.user == "ada" && row.at_ms == START_MS)
    );
    let words = serde_json::to_string(&log).unwrap();
    assert!(
        !words.contains("\"ana\"") && words.contains("[person "),
        "{words}"
    );
    assert_eq!(problem(&store).await, None);
}

pub(crate) async fn what_is_refused_adds_no_row(store: Arc<dyn Store>) {
    let first = store
        .save_config("cap", "a", "1", 0, &act("caps.save"))
        .await
        .unwrap();
    for expected in [0, first + 1] {
        let late = store
            .save_config("cap", "a", "2", expected, &act("caps.save"))
            .await;
        assert!(matches!(late, Err(StoreError::Conflict { .. })));
    }
    assert_eq!(
        store.update_key(&VirtualKey::default(), &act("x")).await.unwrap(),
        None
    );
    assert_eq!(store.revoke_key("nobody", &act("x")).await.unwrap(), None);
    assert_eq!(whole_log(&store).await.len(), 1);
}

pub(crate) async fn a_log_has_one_chain_whoever_writes(store: Arc<dyn Store>) {
    let saves = (0..60).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .save_config("cap", &format!("c{n}"), "1", 0, &act("caps.save"))
                .await
                .unwrap();
        })
    });
    for saved in saves.collect::<Vec<_>>() {
        saved.await.unwrap();
    }
    let log = whole_log(&store).await;
    assert_eq!(log.len(), 60);
    assert_eq!(problem(&store).await, None);
    // Each row names the version that it made, and every version has its row.
    let mut versions: Vec<i64> = log.iter().filter_map(|row| row.config_version).collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 60);
}

pub(crate) async fn changes_are_found_by_what_is_in_them(store: Arc<dyn Store>) {
    for (kind, name, body) in [
        ("cap", "daily", r#"{"zone":"Europe/Berlin"}"#),
        ("cap", "weekly_100%", r#"{"zone":"UTC"}"#),
        ("limit", "daily", r#"{"zone":"UTC"}"#),
    ] {
        let act = Act {
            reason: format!("for {name}"),
            ..act("save")
        };
        store.save_config(kind, name, body, 0, &act).await.unwrap();
    }
    let found = |filter: ChangeFilter| {
        let store = store.clone();
        async move {
            let rows = store.list_changes(&filter, None, 100).await.unwrap();
            rows.into_iter().map(|(row, _)| row.seq).collect::<Vec<_>>()
        }
    };
    let text = |text: &str| ChangeFilter {
        text: Some(text.to_owned()),
        ..ChangeFilter::default()
    };
    assert_eq!(found(ChangeFilter::default()).await, [3, 2, 1]);
    assert_eq!(found(text("BERLIN")).await, [1]);
    assert_eq!(found(text("daily")).await, [3, 1]);
    assert_eq!(found(text("100%")).await, [2], "signs mean themselves");
    assert_eq!(found(text("%")).await, [2]);
    assert_eq!(found(text("ada")).await, [3, 2, 1]);
    let limits = ChangeFilter {
        kind: Some("limit".to_owned()),
        ..ChangeFilter::default()
    };
    assert_eq!(found(limits).await, [3]);
    let later = ChangeFilter {
        from_ms: Some(START_MS + 1),
        ..ChangeFilter::default()
    };
    assert_eq!(found(later).await, [] as [i64; 0]);
    let page = store
        .list_changes(&ChangeFilter::default(), Some(3), 1)
        .await
        .unwrap();
    assert_eq!(page[0].0.seq, 2);
}

pub(crate) async fn what_was_before_is_kept_for_an_undo(store: Arc<dyn Store>) {
    let first = store
        .save_config("cap", "a", r#"{"owner":"ana"}"#, 0, &act("caps.save"))
        .await
        .unwrap();
    let second = store
        .save_config("cap", "a", "2", first, &act("caps.save"))
        .await
        .unwrap();
    let source = store.undo_source(2).await.unwrap().unwrap();
    assert_eq!(
        source.before.as_deref(),
        Some(r#"{"owner":"ana"}"#),
        "in full, unlike in the log"
    );
    assert_eq!((source.version, source.name.as_str()), (second, "a"));
    let (who, at_ms, body) = store.config_version_body(second).await.unwrap().unwrap();
    assert_eq!(
        (who.as_str(), at_ms, body.as_deref()),
        ("test:ada", START_MS, Some("2"))
    );

    let key = VirtualKey {
        id: "k".to_owned(),
        version: 1,
        owner: "ana".to_owned(),
        ..VirtualKey::default()
    };
    store
        .insert_key(&key, &[7; 32], &act("keys.create"))
        .await
        .unwrap();
    let renamed = VirtualKey {
        owner: "ben".to_owned(),
        ..key.clone()
    };
    store.update_key(&renamed, &act("keys.update")).await.unwrap();
    assert_eq!(store.undo_source(3).await.unwrap(), None, "a creation");
    let source = store.undo_source(4).await.unwrap().unwrap();
    assert!(source.before.unwrap().contains("\"ana\"") && source.version == 2);
    let undo = Act {
        undoes: Some(4),
        ..act("audit.undo")
    };
    let back = VirtualKey { version: 2, ..key };
    store.update_key(&back, &undo).await.unwrap();
    assert_eq!(store.get_change(4).await.unwrap().unwrap().1, Some(5));
    assert_eq!(store.get_change(99).await.unwrap(), None);
    // People are forgotten after a while; the log stays.
    assert_eq!(store.expire_undo_sources(START_MS + 1).await.unwrap(), 2);
    assert_eq!(store.undo_source(4).await.unwrap(), None);
    assert_eq!(whole_log(&store).await.len(), 5);
}
