//! Clears of so many entries that none is marked: a look-up judges by what they mean.

use crate::sample::{START_MS, act_of, entry};
use std::sync::Arc;
use weir_contract::model::cache::{CacheExtent, CacheSelector};
use weir_engine::store::{
    CacheEntry, ClearEnd, Cleared, Clearing, EndOutcome, NewSemanticEntry, Store, UNDO_CLEAR_MS,
};

/// More than are marked one by one.
const MANY: i64 = 1_020;

/// One of many that differ by their key.
fn one_of(intent: &str, number: i64) -> CacheEntry {
    let mut put = entry(&format!("{intent}-{number:04}"), START_MS);
    put.row.intent = intent.to_owned();
    put.row.label = format!("{intent}:{number}");
    put.row.provider = format!("provider of {intent}");
    put.row.model = format!("model of {intent}");
    put.row.expires_ms = START_MS + 2 * UNDO_CLEAR_MS;
    put.tenant = format!("team:{intent}");
    put
}

async fn put_many(store: &Arc<dyn Store>, intent: &str) {
    let putting = (0..MANY).map(|number| async move {
        let put = one_of(intent, number);
        let key = put.row.key.clone();
        store.put_entry(put).await.unwrap();
        let source = [format!("source of {intent}")];
        let user = format!("{intent}@example.com");
        store.mark_entry(&key, &user, &source).await.unwrap();
    });
    futures::future::join_all(putting).await;
}

async fn clear(store: &Arc<dyn Store>, clearing: &Clearing) -> Cleared {
    store.clear(clearing, &act_of("ada", START_MS)).await.unwrap()
}

async fn undo(store: &Arc<dyn Store>, cleared: Cleared) -> CacheExtent {
    let outcome = store
        .end_clear(cleared.seq, ClearEnd::Undone, &act_of("ada", START_MS))
        .await
        .unwrap();
    match outcome {
        EndOutcome::Done(extent) => extent,
        other => panic!("{other:?}"),
    }
}

async fn served(store: &Arc<dyn Store>, key: &str) -> bool {
    store.get_entry(key, START_MS).await.unwrap().is_some()
}

async fn count(store: &Arc<dyn Store>, selector: CacheSelector) -> i64 {
    store.extent(&selector).await.unwrap().entries
}

fn intent(name: &str) -> CacheSelector {
    CacheSelector::Intent(name.to_owned())
}

/// A question beside an answer; none where that is not served.
async fn ask(store: &Arc<dyn Store>, key: &str) -> Option<i64> {
    let question = NewSemanticEntry {
        base: [7; 32],
        namespace: [1; 32],
        embedder: "model 1".to_owned(),
        group: "g".to_owned(),
        key: key.to_owned(),
        question: format!("What is {key}?"),
        answer_id: 0,
        expires_ms: START_MS + UNDO_CLEAR_MS,
        vector: vec![0.5; 384],
    };
    store.put_question(question).await.unwrap()
}

pub(crate) async fn every_selector_clears_many_as_it_previews_them(store: Arc<dyn Store>) {
    for name in ["faq", "task"] {
        put_many(&store, name).await;
    }
    ask(&store, "faq-0001").await.unwrap();
    ask(&store, "task-0001").await.unwrap();
    let all = count(&store, CacheSelector::All).await;
    assert_eq!(all, 2 * MANY);
    for (selector, is_all) in [
        (CacheSelector::All, true),
        (intent("faq"), false),
        (CacheSelector::Model("model of faq".to_owned()), false),
        (
            CacheSelector::Model("provider of faq/model of faq".to_owned()),
            false,
        ),
        (CacheSelector::Prefix("faq:".to_owned()), false),
        (CacheSelector::Source("source of faq".to_owned()), false),
        (CacheSelector::User("faq@example.com".to_owned()), false),
    ] {
        let preview = store.extent(&selector).await.unwrap();
        let cleared = clear(&store, &Clearing::of(selector.clone())).await;
        assert_eq!(cleared.extent, preview, "{selector:?}");
        assert_eq!(cleared.extent.entries, if is_all { all } else { MANY });
        assert!(!served(&store, "faq-0001").await, "{selector:?}");
        assert_eq!(served(&store, "task-0001").await, !is_all, "{selector:?}");
        assert_eq!(count(&store, selector.clone()).await, 0, "{selector:?}");
        assert_eq!(store.list_entries(&selector, None, 200).await.unwrap(), []);
        assert_eq!(
            count(&store, CacheSelector::All).await,
            all - cleared.extent.entries
        );
        let questions = store.questions_of(&[1; 32], 0, START_MS, 10).await.unwrap();
        assert_eq!(questions.len(), usize::from(!is_all), "{selector:?}");
        assert_eq!(store.question_count().await.unwrap().0, i64::from(!is_all));
        assert_eq!(
            ask(&store, "faq-0002").await,
            None,
            "what was cleared gets no question"
        );
        assert_eq!(
            clear(&store, &Clearing::of(selector.clone())).await.extent,
            CacheExtent::default(),
            "what is cleared is not cleared again"
        );
        assert_eq!(undo(&store, cleared).await, preview, "{selector:?}");
        assert_eq!(store.extent(&selector).await.unwrap(), preview, "{selector:?}");
        assert!(served(&store, "faq-0001").await);
        assert_eq!(store.question_count().await.unwrap().0, 2);
    }
    assert_eq!(count(&store, CacheSelector::All).await, all);
}

