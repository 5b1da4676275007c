//! The rows of collections and of results of searches.

use crate::sample::{START_MS, act_of, entry};
use std::sync::Arc;
use weir_contract::model::cache::CacheSelector;
use weir_engine::store::{Collection, CollectionBounds, ItemSelector, ItemsPut, NewItem, NewResult, Store};

const BOUNDS: CollectionBounds = CollectionBounds {
    items: 5,
    text_bytes: 1_000,
};
const KEY: [u8; 32] = [9; 32];
const LATER_MS: i64 = START_MS + 1_000;

fn item(id: &str, source: &str, user: &str) -> NewItem {
    NewItem {
        id: id.to_owned(),
        text: format!("text of {id} é"),
        source: source.to_owned(),
        user: user.to_owned(),
        metadata: "{\"n\":1}".to_owned(),
        vector: vec![0.25, -1.5, 3.0e-8],
    }
}

async fn made(store: &Arc<dyn Store>, tenant: &str, name: &str) -> Collection {
    assert_eq!(
        store.put_collection(tenant, name, 9, START_MS).await.unwrap(),
        Some(true)
    );
    found(store, tenant, name).await.0
}

async fn found(store: &Arc<dyn Store>, tenant: &str, name: &str) -> (Collection, Option<String>) {
    store
        .look_up(tenant, name, &KEY, START_MS)
        .await
        .unwrap()
        .unwrap()
}

async fn put(store: &Arc<dyn Store>, id: i64, items: &[NewItem]) -> ItemsPut {
    store
        .put_items(id, "model 1", items.to_vec(), BOUNDS)
        .await
        .unwrap()
}

async fn keep(store: &Arc<dyn Store>, collection: &Collection) -> bool {
    let result = NewResult {
        collection_id: collection.id,
        version: collection.version,
        key: KEY,
        found: "[1]".to_owned(),
        expires_ms: LATER_MS,
    };
    store.keep_result(result, 10).await.unwrap()
}

pub(crate) async fn a_collection_is_its_tenants_alone(store: Arc<dyn Store>) {
    let mine = made(&store, "team:a", "faq").await;
    let theirs = made(&store, "team:b", "faq").await;
    assert_ne!(mine.id, theirs.id);
    assert_eq!(
        (mine.name.as_str(), mine.items, mine.created_ms),
        ("faq", 0, START_MS)
    );
    assert_eq!(
        store.put_collection("team:a", "faq", 1, LATER_MS).await.unwrap(),
        Some(false)
    );
    assert_eq!(
        store.put_collection("team:a", "more", 1, LATER_MS).await.unwrap(),
        None
    );
    put(&store, mine.id, &[item("1", "", "")]).await;
    assert_eq!(store.collections("team:a").await.unwrap().len(), 1);
    assert_eq!(store.collections("team:b").await.unwrap()[0].items, 0);
    assert!(
        store
            .look_up("team:c", "faq", &KEY, START_MS)
            .await
            .unwrap()
            .is_none()
    );
    assert!(!store.delete_collection("team:c", "faq").await.unwrap());
    assert!(store.delete_collection("team:a", "faq").await.unwrap());
    assert!(store.collections("team:a").await.unwrap().is_empty());
    assert_eq!(store.item_seqs(mine.id, "model 1").await.unwrap(), None);
    assert_eq!(
        put(&store, mine.id, &[item("1", "", "")]).await,
        ItemsPut::Missing
    );
    let anew = made(&store, "team:a", "faq").await;
    assert_ne!(anew.id, mine.id, "nothing of the old one may fit the new one");
}

pub(crate) async fn items_come_back_as_they_were_put(store: Arc<dyn Store>) {
    let one = made(&store, "t", "c").await;
    let items = [item("a", "wiki", "ana"), item("b", "", "")];
    assert_eq!(put(&store, one.id, &items).await, ItemsPut::Kept);
    let (after, _) = found(&store, "t", "c").await;
    assert!(after.version > one.version && after.items == 2);
    let bytes: usize = items
        .iter()
        .map(|item| item.text.len() + item.metadata.len())
        .sum();
    assert_eq!(after.text_bytes, i64::try_from(bytes).unwrap());
    let (version, seqs) = store.item_seqs(one.id, "model 1").await.unwrap().unwrap();
    assert_eq!((version, seqs.len()), (after.version, 2));
    assert!(seqs.is_sorted());
    let mut vectors = store.item_vectors(&seqs).await.unwrap();
    vectors.sort_by_key(|(seq, _)| *seq);
    assert_eq!(
        vectors[0],
        (seqs[0], items[0].vector.clone()),
        "each number exactly"
    );
    let mut stored = store.items_at(&[seqs[0], seqs[1], 999]).await.unwrap();
    stored.sort_by_key(|item| item.seq);
    assert_eq!(stored.len(), 2);
    let first = &stored[0];
    let texts = [&first.id, &first.text, &first.source, &first.metadata];
    assert_eq!(
        texts,
        [&items[0].id, &items[0].text, &items[0].source, &items[0].metadata]
    );
    // The same id again is another item, under a number of its own.
    put(&store, one.id, &[item("a", "mail", "")]).await;
    let (_, again) = store.item_seqs(one.id, "model 1").await.unwrap().unwrap();
    assert!(again.len() == 2 && !again.contains(&seqs[0]) && again[1] > seqs[1]);
    assert!(
        store
            .item_seqs(one.id, "model 2")
            .await
            .unwrap()
            .unwrap()
            .1
            .is_empty()
    );
}

