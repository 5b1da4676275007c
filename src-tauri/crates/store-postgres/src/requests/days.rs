//! The days that there is room for: each UTC day of requests is a partition, made before its first row comes.

use super::NewRecord;
use crate::error::from_sqlx;
use sqlx::PgPool;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};
use weir_engine::store::StoreError;

const DAY_MS: i64 = 86_400_000;

/// The days, by number since 1970, that this process has seen room for.
#[derive(Default)]
pub(crate) struct RequestDays {
    known: Mutex<BTreeSet<i64>>,
}

impl RequestDays {
    /// Makes room for the days of these records and for the day after each, so that nobody waits at midnight.
    pub(crate) async fn make_room(&self, pool: &PgPool, records: &[NewRecord]) -> Result<(), StoreError> {
        let wanted: BTreeSet<i64> = records
            .iter()
            .map(|record| record.started_ms.div_euclid(DAY_MS))
            .flat_map(|day| [day, day + 1])
            .collect();
        let missing: Vec<i64> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.difference(&known).copied().collect()
        };
        for day in missing {
            sqlx::query!("SELECT add_request_day($1)", day.saturating_mul(DAY_MS))
                .execute(pool)
                .await
                .map_err(from_sqlx)?;
            self.known
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(day);
        }
        Ok(())
    }

    /// Looks again at the next record: a day that was dropped since has no room any more.
    pub(crate) fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
