//! A fresh SQLite store in a folder that vanishes after the test.

use std::sync::Arc;
use weir_engine::store::Store;

pub(crate) async fn fresh() -> (Arc<dyn Store>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = weir_store_sqlite::open(&folder.path().join("weir.db"))
        .await
        .unwrap();
    (Arc::new(store), folder)
}
