//! Collections that applications fill, and results of searches over them.

mod items;
mod results;

pub(crate) use items::extent;

use crate::{PostgresStore, error::from_sqlx, text::storable};
use async_trait::async_trait;
use weir_engine::store::{
    Collection, CollectionBounds, CollectionStore, ItemSelector, ItemsPut, NewItem, NewResult, StoreError,
    StoredItem,
};

#[async_trait]
impl CollectionStore for PostgresStore {
    async fn put_collection(
        &self,
        tenant: &str,
        name: &str,
        most: u32,
        now_ms: i64,
    ) -> Result<Option<bool>, StoreError> {
        sqlx::query_scalar!(
            "SELECT put_collection($1, $2, $3, $4)",
            storable(tenant).into_owned(),
            storable(name).into_owned(),
            i64::from(most),
            now_ms
        )
        .fetch_one(self.pool())
        .await
        .map_err(from_sqlx)
    }

    async fn collections(&self, tenant: &str) -> Result<Vec<Collection>, StoreError> {
        sqlx::query_as!(
            Collection,
            "SELECT id, name, version, items, text_bytes, created_ms FROM collections WHERE tenant = $1 ORDER BY name",
            storable(tenant).into_owned()
        )
        .fetch_all(self.pool())
        .await
        .map_err(from_sqlx)
    }

    async fn delete_collection(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            "SELECT delete_collection($1, $2) AS \"done!\"",
            storable(tenant).into_owned(),
            storable(name).into_owned()
        )
        .fetch_one(self.pool())
        .await
        .map_err(from_sqlx)
    }

    async fn put_items(
        &self,
        collection_id: i64,
        embedder: &str,
        items: Vec<NewItem>,
        bounds: CollectionBounds,
    ) -> Result<ItemsPut, StoreError> {
        items::put(self.pool(), collection_id, embedder, &items, bounds).await
    }

    async fn delete_items(
        &self,
        tenant: &str,
        name: &str,
        selector: &ItemSelector,
    ) -> Result<Option<i64>, StoreError> {
        items::delete(self.pool(), tenant, name, selector).await
    }

    async fn look_up(
        &self,
        tenant: &str,
        name: &str,
        key: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(Collection, Option<String>)>, StoreError> {
        results::look_up(self.pool(), tenant, name, key, now_ms).await
    }

    async fn keep_result(&self, result: NewResult, most: u32) -> Result<bool, StoreError> {
        results::keep(self.pool(), &result, most).await
    }

    async fn item_seqs(
        &self,
        collection_id: i64,
        embedder: &str,
    ) -> Result<Option<(i64, Vec<i64>)>, StoreError> {
        items::seqs(self.pool(), collection_id, embedder).await
    }

    async fn item_vectors(&self, seqs: &[i64]) -> Result<Vec<(i64, Vec<f32>)>, StoreError> {
        items::vectors(self.pool(), seqs).await
    }

    async fn items_at(&self, seqs: &[i64]) -> Result<Vec<StoredItem>, StoreError> {
        sqlx::query_as!(
            StoredItem,
            "SELECT seq, id, text, source, metadata FROM collection_items WHERE seq = ANY ($1)",
            seqs
        )
        .fetch_all(self.pool())
        .await
        .map_err(from_sqlx)
    }

    async fn collection_versions(&self, ids: &[i64]) -> Result<Vec<(i64, i64)>, StoreError> {
        let rows = sqlx::query!("SELECT id, version FROM collections WHERE id = ANY ($1)", ids)
            .fetch_all(self.pool())
            .await
            .map_err(from_sqlx)?;
        Ok(rows.into_iter().map(|row| (row.id, row.version)).collect())
    }

    async fn items_of_others(&self, embedder: &str, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
        // Two ranges instead of `<>`, so that the index is used.
        let rows = sqlx::query!(
            "SELECT seq, text FROM collection_items WHERE embedder < $1 OR embedder > $1 LIMIT $2",
            storable(embedder).into_owned(),
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await
        .map_err(from_sqlx)?;
        Ok(rows.into_iter().map(|row| (row.seq, row.text)).collect())
    }

    async fn count_items_of_others(&self, embedder: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            "SELECT count(*) AS \"n!\" FROM collection_items WHERE embedder < $1 OR embedder > $1",
            storable(embedder).into_owned()
        )
        .fetch_one(self.pool())
        .await
        .map_err(from_sqlx)
    }

    async fn embed_item(&self, seq: i64, embedder: &str, vector: Vec<f32>) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            "SELECT embed_item($1, $2, $3) AS \"done!\"",
            seq,
            storable(embedder).into_owned(),
            items::to_bytes(&vector)
        )
        .fetch_one(self.pool())
        .await
        .map_err(from_sqlx)
    }

    async fn expire_results(&self, now_ms: i64) -> Result<(), StoreError> {
        results::expire(self.pool(), now_ms).await
    }
}
