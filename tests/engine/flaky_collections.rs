//! The collections of the store that can be told to refuse: they go on.

use crate::flaky::Flaky;
use async_trait::async_trait;
use weir_engine::store::{
    Collection, CollectionBounds, CollectionStore, ItemSelector, ItemsPut, NewItem, NewResult, StoreError,
    StoredItem,
};

#[async_trait]
impl CollectionStore for Flaky {
    async fn put_collection(
        &self,
        tenant: &str,
        name: &str,
        most: u32,
        now_ms: i64,
    ) -> Result<Option<bool>, StoreError> {
        self.inner.put_collection(tenant, name, most, now_ms).await
    }
    async fn collections(&self, tenant: &str) -> Result<Vec<Collection>, StoreError> {
        self.inner.collections(tenant).await
    }
    async fn delete_collection(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        self.inner.delete_collection(tenant, name).await
    }
    async fn put_items(
        &self,
        collection_id: i64,
        embedder: &str,
        items: Vec<NewItem>,
        bounds: CollectionBounds,
    ) -> Result<ItemsPut, StoreError> {
        self.inner.put_items(collection_id, embedder, items, bounds).await
    }
    async fn delete_items(
        &self,
        tenant: &str,
        name: &str,
        selector: &ItemSelector,
    ) -> Result<Option<i64>, StoreError> {
        self.inner.delete_items(tenant, name, selector).await
    }
    async fn look_up(
        &self,
        tenant: &str,
        name: &str,
        key: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(Collection, Option<String>)>, StoreError> {
        self.inner.look_up(tenant, name, key, now_ms).await
    }
    async fn keep_result(&self, result: NewResult, most: u32) -> Result<bool, StoreError> {
        self.inner.keep_result(result, most).await
    }
    async fn item_seqs(
        &self,
        collection_id: i64,
        embedder: &str,
    ) -> Result<Option<(i64, Vec<i64>)>, StoreError> {
        self.inner.item_seqs(collection_id, embedder).await
    }
    async fn item_vectors(&self, seqs: &[i64]) -> Result<Vec<(i64, Vec<f32>)>, StoreError> {
        self.inner.item_vectors(seqs).await
    }
    async fn items_at(&self, seqs: &[i64]) -> Result<Vec<StoredItem>, StoreError> {
        self.inner.items_at(seqs).await
    }
    async fn collection_versions(&self, ids: &[i64]) -> Result<Vec<(i64, i64)>, StoreError> {
        self.inner.collection_versions(ids).await
    }
    async fn items_of_others(&self, embedder: &str, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
        self.inner.items_of_others(embedder, limit).await
    }
    async fn count_items_of_others(&self, embedder: &str) -> Result<i64, StoreError> {
        self.inner.count_items_of_others(embedder).await
    }
    async fn embed_item(&self, seq: i64, embedder: &str, vector: Vec<f32>) -> Result<bool, StoreError> {
        self.inner.embed_item(seq, embedder, vector).await
    }
    async fn expire_results(&self, now_ms: i64) -> Result<(), StoreError> {
        self.inner.expire_results(now_ms).await
    }
}