pub(crate) async fn a_collection_is_filled_whole_or_not_at_all(store: Arc<dyn Store>) {
    let one = made(&store, "t", "c").await;
    let items: Vec<NewItem> = ["a", "b", "c", "d"].map(|id| item(id, "", "")).to_vec();
    assert_eq!(put(&store, one.id, &items).await, ItemsPut::Kept);
    let (before, _) = found(&store, "t", "c").await;
    let two = [item("e", "", ""), item("f", "", "")];
    assert_eq!(put(&store, one.id, &two).await, ItemsPut::Full);
    let mut large = item("a", "", "");
    large.text = "x".repeat(1_000);
    assert_eq!(put(&store, one.id, &[large]).await, ItemsPut::Full);
    assert_eq!(
        found(&store, "t", "c").await.0,
        before,
        "what did not fit changed nothing"
    );
    // Replacing needs no more room.
    let same = [item("a", "s", ""), item("b", "s", ""), item("e", "s", "")];
    assert_eq!(put(&store, one.id, &same).await, ItemsPut::Kept);
    assert_eq!(found(&store, "t", "c").await.0.items, 5);
}

pub(crate) async fn a_result_belongs_to_one_version(store: Arc<dyn Store>) {
    let one = made(&store, "t", "c").await;
    put(
        &store,
        one.id,
        &[item("a", "wiki", "ana"), item("b", "mail", "bob")],
    )
    .await;
    assert!(
        !keep(&store, &one).await,
        "the collection has changed since it was searched"
    );
    let changes: [(&str, ItemSelector); 3] = [
        ("by id", ItemSelector::Ids(vec!["b".to_owned(), "z".to_owned()])),
        ("by source", ItemSelector::Source("wiki".to_owned())),
        ("by user", ItemSelector::User("cem".to_owned())),
    ];
    for (how, selector) in changes {
        let (now, kept) = found(&store, "t", "c").await;
        assert_eq!(kept, None, "{how}");
        assert!(keep(&store, &now).await);
        assert_eq!(found(&store, "t", "c").await.1.as_deref(), Some("[1]"));
        let expired = store.look_up("t", "c", &KEY, LATER_MS).await.unwrap().unwrap();
        let other = store
            .look_up("t", "c", &[8; 32], START_MS)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((expired.1, other.1), (None, None));
        assert_eq!(
            store.delete_items("t", "c", &selector).await.unwrap(),
            Some(1),
            "{how}"
        );
        let (after, kept) = found(&store, "t", "c").await;
        assert!(after.version > now.version && kept.is_none(), "{how}");
        assert!(!keep(&store, &now).await);
        put(&store, one.id, &[item("c", "", "cem")]).await;
    }
    let none = ItemSelector::Source(String::new());
    assert_eq!(store.delete_items("t", "c", &none).await.unwrap(), Some(0));
    assert_eq!(store.delete_items("t", "none", &none).await.unwrap(), None);
    let (now, _) = found(&store, "t", "c").await;
    let versions = store.collection_versions(&[now.id, 999]).await.unwrap();
    assert_eq!(versions, [(now.id, now.version)]);
}

pub(crate) async fn of_many_results_the_newest_stay(store: Arc<dyn Store>) {
    let one = made(&store, "t", "c").await;
    for number in 0..6_u8 {
        let result = NewResult {
            collection_id: one.id,
            version: one.version,
            key: [number; 32],
            found: number.to_string(),
            expires_ms: LATER_MS + i64::from(number),
        };
        assert!(store.keep_result(result, 4).await.unwrap());
    }
    let kept = |number: u8, now_ms: i64| {
        let store = store.clone();
        async move {
            store
                .look_up("t", "c", &[number; 32], now_ms)
                .await
                .unwrap()
                .unwrap()
                .1
        }
    };
    assert_eq!(
        (kept(1, START_MS).await, kept(2, START_MS).await.is_some()),
        (None, true)
    );
    store.expire_results(LATER_MS + 3).await.unwrap();
    // Even for a clock that is behind.
    assert_eq!(
        (kept(3, START_MS).await, kept(4, START_MS).await.is_some()),
        (None, true)
    );
}

