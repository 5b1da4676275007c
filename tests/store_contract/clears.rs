//! Clears of the cache: nobody is served what was cleared; it comes back by an undo, and goes for good by a purge.

use crate::sample::{START_MS, act_of, entry};
use std::sync::Arc;
use weir_contract::model::cache::{CacheExtent, CacheSelector};
use weir_engine::store::{
    CacheEntry, ClearChange, ClearEnd, ClearEvent, Cleared, Clearing, EndOutcome, KnownClear,
    NewSemanticEntry, Store, UNDO_CLEAR_MS,
};

const HOUR_MS: i64 = 3_600_000;

async fn put(store: &Arc<dyn Store>, key: &str, intent: &str) -> CacheEntry {
    let mut put = entry(key, START_MS);
    put.row.intent = intent.to_owned();
    put.row.expires_ms = START_MS + 48 * HOUR_MS;
    store.put_entry(put.clone()).await.unwrap();
    let question = NewSemanticEntry {
        base: [7; 32],
        namespace: [1; 32],
        embedder: "model 1".to_owned(),
        group: "g".to_owned(),
        key: key.to_owned(),
        question: format!("What is {key}?"),
        answer_id: 0,
        expires_ms: put.row.expires_ms,
        vector: vec![0.5; 384],
    };
    store.put_question(question).await.unwrap().unwrap();
    store
        .mark_entry(key, "ana@example.com", &["wiki".to_owned()])
        .await
        .unwrap();
    put
}

async fn clear(store: &Arc<dyn Store>, clearing: &Clearing, at_ms: i64) -> Cleared {
    store.clear(clearing, &act_of("ada", at_ms)).await.unwrap()
}

async fn end(store: &Arc<dyn Store>, cleared: Cleared, end: ClearEnd, at_ms: i64) -> EndOutcome {
    store
        .end_clear(cleared.seq, end, &act_of("ada", at_ms))
        .await
        .unwrap()
}

fn intent(name: &str) -> Clearing {
    Clearing::of(CacheSelector::Intent(name.to_owned()))
}

async fn served(store: &Arc<dyn Store>, key: &str) -> bool {
    store.get_entry(key, START_MS).await.unwrap().is_some()
}

/// Keys of the questions that a gateway would read.
async fn questions(store: &Arc<dyn Store>) -> Vec<String> {
    let of_namespace = store.questions_of(&[1; 32], 0, START_MS, 100).await.unwrap();
    let since = store.questions_since(0, 100).await.unwrap();
    assert_eq!(of_namespace, since);
    let others = store.questions_of_others("model 2", 100).await.unwrap();
    assert_eq!(others.len(), since.len());
    let mut keys: Vec<_> = since.into_iter().map(|row| row.entry.key).collect();
    keys.sort();
    keys
}

async fn entries(store: &Arc<dyn Store>, selector: CacheSelector) -> i64 {
    let extent = store.extent(&selector).await.unwrap();
    let listed = store.list_entries(&selector, None, 200).await.unwrap();
    assert_eq!(listed.len() as i64, extent.entries, "{selector:?}");
    extent.entries
}

async fn newest(store: &Arc<dyn Store>) -> KnownClear {
    store.list_clears(1).await.unwrap().remove(0)
}

