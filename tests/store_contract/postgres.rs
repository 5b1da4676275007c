//! A fresh Postgres store in a database of its own, on the one server that this process starts.

use std::sync::Arc;
use support::postgres::TestDatabase;
use weir_engine::store::Store;

pub(crate) async fn fresh() -> (Arc<dyn Store>, TestDatabase) {
    let database = TestDatabase::migrated();
    let store = weir_store_postgres::open(&database.url()).await.unwrap();
    (Arc::new(store), database)
}
