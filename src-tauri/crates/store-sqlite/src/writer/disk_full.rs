//! Tests what a full disk does, with a limit on the file's size in the disk's place.

use super::Operation;
use crate::{SqliteStore, error::from_sqlx, open};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::{ConfigStore, StoreError};

/// Sets the most pages that the file may have.
struct Limit(&'static str);

#[async_trait]
impl Operation for Limit {
    type Reply = ();
    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(self.0)
            .execute(connection)
            .await
            .map(|_| ())
            .map_err(from_sqlx)
    }
}

async fn save(store: &SqliteStore, name: &str) -> Result<i64, StoreError> {
    store
        .save_config(
            "setting",
            name,
            &"x".repeat(20_000),
            0,
            &weir_engine::change::Act::of_weir("test", 1),
        )
        .await
}

#[tokio::test]
async fn a_full_disk_is_said_and_writing_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("weir.db")).await.unwrap();
    store.write(Limit("PRAGMA max_page_count = 100")).await.unwrap();
    let mut saved = 0;
    let full = loop {
        match save(&store, &format!("item {saved}")).await {
            Ok(_) => saved += 1,
            Err(error) => break error,
        }
    };
    let StoreError::Unavailable(text) = full else {
        panic!("{full}")
    };
    assert!(text.contains("disk is full"), "{text}");
    assert_eq!(
        store.config_items().await.unwrap().len(),
        saved,
        "reading goes on"
    );
    // Several at once fail alike, and quickly.
    let (a, b) = tokio::join!(save(&store, "a"), save(&store, "b"));
    assert!(matches!(
        (a, b),
        (Err(StoreError::Unavailable(_)), Err(StoreError::Unavailable(_)))
    ));

    store
        .write(Limit("PRAGMA max_page_count = 1000000"))
        .await
        .unwrap();
    save(&store, "after").await.unwrap();
    assert_eq!(store.check_integrity().await.unwrap(), None);
    store.close().await.unwrap();
}
