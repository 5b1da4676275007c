//! Counts of how much calls use, added up over all gateways.

use crate::{
    SqliteStore,
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::{
    budget::learned_ratio::{RatioCount, Side},
    store::{RatioStore, StoreError},
};

#[async_trait]
impl RatioStore for SqliteStore {
    async fn add_ratio_counts(&self, counts: Vec<RatioCount>) -> Result<(), StoreError> {
        self.write(Add { counts }).await
    }

    async fn ratio_counts(&self) -> Result<Vec<RatioCount>, StoreError> {
        let rows = sqlx::query!(
            "SELECT provider, model, size_class, side, generation, bucket, n FROM ratio_counts
             ORDER BY provider, model, size_class, generation, side, bucket"
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        let counts = rows.into_iter().map(|row| {
            let wrong =
                |column: &'static str| inconsistent("ratio_counts", column, &row.model, "out of range");
            Ok(RatioCount {
                size_class: u8::try_from(row.size_class).map_err(|_| wrong("size_class"))?,
                side: if row.side == "input" {
                    Side::Input
                } else {
                    Side::Output
                },
                generation: u32::try_from(row.generation).map_err(|_| wrong("generation"))?,
                bucket: u16::try_from(row.bucket).map_err(|_| wrong("bucket"))?,
                n: u64::try_from(row.n).map_err(|_| wrong("n"))?,
                provider: row.provider.clone(),
                model: row.model.clone(),
            })
        });
        counts.collect()
    }
}

struct Add {
    counts: Vec<RatioCount>,
}

#[async_trait]
impl Operation for Add {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        for count in &self.counts {
            let side = match count.side {
                Side::Input => "input",
                Side::Output => "output",
            };
            let n = i64::try_from(count.n).unwrap_or(i64::MAX);
            sqlx::query!(
                "INSERT INTO ratio_counts (provider, model, size_class, side, generation, bucket, n)
                 VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
                count.provider,
                count.model,
                count.size_class,
                side,
                count.generation,
                count.bucket,
                n
            )
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        }
        // Only the newest two generations count.
        sqlx::query!(
            "DELETE FROM ratio_counts WHERE generation < (
                 SELECT max(generation) - 1 FROM ratio_counts AS newest
                 WHERE newest.provider = ratio_counts.provider AND newest.model = ratio_counts.model
                   AND newest.size_class = ratio_counts.size_class)"
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}
