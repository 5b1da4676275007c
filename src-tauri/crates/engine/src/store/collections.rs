//! What the engine asks of the rows of collections: their items with vectors, and results of searches over them.

use super::StoreError;
use async_trait::async_trait;

/// A collection, without its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Never used twice.
    pub id: i64,
    pub name: String,
    /// Rises with every change of an item.
    pub version: i64,
    pub items: i64,
    /// Of texts and metadata.
    pub text_bytes: i64,
    pub created_ms: i64,
}

/// An item as it is to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewItem {
    /// The application's own; an item of the same id is replaced.
    pub id: String,
    pub text: String,
    /// What it was made from; empty for none.
    pub source: String,
    /// Whom it is about; empty for none.
    pub user: String,
    /// JSON.
    pub metadata: String,
    pub vector: Vec<f32>,
}

/// What a collection may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionBounds {
    pub items: i64,
    pub text_bytes: i64,
}

/// What became of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemsPut {
    Kept,
    /// The collection is not there (any more).
    Missing,
    /// It would hold more than it may; nothing was changed.
    Full,
}

/// Which items of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemSelector {
    Ids(Vec<String>),
    Source(String),
    User(String),
}

/// A stored item, without its vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// Always means the same text and vector.
    pub seq: i64,
    pub id: String,
    pub text: String,
    pub source: String,
    /// JSON.
    pub metadata: String,
}

/// A result of a search: items' numbers with their similarities, nearest first, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResult {
    pub collection_id: i64,
    /// Of the collection as it was searched.
    pub version: i64,
    /// Hash of everything else that it depends on.
    pub key: [u8; 32],
    pub found: String,
    pub expires_ms: i64,
}

/// The rows of collections. A tenant is a team, or a key of none.
#[async_trait]
pub trait CollectionStore {
    /// Makes a collection; false when it is there already, none when it is not and the tenant has `most` others.
    async fn put_collection(
        &self,
        tenant: &str,
        name: &str,
        most: u32,
        now_ms: i64,
    ) -> Result<Option<bool>, StoreError>;
    /// A tenant's collections, by name.
    async fn collections(&self, tenant: &str) -> Result<Vec<Collection>, StoreError>;
    /// Deletes a collection with its items and results; false when it was not there.
    async fn delete_collection(&self, tenant: &str, name: &str) -> Result<bool, StoreError>;
    /// Puts items, replacing those of the same ids; all or none. No id may come twice.
    async fn put_items(
        &self,
        collection_id: i64,
        embedder: &str,
        items: Vec<NewItem>,
        bounds: CollectionBounds,
    ) -> Result<ItemsPut, StoreError>;
    /// Deletes items and says how many; none when the collection is not there.
    async fn delete_items(
        &self,
        tenant: &str,
        name: &str,
        selector: &ItemSelector,
    ) -> Result<Option<i64>, StoreError>;
    /// The collection, and the kept result of this key if the collection has not changed since; both of one moment.
    async fn look_up(
        &self,
        tenant: &str,
        name: &str,
        key: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(Collection, Option<String>)>, StoreError>;
    /// Keeps a result; false when the collection has changed since it was searched. Of one collection `most` are kept.
    async fn keep_result(&self, result: NewResult, most: u32) -> Result<bool, StoreError>;
    /// The version, and the numbers of the items that this embedder's vectors stand for; both of one moment.
    async fn item_seqs(
        &self,
        collection_id: i64,
        embedder: &str,
    ) -> Result<Option<(i64, Vec<i64>)>, StoreError>;
    /// Vectors of items by number; those that are gone are left out.
    async fn item_vectors(&self, seqs: &[i64]) -> Result<Vec<(i64, Vec<f32>)>, StoreError>;
    /// Items by number; those that are gone are left out.
    async fn items_at(&self, seqs: &[i64]) -> Result<Vec<StoredItem>, StoreError>;
    /// Versions of collections; those that are gone are left out.
    async fn collection_versions(&self, ids: &[i64]) -> Result<Vec<(i64, i64)>, StoreError>;
    /// Numbers and texts of items whose vectors another embedder made.
    async fn items_of_others(&self, embedder: &str, limit: u32) -> Result<Vec<(i64, String)>, StoreError>;
    /// How many items there are whose vectors another embedder made.
    async fn count_items_of_others(&self, embedder: &str) -> Result<i64, StoreError>;
    /// Stores an item's vector of another embedder, under a new number; false when the item has changed meanwhile.
    async fn embed_item(&self, seq: i64, embedder: &str, vector: Vec<f32>) -> Result<bool, StoreError>;
    /// Deletes results that have expired, a bounded number at a time.
    async fn expire_results(&self, now_ms: i64) -> Result<(), StoreError>;
}