pub(crate) async fn a_clear_reaches_collections(store: Arc<dyn Store>) {
    let one = made(&store, "t", "c").await;
    let other = made(&store, "u", "c").await;
    put(
        &store,
        one.id,
        &[item("a", "wiki", "ana"), item("b", "mail", "bob")],
    )
    .await;
    put(
        &store,
        other.id,
        &[item("a", "wiki", "eve"), item("b", "", "bob")],
    )
    .await;
    store.put_entry(entry("k", START_MS)).await.unwrap();
    let act = act_of("ada", START_MS);
    for (selector, gone) in [
        (CacheSelector::Source("wiki".to_owned()), 2),
        (CacheSelector::User("bob".to_owned()), 2),
        (CacheSelector::Source(String::new()), 0),
    ] {
        let (before, _) = found(&store, "t", "c").await;
        assert!(keep(&store, &before).await);
        let extent = store.extent(&selector).await.unwrap();
        let cleared = store.clear_entries(&selector, Some(&act)).await.unwrap();
        assert_eq!((extent, cleared.collection_items), (cleared, gone));
        let (after, kept) = found(&store, "t", "c").await;
        assert_eq!(
            (after.version > before.version, kept.is_none()),
            (gone > 0, gone > 0)
        );
    }
    let items = [found(&store, "t", "c").await.0, found(&store, "u", "c").await.0].map(|one| one.items);
    assert_eq!(items, [0, 0]);
    // A clear of everything takes results; items are no cache.
    put(&store, one.id, &[item("a", "", "")]).await;
    let (now, _) = found(&store, "t", "c").await;
    assert!(keep(&store, &now).await);
    store
        .clear_entries(&CacheSelector::All, Some(&act))
        .await
        .unwrap();
    assert_eq!(found(&store, "t", "c").await, (now, None));
}

pub(crate) async fn items_are_embedded_anew_under_new_numbers(store: Arc<dyn Store>) {
    let one = made(&store, "t", "c").await;
    put(&store, one.id, &[item("a", "wiki", "ana"), item("b", "", "")]).await;
    let (before, _) = found(&store, "t", "c").await;
    assert!(store.items_of_others("model 1", 9).await.unwrap().is_empty());
    assert_eq!(store.count_items_of_others("model 2").await.unwrap(), 2);
    let old = store.items_of_others("model 2", 1).await.unwrap();
    let (seq, text) = old[0].clone();
    assert!(text.starts_with("text of"));
    assert!(store.embed_item(seq, "model 2", vec![1.0, 2.0]).await.unwrap());
    assert!(
        !store.embed_item(seq, "model 2", vec![1.0, 2.0]).await.unwrap(),
        "once"
    );
    assert_eq!(store.count_items_of_others("model 2").await.unwrap(), 1);
    let (version, new) = store.item_seqs(one.id, "model 2").await.unwrap().unwrap();
    assert!(version > before.version && new.len() == 1 && new[0] > seq);
    assert_eq!(
        store.item_vectors(&new).await.unwrap(),
        [(new[0], vec![1.0, 2.0])]
    );
    let stored = store.items_at(&new).await.unwrap();
    assert_eq!(
        (&stored[0].text, found(&store, "t", "c").await.0.items),
        (&text, 2)
    );
    // What cannot be embedded is there, but never found.
    let rest = store.items_of_others("model 2", 9).await.unwrap();
    assert!(store.embed_item(rest[0].0, "model 2", Vec::new()).await.unwrap());
    let (_, found) = store.item_seqs(one.id, "model 2").await.unwrap().unwrap();
    assert_eq!(found, new);
    assert_eq!(store.count_items_of_others("model 2").await.unwrap(), 0);
}

/// While one gateway deletes, others search and keep: no result of an older version is ever found.
pub(crate) async fn no_result_outlives_its_version(store: Arc<dyn Store>) {
    let one = made(&store, "t", "c").await;
    let keepers = (0..4).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                let (now, kept) = found(&store, "t", "c").await;
                if let Some(kept) = kept {
                    assert_eq!(kept, now.version.to_string());
                }
                let result = NewResult {
                    collection_id: now.id,
                    version: now.version,
                    key: KEY,
                    found: now.version.to_string(),
                    expires_ms: LATER_MS,
                };
                store.keep_result(result, 10).await.unwrap();
            }
        })
    });
    let keepers: Vec<_> = keepers.collect();
    for round in 0..40 {
        let name = (round % 3).to_string();
        put(&store, one.id, &[item(&name, "s", "")]).await;
        if round % 4 == 3 {
            let all = ItemSelector::Source("s".to_owned());
            store.delete_items("t", "c", &all).await.unwrap();
        }
    }
    for keeper in keepers {
        keeper.await.unwrap();
    }
}
