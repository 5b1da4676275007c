//! The store behind a database URL: the only place that chooses one.

use crate::{
    bootstrap::StartError,
    config::{Config, Database},
};
use std::sync::Arc;
use weir_engine::store::{Store, StoreError};
use weir_store_postgres::PostgresStore;
use weir_store_sqlite::SqliteStore;

/// An open database. Cloning shares it.
#[derive(Clone)]
pub enum OpenStore {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl OpenStore {
    /// Opens the configured database.
    ///
    /// # Errors
    /// [`StartError`], with what to do.
    pub async fn open(config: &Config) -> Result<OpenStore, StartError> {
        Ok(match config.database()? {
            Database::Sqlite(path) => OpenStore::Sqlite(weir_store_sqlite::open(&path).await?),
            Database::Postgres(url) => OpenStore::Postgres(weir_store_postgres::open(&url).await?),
        })
    }

    /// The same as the engine knows it.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Store> {
        match self {
            OpenStore::Sqlite(store) => Arc::new(store.clone()),
            OpenStore::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Commits what waits and lets go of the database.
    ///
    /// # Errors
    /// The store's.
    pub async fn close(self) -> Result<(), StoreError> {
        match self {
            OpenStore::Sqlite(store) => store.close().await,
            OpenStore::Postgres(store) => store.close().await,
        }
    }
}