pub(crate) async fn what_is_cleared_comes_back_whole_by_an_undo(store: Arc<dyn Store>) {
    let mut kept = Vec::new();
    for (key, of) in [("a", "faq"), ("b", "faq"), ("c", "task")] {
        kept.push(put(&store, key, of).await);
    }
    let wiki = CacheSelector::Source("wiki".to_owned());
    assert_eq!(entries(&store, wiki.clone()).await, 3);
    let cleared = clear(&store, &intent("faq"), START_MS).await;
    assert_eq!(cleared.extent.entries, 2);
    assert!(!served(&store, "a").await && !served(&store, "b").await && served(&store, "c").await);
    assert_eq!(questions(&store).await, ["c"]);
    assert_eq!(entries(&store, CacheSelector::All).await, 1);
    assert_eq!(entries(&store, wiki.clone()).await, 1);
    assert_eq!(
        clear(&store, &intent("faq"), START_MS).await.extent,
        CacheExtent::default(),
        "what is cleared is not cleared again"
    );
    assert_eq!(newest(&store).await.end, None);

    let back = end(&store, cleared, ClearEnd::Undone, START_MS + HOUR_MS).await;
    assert_eq!(back, EndOutcome::Done(cleared.extent));
    for entry in kept {
        let found = store.get_entry(&entry.row.key, START_MS).await.unwrap();
        assert_eq!(found, Some(entry));
    }
    assert_eq!(questions(&store).await, ["a", "b", "c"]);
    assert_eq!(entries(&store, wiki).await, 3);
    for again in [ClearEnd::Undone, ClearEnd::Purged] {
        let refused = end(&store, cleared, again, START_MS + HOUR_MS).await;
        assert_eq!(refused, EndOutcome::Ended(ClearEnd::Undone));
    }
    let unknown = Cleared { seq: 999, ..cleared };
    assert_eq!(
        end(&store, unknown, ClearEnd::Undone, START_MS).await,
        EndOutcome::Unknown
    );
}

pub(crate) async fn an_undo_leaves_what_was_replaced_or_has_expired(store: Arc<dyn Store>) {
    for key in ["kept", "replaced", "old"] {
        put(&store, key, "faq").await;
    }
    let mut old = entry("old", START_MS);
    old.row.intent = "faq".to_owned();
    store.put_entry(old).await.unwrap();
    let cleared = clear(&store, &intent("faq"), START_MS).await;
    assert_eq!(cleared.extent.entries, 3);
    // A new answer of the same key is served at once, and has nothing of the one that was cleared.
    let anew = CacheEntry {
        body: b"new".to_vec(),
        ..entry("replaced", START_MS + 5)
    };
    store.put_entry(anew.clone()).await.unwrap();
    assert_eq!(
        store.get_entry("replaced", START_MS).await.unwrap(),
        Some(anew.clone())
    );
    assert_eq!(entries(&store, CacheSelector::Source("wiki".to_owned())).await, 0);
    let question = store.questions_since(0, 10).await.unwrap();
    assert_eq!(question, []);
    // `old` has expired by then, whether or not its row is still there.
    let back = end(&store, cleared, ClearEnd::Undone, START_MS + 2 * HOUR_MS).await;
    assert!(
        matches!(back, EndOutcome::Done(extent) if extent.entries == 1),
        "{back:?}"
    );
    assert!(served(&store, "kept").await);
    assert_eq!(store.get_entry("replaced", START_MS).await.unwrap(), Some(anew));
    assert_eq!(
        store.get_entry("old", START_MS + 2 * HOUR_MS).await.unwrap(),
        None
    );
    assert_eq!(
        questions(&store)
            .await
            .iter()
            .filter(|key| *key == "kept")
            .count(),
        1
    );
}

pub(crate) async fn a_clear_is_final_after_a_day(store: Arc<dyn Store>) {
    for number in 0..1_200 {
        let mut put = entry(&format!("k{number:04}"), START_MS);
        put.row.expires_ms = START_MS + 48 * HOUR_MS;
        store.put_entry(put).await.unwrap();
    }
    put(&store, "faq", "faq").await;
    let first = clear(&store, &intent("task"), START_MS).await;
    let second = clear(&store, &intent("faq"), START_MS + HOUR_MS).await;
    assert_eq!((first.extent.entries, second.extent.entries), (1_200, 1));
    let day = START_MS + UNDO_CLEAR_MS;
    assert_eq!(store.purge_cleared(day - 1).await.unwrap(), 0);
    let first_batch = store.purge_cleared(day).await.unwrap();
    assert!((1..1_200).contains(&first_batch), "{first_batch} at once");
    let mut removed = first_batch;
    loop {
        let batch = store.purge_cleared(day).await.unwrap();
        if batch == 0 {
            break;
        }
        removed += batch;
    }
    assert_eq!(removed, 1_200);
    for late in [ClearEnd::Undone, ClearEnd::Purged] {
        let refused = end(&store, first, late, day).await;
        assert_eq!(refused, EndOutcome::Ended(ClearEnd::Purged));
    }
    let known = store.list_clears(10).await.unwrap();
    let ends: Vec<_> = known
        .iter()
        .map(|one| (one.seq, one.end.map(|end| end.0)))
        .collect();
    assert_eq!(ends, [(second.seq, None), (first.seq, Some(ClearEnd::Purged))]);
    // The other can be undone for another hour, to the millisecond.
    let back = end(&store, second, ClearEnd::Undone, day + HOUR_MS - 1).await;
    assert_eq!(back, EndOutcome::Done(second.extent));
    let third = clear(&store, &intent("faq"), START_MS).await;
    let late = end(&store, third, ClearEnd::Undone, day).await;
    assert_eq!(
        late,
        EndOutcome::Ended(ClearEnd::Purged),
        "although nobody has purged it"
    );
}

