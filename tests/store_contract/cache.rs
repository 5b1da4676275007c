//! The response cache's rows.

use crate::sample::{Draw, START_MS, act_of, entry};
use std::{collections::HashSet, sync::Arc};
use weir_contract::{
    NanoUsd,
    model::cache::{CacheEntryRow, CacheExtent, CacheSelector},
};
use weir_engine::store::{CacheEntry, Store};

pub(crate) async fn an_entry_comes_back_until_it_expires(store: Arc<dyn Store>) {
    let put = entry("k", START_MS);
    store.put_entry(put.clone()).await.unwrap();
    assert_eq!(store.get_entry("k", START_MS).await.unwrap(), Some(put.clone()));
    assert_eq!(
        store.get_entry("k", put.row.expires_ms - 1).await.unwrap(),
        Some(put.clone())
    );
    assert_eq!(store.get_entry("k", put.row.expires_ms).await.unwrap(), None);
    assert_eq!(store.get_entry("other", START_MS).await.unwrap(), None);
}

pub(crate) async fn putting_again_replaces(store: Arc<dyn Store>) {
    store.put_entry(entry("k", START_MS)).await.unwrap();
    let newer = CacheEntry {
        body: vec![9; 100_000],
        ..entry("k", START_MS + 5)
    };
    store.put_entry(newer.clone()).await.unwrap();
    assert_eq!(store.get_entry("k", START_MS).await.unwrap(), Some(newer));
    assert_eq!(store.extent(&CacheSelector::All).await.unwrap().entries, 1);
}

async fn fill(store: &Arc<dyn Store>, draw: &mut Draw) -> Vec<CacheEntryRow> {
    let mut rows = vec![];
    for n in 0..60 {
        let mut put = entry(&format!("{n:064x}"), START_MS + draw.between(0, 20));
        put.row.intent = (*draw.one(&["", "task", "expense"])).to_owned();
        put.row.provider = (*draw.one(&["openai", "router"])).to_owned();
        put.row.model = (*draw.one(&["small", "large", "meta/large"])).to_owned();
        put.row.label = (*draw.one(&[
            "task:desk:base",
            "task:x",
            "Task:x",
            "ta%k",
            "\u{e9}clair",
            "\u{e9}t\u{e9}",
        ]))
        .to_owned();
        put.row.hits = draw.between(0, 9);
        put.row.bytes = draw.between(0, 999);
        put.row.cost_nanousd = NanoUsd(draw.between(0, 99_999));
        store.put_entry(put.clone()).await.unwrap();
        rows.push(put.row);
    }
    rows
}

fn extent(rows: &[CacheEntryRow]) -> CacheExtent {
    CacheExtent {
        entries: rows.len() as i64,
        bytes: rows.iter().map(|row| row.bytes).sum(),
        saved_nanousd: rows
            .iter()
            .map(|row| NanoUsd(row.cost_nanousd.0 * row.hits))
            .sum(),
        collection_items: 0,
    }
}

pub(crate) async fn a_clear_removes_what_the_preview_said(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_clear_removes_what_the_preview_said");
    let text = str::to_owned;
    for selector in [
        CacheSelector::Entry(format!("{:064x}", 7)),
        CacheSelector::Entry(text("nothing")),
        CacheSelector::Intent(text("task")),
        CacheSelector::Intent(String::new()),
        CacheSelector::Model(text("large")),
        CacheSelector::Model(text("openai/large")),
        CacheSelector::Model(text("meta/large")),
        CacheSelector::Model(text("router/meta/large")),
        CacheSelector::Model(text("elsewhere/large")),
        CacheSelector::Prefix(text("task:")),
        CacheSelector::Prefix(text("\u{e9}")),
        CacheSelector::Prefix(String::new()),
        CacheSelector::All,
    ] {
        store
            .clear_entries(&CacheSelector::All, Some(&act_of("ada", START_MS)))
            .await
            .unwrap();
        let rows = fill(&store, &mut draw).await;
        let (goes, stays): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| selector.means(row));
        let listed = store.list_entries(&selector, None, 200).await.unwrap();
        assert_eq!(extent(&listed), extent(&goes), "{selector:?}");
        assert_eq!(
            store.extent(&selector).await.unwrap(),
            extent(&goes),
            "{selector:?}"
        );
        assert_eq!(
            store
                .clear_entries(&selector, Some(&act_of("ada", START_MS)))
                .await
                .unwrap(),
            extent(&goes),
            "{selector:?}"
        );
        assert_eq!(
            store.extent(&selector).await.unwrap(),
            CacheExtent::default(),
            "{selector:?}"
        );
        assert_eq!(
            store.extent(&CacheSelector::All).await.unwrap(),
            extent(&stays),
            "{selector:?}"
        );
        for row in goes {
            assert_eq!(store.get_entry(&row.key, START_MS).await.unwrap(), None);
        }
    }
}

