//! A fresh SQLite store in a folder that vanishes after the test.

use crate::sample::{Draw, START_MS, act_of, entry};
use std::sync::Arc;
use weir_contract::model::cache::CacheSelector;
use weir_engine::store::{Clearing, Store};

pub(crate) async fn fresh() -> (Arc<dyn Store>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = weir_store_sqlite::open(&folder.path().join("weir.db"))
        .await
        .unwrap();
    (Arc::new(store), folder)
}

/// Whether these bytes stand anywhere in the database's files.
fn is_on_disk(folder: &std::path::Path, wanted: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| holds(&bytes, wanted.as_bytes()))
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_leaves_no_byte_of_a_body_in_the_file() {
    let (store, folder) = fresh().await;
    let mut draw = Draw::seeded("a_purge_leaves_no_byte_of_a_body_in_the_file");
    for number in 0..400_usize {
        let of = if number % 3 == 0 { "secret" } else { "kept" };
        let key = format!("{number:03}{:061x}", draw.between(0, 1_000_000));
        let mut put = entry(&key, START_MS);
        put.row.intent = of.to_owned();
        put.row.label = format!("{of}-label");
        put.row.expires_ms = START_MS + 1_000_000;
        // Of all sizes: within a page, and over several.
        let words = usize::try_from(draw.between(1, 2_000)).unwrap();
        put.body = format!("{of}-answer ").repeat(words).into_bytes();
        store.put_entry(put).await.unwrap();
        store
            .mark_entry(&key, &format!("{of}-person"), &[])
            .await
            .unwrap();
    }
    assert!(is_on_disk(folder.path(), "secret-answer"));
    let secret = CacheSelector::User("secret-person".to_owned());
    let act = act_of("ada", START_MS);
    // Half of it was cleared before.
    let cleared = store
        .clear(&Clearing::of(CacheSelector::Prefix("secret".to_owned())), &act)
        .await
        .unwrap();
    assert!(cleared.extent.entries > 50);
    let purge = Clearing {
        purge: true,
        ..Clearing::of(secret)
    };
    assert_eq!(store.clear(&purge, &act).await.unwrap().extent.entries, 134);
    for gone in ["secret-answer", "secret-person"] {
        assert!(!is_on_disk(folder.path(), gone), "{gone}");
    }
    assert!(is_on_disk(folder.path(), "kept-answer"));
    assert_eq!(store.extent(&CacheSelector::All).await.unwrap().entries, 266);
}