pub(crate) async fn what_is_put_after_a_wide_clear_is_served(store: Arc<dyn Store>) {
    put_many(&store, "faq").await;
    let cleared = clear(&store, &Clearing::of(intent("faq"))).await;
    // One in the place of a cleared one, and a new one after the newest rows are gone.
    let anew = CacheEntry {
        body: b"new".to_vec(),
        ..one_of("faq", 7)
    };
    store.put_entry(anew.clone()).await.unwrap();
    let mut newest = one_of("faq", MANY - 1);
    newest.row.expires_ms = START_MS + 1;
    store.put_entry(newest).await.unwrap();
    let app_version = one_of("faq", 0).app_version;
    store.expire_entries(START_MS + 1, &app_version).await.unwrap();
    store.put_entry(one_of("faq", MANY)).await.unwrap();
    for number in [7, MANY] {
        let put = one_of("faq", number);
        assert!(served(&store, &put.row.key).await, "{number}");
    }
    assert_eq!(count(&store, intent("faq")).await, 2);
    let of_the_old = CacheSelector::User("faq@example.com".to_owned());
    assert_eq!(
        count(&store, of_the_old).await,
        0,
        "the marks went with the old answer"
    );
    assert_eq!(undo(&store, cleared).await.entries, MANY - 2);
    assert_eq!(
        store.get_entry(&anew.row.key, START_MS).await.unwrap(),
        Some(anew)
    );
    assert_eq!(count(&store, intent("faq")).await, MANY);
}

pub(crate) async fn wide_clears_that_overlap_bring_all_back_when_all_are_undone(store: Arc<dyn Store>) {
    for name in ["faq", "task"] {
        put_many(&store, name).await;
    }
    let one = Clearing::of(CacheSelector::Entry("faq-0000".to_owned()));
    let marked = clear(&store, &one).await;
    let of_team = Clearing {
        tenant: Some("team:faq".to_owned()),
        ..Clearing::of(CacheSelector::All)
    };
    let narrow = clear(&store, &of_team).await;
    assert_eq!(narrow.extent.entries, MANY - 1);
    assert!(served(&store, "task-0000").await && !served(&store, "faq-0001").await);
    let wide = clear(&store, &Clearing::of(CacheSelector::All)).await;
    assert_eq!(wide.extent.entries, MANY, "what was left");
    // The later clear means them, too.
    assert_eq!(undo(&store, narrow).await.entries, 0);
    assert!(!served(&store, "faq-0001").await);
    assert_eq!(undo(&store, wide).await.entries, 2 * MANY - 1);
    assert!(!served(&store, "faq-0000").await);
    assert_eq!(undo(&store, marked).await.entries, 1);
    assert_eq!(count(&store, CacheSelector::All).await, 2 * MANY);
}

pub(crate) async fn a_purge_of_many_removes_them_all(store: Arc<dyn Store>) {
    for name in ["faq", "task"] {
        put_many(&store, name).await;
    }
    let earlier = clear(&store, &Clearing::of(CacheSelector::Entry("faq-0000".to_owned()))).await;
    let purging = Clearing {
        purge: true,
        ..Clearing::of(intent("faq"))
    };
    let purged = clear(&store, &purging).await;
    assert_eq!(purged.extent.entries, MANY, "with what was cleared before");
    assert_eq!(undo(&store, earlier).await, CacheExtent::default());
    assert_eq!(count(&store, CacheSelector::All).await, MANY);
    // And one that was made with an undo is purged afterwards.
    let cleared = clear(&store, &Clearing::of(intent("task"))).await;
    let act = act_of("ada", START_MS);
    let ended = store
        .end_clear(cleared.seq, ClearEnd::Purged, &act)
        .await
        .unwrap();
    assert_eq!(ended, EndOutcome::Done(cleared.extent));
    for late in [ClearEnd::Undone, ClearEnd::Purged] {
        let refused = store.end_clear(cleared.seq, late, &act).await.unwrap();
        assert_eq!(refused, EndOutcome::Ended(ClearEnd::Purged));
    }
    let nothing = store.purge_cleared(START_MS).await.unwrap();
    assert_eq!(nothing, 0, "nothing is left over");
    store.put_entry(one_of("task", 3)).await.unwrap();
    assert_eq!(count(&store, CacheSelector::All).await, 1);
}

pub(crate) async fn more_wide_clears_than_are_judged_by_mark_their_entries(store: Arc<dyn Store>) {
    let mut made = Vec::new();
    for number in 0..18 {
        let name = format!("intent {number}");
        put_many(&store, &name).await;
        made.push((clear(&store, &Clearing::of(intent(&name))).await, name));
    }
    assert_eq!(count(&store, CacheSelector::All).await, 0);
    for (cleared, name) in made {
        assert_eq!(cleared.extent.entries, MANY, "{name}");
        assert_eq!(undo(&store, cleared).await, cleared.extent, "{name}");
        assert_eq!(count(&store, intent(&name)).await, MANY);
    }
}
