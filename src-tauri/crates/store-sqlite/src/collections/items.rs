//! Items of collections, with their vectors.

use crate::{
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_contract::model::cache::CacheSelector;
use weir_engine::store::{CollectionBounds, ItemSelector, ItemsPut, NewItem, StoreError, StoredItem};

/// Puts items, replacing those of the same ids.
pub(super) struct Put {
    pub(super) collection_id: i64,
    pub(super) embedder: String,
    pub(super) items: Vec<NewItem>,
    pub(super) bounds: CollectionBounds,
}

impl Put {
    fn bytes(&self) -> i64 {
        let of = |item: &NewItem| item.text.len() + item.metadata.len();
        i64::try_from(self.items.iter().map(of).sum::<usize>()).unwrap_or(i64::MAX)
    }
}

#[async_trait]
impl Operation for Put {
    type Reply = ItemsPut;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<ItemsPut, StoreError> {
        let ids: Vec<&str> = self.items.iter().map(|item| item.id.as_str()).collect();
        let ids = serde_json::json!(ids).to_string();
        let there = sqlx::query!(
            "SELECT items, text_bytes FROM collections WHERE id = ?",
            self.collection_id
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(there) = there else {
            return Ok(ItemsPut::Missing);
        };
        let replaced = sqlx::query!(
            "SELECT count(*) AS \"n!: i64\",
                    coalesce(sum(octet_length(text) + octet_length(metadata)), 0) AS \"bytes!: i64\"
             FROM collection_items WHERE collection_id = ? AND id IN (SELECT value FROM json_each(?))",
            self.collection_id,
            ids
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let items = there.items - replaced.n + i64::try_from(self.items.len()).unwrap_or(i64::MAX);
        let bytes = (there.text_bytes - replaced.bytes).saturating_add(self.bytes());
        if items > self.bounds.items || bytes > self.bounds.text_bytes {
            return Ok(ItemsPut::Full);
        }
        sqlx::query!(
            "DELETE FROM collection_items WHERE collection_id = ? AND id IN (SELECT value FROM json_each(?))",
            self.collection_id,
            ids
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        for item in &self.items {
            let vector = to_bytes(&item.vector);
            sqlx::query!(
                "INSERT INTO collection_items (collection_id, id, text, source, user, metadata, embedder, vector)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                self.collection_id,
                item.id,
                item.text,
                item.source,
                item.user,
                item.metadata,
                self.embedder,
                vector
            )
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        }
        Ok(ItemsPut::Kept)
    }
}

/// Deletes items of one collection.
pub(super) struct Delete {
    pub(super) tenant: String,
    pub(super) name: String,
    pub(super) selector: ItemSelector,
}

#[async_trait]
impl Operation for Delete {
    type Reply = Option<i64>;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
        let found = sqlx::query_scalar!(
            "SELECT id FROM collections WHERE tenant = ? AND name = ?",
            self.tenant,
            self.name
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(id) = found else { return Ok(None) };
        let done = match &self.selector {
            ItemSelector::Ids(ids) => {
                let ids = serde_json::json!(ids).to_string();
                sqlx::query!(
                    "DELETE FROM collection_items WHERE collection_id = ? AND id IN (SELECT value FROM json_each(?))",
                    id,
                    ids
                )
                .execute(connection)
                .await
            }
            ItemSelector::Source(source) => {
                sqlx::query!(
                    "DELETE FROM collection_items WHERE collection_id = ? AND source <> '' AND source = ?",
                    id,
                    source
                )
                .execute(connection)
                .await
            }
            ItemSelector::User(user) => {
                sqlx::query!(
                    "DELETE FROM collection_items WHERE collection_id = ? AND user <> '' AND user = ?",
                    id,
                    user
                )
                .execute(connection)
                .await
            }
        };
        let gone = done.map_err(from_sqlx)?.rows_affected();
        Ok(Some(i64::try_from(gone).unwrap_or(i64::MAX)))
    }
}

/// Stores an item's vector of another embedder, under a new number.
pub(super) struct Embed {
    pub(super) seq: i64,
    pub(super) embedder: String,
    pub(super) vector: Vec<f32>,
}

#[async_trait]
impl Operation for Embed {
    type Reply = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let old = sqlx::query!(
            "SELECT collection_id, id, text, source, user, metadata FROM collection_items WHERE seq = ? AND embedder <> ?",
            self.seq,
            self.embedder
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(old) = old else { return Ok(false) };
        sqlx::query!("DELETE FROM collection_items WHERE seq = ?", self.seq)
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let vector = to_bytes(&self.vector);
        sqlx::query!(
            "INSERT INTO collection_items (collection_id, id, text, source, user, metadata, embedder, vector)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            old.collection_id,
            old.id,
            old.text,
            old.source,
            old.user,
            old.metadata,
            self.embedder,
            vector
        )
        .execute(connection)
        .await
        .map(|_| true)
        .map_err(from_sqlx)
    }
}

pub(super) async fn seqs(
    readers: &SqlitePool,
    collection_id: i64,
    embedder: &str,
) -> Result<Option<(i64, Vec<i64>)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT collections.version, item.seq AS \"seq?: i64\" FROM collections
         LEFT JOIN collection_items AS item
             ON item.collection_id = collections.id AND item.embedder = ? AND item.vector <> x''
         WHERE collections.id = ? ORDER BY item.seq",
        embedder,
        collection_id
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let Some(version) = rows.first().map(|row| row.version) else {
        return Ok(None);
    };
    Ok(Some((
        version,
        rows.into_iter().filter_map(|row| row.seq).collect(),
    )))
}

pub(super) async fn vectors(readers: &SqlitePool, seqs: &[i64]) -> Result<Vec<(i64, Vec<f32>)>, StoreError> {
    let seqs = serde_json::json!(seqs).to_string();
    let rows = sqlx::query!(
        "SELECT seq AS \"seq!\", vector FROM collection_items WHERE seq IN (SELECT value FROM json_each(?))",
        seqs
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let read = rows.into_iter().map(|row| {
        let (values, rest) = row.vector.as_chunks::<4>();
        if !rest.is_empty() {
            let seq = row.seq.to_string();
            return Err(inconsistent(
                "collection_items",
                "vector",
                &seq,
                "it has the wrong length",
            ));
        }
        Ok((
            row.seq,
            values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        ))
    });
    read.collect()
}

pub(super) async fn at(readers: &SqlitePool, seqs: &[i64]) -> Result<Vec<StoredItem>, StoreError> {
    let seqs = serde_json::json!(seqs).to_string();
    sqlx::query_as!(
        StoredItem,
        "SELECT seq AS \"seq!\", id, text, source, metadata FROM collection_items
         WHERE seq IN (SELECT value FROM json_each(?))",
        seqs
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)
}

/// How many items a clear of the cache takes, over all collections.
pub(crate) async fn extent(
    connection: &mut SqliteConnection,
    selector: &CacheSelector,
) -> Result<i64, StoreError> {
    let counted = match selector {
        CacheSelector::Source(source) => {
            sqlx::query_scalar!(
                "SELECT count(*) AS \"n!: i64\" FROM collection_items WHERE source <> '' AND source = ?",
                source
            )
            .fetch_one(connection)
            .await
        }
        CacheSelector::User(user) => {
            sqlx::query_scalar!(
                "SELECT count(*) AS \"n!: i64\" FROM collection_items WHERE user <> '' AND user = ?",
                user
            )
            .fetch_one(connection)
            .await
        }
        _ => return Ok(0),
    };
    counted.map_err(from_sqlx)
}

/// What a clear of the cache takes of collections: all results where it clears everything, and the items of a source or user.
pub(crate) async fn clear(
    connection: &mut SqliteConnection,
    selector: &CacheSelector,
) -> Result<(), StoreError> {
    let done = match selector {
        CacheSelector::All => {
            sqlx::query!("DELETE FROM search_results")
                .execute(connection)
                .await
        }
        CacheSelector::Source(source) => {
            sqlx::query!(
                "DELETE FROM collection_items WHERE source <> '' AND source = ?",
                source
            )
            .execute(connection)
            .await
        }
        CacheSelector::User(user) => {
            sqlx::query!("DELETE FROM collection_items WHERE user <> '' AND user = ?", user)
                .execute(connection)
                .await
        }
        _ => return Ok(()),
    };
    done.map(|_| ()).map_err(from_sqlx)
}

fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}
