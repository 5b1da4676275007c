//! Recorded requests with their traces and bodies.

mod correct;
mod expire;
mod list;
mod record;
mod row;

pub(crate) use correct::correct_request_row;
pub(crate) use record::{Details, insert_request};
pub(crate) use row::read_tier;

use crate::{
    SqliteStore,
    error::{from_sqlx, inconsistent},
    reservations,
};
use async_trait::async_trait;
use expire::Expire;
use record::Record;
use row::StoredRequest;
use weir_contract::{
    NanoUsd,
    model::{
        ledger::Correction,
        request::{RequestDetail, RequestFilter, RequestRow},
    },
};
use weir_engine::store::{OpenReservation, RequestRecord, RequestStore, StoreError};

#[async_trait]
impl RequestStore for SqliteStore {
    async fn open_reservation(&self, reservation: OpenReservation) -> Result<(), StoreError> {
        self.write(reservations::Open(reservation)).await
    }

    async fn record(&self, record: RequestRecord) -> Result<(), StoreError> {
        self.write(Record::new(record)?).await
    }

    async fn list_requests(
        &self,
        filter: &RequestFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError> {
        list::list(self.readers(), filter, cursor, limit).await
    }

    async fn get_request(&self, id: &str) -> Result<Option<RequestDetail>, StoreError> {
        let Some(stored) = sqlx::query_as!(StoredRequest, "SELECT * FROM requests WHERE id = ?", id)
            .fetch_optional(self.readers())
            .await
            .map_err(from_sqlx)?
        else {
            return Ok(None);
        };
        let kept = sqlx::query!(
            "SELECT (SELECT steps FROM request_traces WHERE seq = ?1) AS \"steps?: String\",
                    (SELECT request_body FROM request_bodies WHERE seq = ?1) AS \"request_body?: String\",
                    (SELECT response_body FROM request_bodies WHERE seq = ?1) AS \"response_body?: String\"",
            stored.seq
        )
        .fetch_one(self.readers())
        .await
        .map_err(from_sqlx)?;
        let trace = match kept.steps {
            Some(steps) => serde_json::from_str(&steps)
                .map_err(|error| inconsistent("request_traces", "steps", id, error))?,
            None => Vec::new(),
        };
        let corrections = sqlx::query!(
            "SELECT before_nanousd, after_nanousd, reason, who, at_ms FROM request_corrections
             WHERE request_id = ? ORDER BY seq",
            id
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?
        .into_iter()
        .map(|row| Correction {
            before_nanousd: NanoUsd(row.before_nanousd),
            after_nanousd: NanoUsd(row.after_nanousd),
            reason: row.reason,
            who: row.who,
            at_ms: row.at_ms,
        });
        Ok(Some(RequestDetail {
            corrections: corrections.collect(),
            row: stored.try_into()?,
            trace,
            request_body: kept.request_body,
            response_body: kept.response_body,
        }))
    }

    async fn expire_requests(&self, bodies_before_ms: i64, rows_before_ms: i64) -> Result<u64, StoreError> {
        self.write(Expire {
            bodies_before_ms,
            rows_before_ms,
        })
        .await
    }
}
