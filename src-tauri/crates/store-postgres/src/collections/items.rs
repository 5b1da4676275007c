//! Items of collections, with their vectors.

use crate::{
    error::{from_sqlx, inconsistent},
    text::{all_storable, storable},
};
use sqlx::PgPool;
use weir_contract::model::cache::CacheSelector;
use weir_engine::store::{CollectionBounds, ItemSelector, ItemsPut, NewItem, StoreError};

/// Puts items, replacing those of the same ids.
pub(super) async fn put(
    pool: &PgPool,
    collection_id: i64,
    embedder: &str,
    items: &[NewItem],
    bounds: CollectionBounds,
) -> Result<ItemsPut, StoreError> {
    let column = |of: &dyn Fn(&NewItem) -> &str| -> Vec<String> {
        items.iter().map(|item| storable(of(item)).into_owned()).collect()
    };
    let vectors: Vec<Vec<u8>> = items.iter().map(|item| to_bytes(&item.vector)).collect();
    let outcome = sqlx::query_scalar!(
        "SELECT put_items($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS \"outcome!\"",
        collection_id,
        storable(embedder).into_owned(),
        &column(&|item| &item.id),
        &column(&|item| &item.text),
        &column(&|item| &item.source),
        &column(&|item| &item.user),
        &column(&|item| &item.metadata),
        &vectors,
        bounds.items,
        bounds.text_bytes
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)?;
    match outcome.as_str() {
        "kept" => Ok(ItemsPut::Kept),
        "missing" => Ok(ItemsPut::Missing),
        "full" => Ok(ItemsPut::Full),
        other => Err(inconsistent(
            "collection_items",
            "outcome",
            other,
            "it is none of the known ones",
        )),
    }
}

/// Deletes items of one collection.
pub(super) async fn delete(
    pool: &PgPool,
    tenant: &str,
    name: &str,
    selector: &ItemSelector,
) -> Result<Option<i64>, StoreError> {
    let (kind, wanted) = match selector {
        ItemSelector::Ids(ids) => ("id", ids.clone()),
        ItemSelector::Source(source) => ("source", vec![source.clone()]),
        ItemSelector::User(user) => ("user", vec![user.clone()]),
    };
    // Nothing has an empty source or user; what says so has none.
    let is_empty = kind != "id" && wanted.iter().all(String::is_empty);
    let wanted: Vec<String> = if is_empty {
        Vec::new()
    } else {
        all_storable(&wanted).into_iter().map(Into::into).collect()
    };
    sqlx::query_scalar!(
        "SELECT delete_items($1, $2, $3, $4)",
        storable(tenant).into_owned(),
        storable(name).into_owned(),
        kind,
        &wanted
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

pub(super) async fn seqs(
    pool: &PgPool,
    collection_id: i64,
    embedder: &str,
) -> Result<Option<(i64, Vec<i64>)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT one.version, item.seq AS \"seq?\" FROM collections AS one
         LEFT JOIN collection_items AS item
             ON item.collection_id = one.id AND item.embedder = $1 AND item.vector <> ''
         WHERE one.id = $2 ORDER BY item.seq",
        storable(embedder).into_owned(),
        collection_id
    )
    .fetch_all(pool)
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

pub(super) async fn vectors(pool: &PgPool, seqs: &[i64]) -> Result<Vec<(i64, Vec<f32>)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT seq, vector FROM collection_items WHERE seq = ANY ($1)",
        seqs
    )
    .fetch_all(pool)
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

/// How many items a clear of the cache takes, over all collections.
pub(crate) async fn extent(pool: &PgPool, selector: &CacheSelector) -> Result<i64, StoreError> {
    let counted = match selector {
        CacheSelector::Source(source) => {
            sqlx::query_scalar!(
                "SELECT count(*) AS \"n!\" FROM collection_items WHERE source <> '' AND source = $1",
                storable(source).into_owned()
            )
            .fetch_one(pool)
            .await
        }
        CacheSelector::User(user) => {
            sqlx::query_scalar!(
                "SELECT count(*) AS \"n!\" FROM collection_items WHERE \"user\" <> '' AND \"user\" = $1",
                storable(user).into_owned()
            )
            .fetch_one(pool)
            .await
        }
        _ => return Ok(0),
    };
    counted.map_err(from_sqlx)
}

pub(super) fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}