pub(crate) async fn a_purge_leaves_nothing_to_undo(store: Arc<dyn Store>) {
    for key in ["a", "b", "c"] {
        put(&store, key, "faq").await;
    }
    let earlier = clear(
        &store,
        &Clearing::of(CacheSelector::Entry("a".to_owned())),
        START_MS,
    )
    .await;
    let ana = Clearing {
        purge: true,
        ..Clearing::of(CacheSelector::User("ana@example.com".to_owned()))
    };
    let purged = clear(&store, &ana, START_MS + 1).await;
    assert_eq!(purged.extent.entries, 3, "what was cleared before goes, too");
    assert_eq!(store.question_count().await.unwrap().0, 0);
    let refused = end(&store, purged, ClearEnd::Undone, START_MS + 2).await;
    assert_eq!(refused, EndOutcome::Ended(ClearEnd::Purged));
    let nothing = EndOutcome::Done(CacheExtent::default());
    assert_eq!(
        end(&store, earlier, ClearEnd::Undone, START_MS + 2).await,
        nothing
    );
    for key in ["a", "b", "c"] {
        assert!(!served(&store, key).await);
    }
    // And one that was made with an undo is purged afterwards.
    put(&store, "d", "faq").await;
    let cleared = clear(&store, &intent("faq"), START_MS + 3).await;
    assert_eq!(
        end(&store, cleared, ClearEnd::Purged, START_MS + 4).await,
        EndOutcome::Done(cleared.extent)
    );
    assert_eq!(store.question_count().await.unwrap().0, 0);
    let anew = put(&store, "d", "faq").await;
    assert_eq!(store.get_entry("d", START_MS).await.unwrap(), Some(anew));
    assert_eq!(
        store.purge_cleared(START_MS + 5).await.unwrap(),
        0,
        "nothing is left over"
    );
}

pub(crate) async fn a_tenant_clears_its_own_answers_alone(store: Arc<dyn Store>) {
    for (key, team, tenant) in [
        ("red", "red", "team:red"),
        ("blue", "blue", "team:blue"),
        ("mine", "", "key:abc"),
        ("theirs", "", "key:def"),
        // Kept before the tenant was written down.
        ("older", "red", ""),
        ("oldest", "", ""),
    ] {
        let mut put = entry(key, START_MS);
        put.row.team = team.to_owned();
        put.tenant = tenant.to_owned();
        store.put_entry(put).await.unwrap();
        store.mark_entry(key, "", &["wiki".to_owned()]).await.unwrap();
    }
    let wiki = |tenant: &str| Clearing {
        tenant: Some(tenant.to_owned()),
        ..Clearing::of(CacheSelector::Source("wiki".to_owned()))
    };
    for (tenant, gone) in [("key:abc", 1), ("team:red", 2), ("team:", 0), ("", 1)] {
        let cleared = clear(&store, &wiki(tenant), START_MS).await;
        // The empty tenant is nobody's: what has none belongs to whoever clears without a tenant.
        assert_eq!(cleared.extent.entries, gone, "{tenant}");
    }
    assert!(served(&store, "blue").await && served(&store, "theirs").await);
    assert_eq!(entries(&store, CacheSelector::All).await, 2);
}

