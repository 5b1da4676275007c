//! Versioned configuration.

use crate::sample::{START_MS, act_of};
use std::sync::Arc;
use weir_engine::{
    change::Act,
    store::{ConfigItem, Store, StoreError},
};

fn by_ada() -> Act {
    act_of("ada", START_MS)
}

async fn save(store: &Arc<dyn Store>, name: &str, body: &str, expected: i64) -> Result<i64, StoreError> {
    store.save_config("cap", name, body, expected, &by_ada()).await
}

fn conflict(outcome: Result<i64, StoreError>) -> (i64, i64) {
    match outcome {
        Err(StoreError::Conflict { expected, found }) => (expected, found),
        other => panic!("{other:?} instead of a conflict"),
    }
}

pub(crate) async fn versions_rise_over_all_items(store: Arc<dyn Store>) {
    assert_eq!(store.config_version().await.unwrap(), 0);
    assert_eq!(store.config_items().await.unwrap(), vec![]);
    let first = save(&store, "a", "{\"x\":1}", 0).await.unwrap();
    let second = save(&store, "b", "2", 0).await.unwrap();
    let third = save(&store, "a", "3", first).await.unwrap();
    assert!(0 < first && first < second && second < third);
    assert_eq!(store.config_version().await.unwrap(), third);
    let item = |name: &str, version, body: &str| ConfigItem {
        kind: "cap".to_owned(),
        name: name.to_owned(),
        version,
        body: body.to_owned(),
    };
    assert_eq!(
        store.config_items().await.unwrap(),
        vec![item("a", third, "3"), item("b", second, "2")]
    );
}

pub(crate) async fn a_stale_version_is_a_conflict(store: Arc<dyn Store>) {
    let first = save(&store, "a", "1", 0).await.unwrap();
    let second = save(&store, "a", "2", first).await.unwrap();
    assert_eq!(conflict(save(&store, "a", "3", first).await), (first, second));
    assert_eq!(conflict(save(&store, "a", "3", 0).await), (0, second));
    assert_eq!(conflict(save(&store, "missing", "3", 5).await), (5, 0));
    assert_eq!(
        conflict(store.delete_config("cap", "a", first, &by_ada()).await),
        (first, second)
    );
    assert_eq!(
        conflict(store.delete_config("cap", "missing", 5, &by_ada()).await),
        (5, 0)
    );
    assert_eq!(
        store.config_version().await.unwrap(),
        second,
        "a conflict is no change"
    );
    // Kinds are apart.
    store.save_config("limit", "a", "1", 0, &by_ada()).await.unwrap();
}

pub(crate) async fn deleting_and_creating_again(store: Arc<dyn Store>) {
    let first = save(&store, "a", "1", 0).await.unwrap();
    let gone = store.delete_config("cap", "a", first, &by_ada()).await.unwrap();
    assert!(gone > first);
    assert_eq!(store.config_items().await.unwrap(), vec![]);
    assert_eq!(store.config_version().await.unwrap(), gone);
    assert!(save(&store, "a", "1", 0).await.unwrap() > gone);
}

pub(crate) async fn one_of_many_concurrent_changes_wins(store: Arc<dyn Store>) {
    let first = save(&store, "a", "0", 0).await.unwrap();
    let bodies: Vec<_> = (1..=40).map(|n| n.to_string()).collect();
    let outcomes = futures::future::join_all(bodies.iter().map(|body| save(&store, "a", body, first))).await;
    let won: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().ok())
        .collect();
    assert_eq!(won, vec![&(first + 1)]);
}
