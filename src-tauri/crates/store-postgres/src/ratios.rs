//! Counts of how much calls use, added up over all gateways.

use crate::{PostgresStore, error::inconsistent, text::storable};
use async_trait::async_trait;
use weir_engine::{
    budget::learned_ratio::{RatioCount, Side},
    store::{RatioStore, StoreError},
};

#[async_trait]
impl RatioStore for PostgresStore {
    async fn add_ratio_counts(&self, counts: Vec<RatioCount>) -> Result<(), StoreError> {
        let mut rows = Rows::default();
        counts.iter().for_each(|count| rows.push(count));
        // Rows are written in order, so that two gateways cannot wait for each other.
        self.asked(
sqlx::query!(
            "INSERT INTO ratio_counts (provider, model, size_class, side, generation, bucket, n)
             SELECT provider, model, size_class, side, generation, bucket, sum(n)
             FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::bigint[], $6::integer[], $7::bigint[])
                 AS given (provider, model, size_class, side, generation, bucket, n)
             GROUP BY 1, 2, 3, 4, 5, 6
             ORDER BY provider COLLATE \"C\", model COLLATE \"C\", size_class, side COLLATE \"C\", generation, bucket
             ON CONFLICT (provider, model, size_class, side, generation, bucket)
                 DO UPDATE SET n = ratio_counts.n + excluded.n",
            &rows.providers,
            &rows.models,
            &rows.size_classes,
            &rows.sides,
            &rows.generations,
            &rows.buckets,
            &rows.ns
        ).execute(self.pool())).await?;
        // Only the newest two generations count. What another gateway is just adding to stays until the next time.
        self.asked(
            sqlx::query!(
                "DELETE FROM ratio_counts WHERE ctid = ANY (ARRAY(
                 SELECT old.ctid FROM ratio_counts AS old WHERE generation < (
                     SELECT max(generation) - 1 FROM ratio_counts AS newest
                     WHERE newest.provider = old.provider AND newest.model = old.model
                       AND newest.size_class = old.size_class)
                 FOR UPDATE SKIP LOCKED))"
            )
            .execute(self.pool()),
        )
        .await
        .map(|_| ())
    }

    async fn ratio_counts(&self) -> Result<Vec<RatioCount>, StoreError> {
        let rows = self
            .asked(
                sqlx::query!(
                    "SELECT provider, model, size_class, side, generation, bucket, n FROM ratio_counts
             ORDER BY provider, model, size_class, generation, side, bucket"
                )
                .fetch_all(self.pool()),
            )
            .await?;
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

/// The rows, column by column.
#[derive(Default)]
struct Rows {
    providers: Vec<String>,
    models: Vec<String>,
    size_classes: Vec<i32>,
    sides: Vec<String>,
    generations: Vec<i64>,
    buckets: Vec<i32>,
    ns: Vec<i64>,
}

impl Rows {
    fn push(&mut self, count: &RatioCount) {
        self.providers.push(storable(&count.provider).into_owned());
        self.models.push(storable(&count.model).into_owned());
        self.size_classes.push(i32::from(count.size_class));
        let side = match count.side {
            Side::Input => "input",
            Side::Output => "output",
        };
        self.sides.push(side.to_owned());
        self.generations.push(i64::from(count.generation));
        self.buckets.push(i32::from(count.bucket));
        self.ns.push(i64::try_from(count.n).unwrap_or(i64::MAX));
    }
}