pub(crate) async fn gateways_are_told_in_order_what_went(store: Arc<dyn Store>) {
    for number in 0..60 {
        put(&store, &format!("k{number:02}"), "many").await;
    }
    put(&store, "one", "faq").await;
    assert_eq!(store.newest_clear().await.unwrap(), 0);
    let few = Clearing::of(CacheSelector::Intent("faq".to_owned()));
    let first = clear(&store, &few, START_MS).await;
    let ana = Clearing::of(CacheSelector::User("ana@example.com".to_owned()));
    let many = clear(&store, &ana, START_MS + 1).await;
    end(&store, first, ClearEnd::Undone, START_MS + 2).await;
    end(&store, many, ClearEnd::Purged, START_MS + 3).await;
    store
        .clear_entries(&CacheSelector::Entry("one".to_owned()), None)
        .await
        .unwrap();
    let told = store.clears_since(0, 100).await.unwrap();
    let seqs: Vec<i64> = told.iter().map(|event| event.seq).collect();
    assert!(told.iter().all(|event| event.at_us > 0));
    let event = |at: usize, selector, keys, change| ClearEvent {
        seq: seqs[at],
        at_us: told[at].at_us,
        selector,
        keys,
        change,
    };
    let (faq, anybody) = (few.selector, CacheSelector::User(String::new()));
    let keys = Some(vec!["one".to_owned()]);
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    assert_eq!(
        told,
        [
            event(0, faq.clone(), keys.clone(), ClearChange::Gone),
            event(1, anybody.clone(), None, ClearChange::Gone),
            event(2, faq, keys, ClearChange::Back),
            event(3, anybody, None, ClearChange::Final),
            event(
                4,
                CacheSelector::Entry("one".to_owned()),
                None,
                ClearChange::Dropped
            ),
        ]
    );
    assert_eq!(store.newest_clear().await.unwrap(), seqs[4]);
    assert_eq!(store.clears_since(seqs[2], 1).await.unwrap(), told[3..4]);
    // What an engine drops is no clear; and nobody stands in what is never shortened.
    let known = store.list_clears(100).await.unwrap();
    assert_eq!(known.len(), 2);
    let log = store.changes_after(0, 100).await.unwrap();
    let words = format!("{known:?} {log:?} {told:?}");
    assert!(
        !words.contains("ana@example.com") && words.contains("[person "),
        "{words}"
    );
    assert_eq!(log.len(), 4, "each act has its row");
    assert!(
        log.iter()
            .all(|row| row.actor.user == "ada" && row.kind == "cache")
    );
    let before = log[1].before.clone().unwrap();
    assert!(before.contains("60") && before.contains("entries"), "{before}");
}

pub(crate) async fn clears_answers_and_undos_at_the_same_time(store: Arc<dyn Store>) {
    for number in 0..40 {
        put(&store, &format!("k{number:02}"), "faq").await;
    }
    let clearing = (0..12).map(|round| {
        let store = store.clone();
        tokio::spawn(async move {
            let cleared = clear(&store, &intent("faq"), START_MS + round).await;
            end(&store, cleared, ClearEnd::Undone, START_MS + 100).await
        })
    });
    let putting = (0..40).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let anew = CacheEntry {
                body: b"new".to_vec(),
                ..entry(&format!("k{number:02}"), START_MS + 5)
            };
            store.put_entry(anew).await.unwrap();
        })
    });
    let clearing: Vec<_> = clearing.collect();
    for one in putting.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    for one in clearing {
        assert!(matches!(one.await.unwrap(), EndOutcome::Done(_)));
    }
    // All clears are undone, so every answer is served, and the new ones are.
    for number in 0..40 {
        let found = store.get_entry(&format!("k{number:02}"), START_MS).await.unwrap();
        assert_eq!(found.unwrap().body, b"new", "k{number:02}");
    }
}
