//! Collections that applications fill, and results of searches over them.

mod items;
mod results;

pub(crate) use items::{clear, extent};

use crate::{SqliteStore, error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::{
    Collection, CollectionBounds, CollectionStore, ItemSelector, ItemsPut, NewItem, NewResult, StoreError,
    StoredItem,
};

#[async_trait]
impl CollectionStore for SqliteStore {
    async fn put_collection(
        &self,
        tenant: &str,
        name: &str,
        most: u32,
        now_ms: i64,
    ) -> Result<Option<bool>, StoreError> {
        self.write(Put {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            most,
            now_ms,
        })
        .await
    }

    async fn collections(&self, tenant: &str) -> Result<Vec<Collection>, StoreError> {
        sqlx::query_as!(
            Collection,
            "SELECT id, name, version, items, text_bytes, created_ms FROM collections WHERE tenant = ? ORDER BY name",
            tenant
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)
    }

    async fn delete_collection(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        self.write(Delete {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
        })
        .await
    }

    async fn put_items(
        &self,
        collection_id: i64,
        embedder: &str,
        items: Vec<NewItem>,
        bounds: CollectionBounds,
    ) -> Result<ItemsPut, StoreError> {
        self.write(items::Put {
            collection_id,
            embedder: embedder.to_owned(),
            items,
            bounds,
        })
        .await
    }

    async fn delete_items(
        &self,
        tenant: &str,
        name: &str,
        selector: &ItemSelector,
    ) -> Result<Option<i64>, StoreError> {
        self.write(items::Delete {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            selector: selector.clone(),
        })
        .await
    }

    async fn look_up(
        &self,
        tenant: &str,
        name: &str,
        key: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(Collection, Option<String>)>, StoreError> {
        results::look_up(self.readers(), tenant, name, key, now_ms).await
    }

    async fn keep_result(&self, result: NewResult, most: u32) -> Result<bool, StoreError> {
        self.write(results::Keep { result, most }).await
    }

    async fn item_seqs(
        &self,
        collection_id: i64,
        embedder: &str,
    ) -> Result<Option<(i64, Vec<i64>)>, StoreError> {
        items::seqs(self.readers(), collection_id, embedder).await
    }

    async fn item_vectors(&self, seqs: &[i64]) -> Result<Vec<(i64, Vec<f32>)>, StoreError> {
        items::vectors(self.readers(), seqs).await
    }

    async fn items_at(&self, seqs: &[i64]) -> Result<Vec<StoredItem>, StoreError> {
        items::at(self.readers(), seqs).await
    }

    async fn collection_versions(&self, ids: &[i64]) -> Result<Vec<(i64, i64)>, StoreError> {
        let ids = serde_json::json!(ids).to_string();
        let rows = sqlx::query!(
            "SELECT id, version FROM collections WHERE id IN (SELECT value FROM json_each(?))",
            ids
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        Ok(rows.into_iter().map(|row| (row.id, row.version)).collect())
    }

    async fn items_of_others(&self, embedder: &str, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
        // Two ranges instead of `<>`, so that the index is used.
        let rows = sqlx::query!(
            "SELECT seq AS \"seq!\", text FROM collection_items WHERE embedder < ?1 OR embedder > ?1 LIMIT ?2",
            embedder,
            limit
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        Ok(rows.into_iter().map(|row| (row.seq, row.text)).collect())
    }

    async fn count_items_of_others(&self, embedder: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            "SELECT count(*) AS \"n!: i64\" FROM collection_items WHERE embedder < ?1 OR embedder > ?1",
            embedder
        )
        .fetch_one(self.readers())
        .await
        .map_err(from_sqlx)
    }

    async fn embed_item(&self, seq: i64, embedder: &str, vector: Vec<f32>) -> Result<bool, StoreError> {
        let embedder = embedder.to_owned();
        self.write(items::Embed {
            seq,
            embedder,
            vector,
        })
        .await
    }

    async fn expire_results(&self, now_ms: i64) -> Result<(), StoreError> {
        self.write(results::Expire { now_ms }).await
    }
}

/// Makes a collection where there is none and the tenant may have another.
struct Put {
    tenant: String,
    name: String,
    most: u32,
    now_ms: i64,
}

#[async_trait]
impl Operation for Put {
    type Reply = Option<bool>;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<bool>, StoreError> {
        let there = sqlx::query!(
            "SELECT count(*) AS \"n!: i64\", coalesce(sum(name = ?2), 0) AS \"same!: i64\" FROM collections WHERE tenant = ?1",
            self.tenant,
            self.name
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if there.same > 0 {
            return Ok(Some(false));
        }
        if there.n >= i64::from(self.most) {
            return Ok(None);
        }
        sqlx::query!(
            "INSERT INTO collections (tenant, name, created_ms) VALUES (?, ?, ?)",
            self.tenant,
            self.name,
            self.now_ms
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
        Ok(Some(true))
    }
}

/// Deletes a collection; its items and results go with it.
struct Delete {
    tenant: String,
    name: String,
}

#[async_trait]
impl Operation for Delete {
    type Reply = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        sqlx::query!(
            "DELETE FROM collections WHERE tenant = ? AND name = ?",
            self.tenant,
            self.name
        )
        .execute(connection)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(from_sqlx)
    }
}