pub(crate) async fn prefixes_mean_themselves(store: Arc<dyn Store>) {
    for (key, label) in [
        ("a", "100%_done"),
        ("b", "100 done"),
        ("c", "100%"),
        ("d", "ABC"),
        ("e", "abc"),
    ] {
        let mut put = entry(key, START_MS);
        put.row.label = label.to_owned();
        store.put_entry(put).await.unwrap();
    }
    for (prefix, entries) in [("100%", 2), ("100", 3), ("a", 1), ("A", 1), ("_", 0), ("", 5)] {
        let selector = CacheSelector::Prefix(prefix.to_owned());
        assert_eq!(
            store.extent(&selector).await.unwrap().entries,
            entries,
            "{prefix}"
        );
    }
}

pub(crate) async fn entries_page_without_gaps(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("entries_page_without_gaps");
    let rows = fill(&store, &mut draw).await;
    for selector in [
        CacheSelector::All,
        CacheSelector::Intent("task".to_owned()),
        CacheSelector::Model("small".to_owned()),
        CacheSelector::Prefix("task".to_owned()),
    ] {
        let mut listed: Vec<CacheEntryRow> = vec![];
        loop {
            let cursor = listed.last().map(|row| format!("{}:{}", row.created_ms, row.key));
            let page = store.list_entries(&selector, cursor.as_deref(), 7).await.unwrap();
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert!(
            listed
                .windows(2)
                .all(|pair| pair[0].created_ms >= pair[1].created_ms)
        );
        let ids: HashSet<_> = listed.iter().map(|row| row.key.clone()).collect();
        assert_eq!(ids.len(), listed.len(), "repeats");
        let wanted: HashSet<_> = rows
            .iter()
            .filter(|row| selector.means(row))
            .map(|row| row.key.clone())
            .collect();
        assert_eq!(ids, wanted, "{selector:?}");
    }
    assert!(
        store
            .list_entries(&CacheSelector::All, Some("no cursor"), 7)
            .await
            .is_err()
    );
}

pub(crate) async fn expired_and_foreign_versions_go(store: Arc<dyn Store>) {
    let old = (0..1500).map(|n| {
        let mut put = entry(&format!("old {n}"), START_MS);
        put.row.expires_ms = START_MS + 10;
        store.put_entry(put)
    });
    for outcome in futures::future::join_all(old).await {
        outcome.unwrap();
    }
    let foreign = CacheEntry {
        app_version: "0".to_owned(),
        ..entry("foreign", START_MS)
    };
    store.put_entry(foreign).await.unwrap();
    store.put_entry(entry("kept", START_MS)).await.unwrap();
    assert_eq!(
        store.expire_entries(START_MS + 9, "1").await.unwrap(),
        1,
        "the foreign one"
    );
    let first = store.expire_entries(START_MS + 10, "1").await.unwrap();
    assert!((1..1500).contains(&first), "{first} went at once");
    while store.expire_entries(START_MS + 10, "1").await.unwrap() > 0 {}
    let left = store.list_entries(&CacheSelector::All, None, 10).await.unwrap();
    assert_eq!(left, vec![entry("kept", START_MS).row]);
}
