//! Recorded requests with their traces and bodies.

mod days;
mod expire;
mod list;
mod record;
mod row;

pub(crate) use days::RequestDays;
pub(crate) use list::started_ms_of;
pub(crate) use record::{NewRecord, RecordSink, write_records};
pub(crate) use row::read_tier;

use row::StoredRequest;

use crate::{PostgresStore, error::inconsistent, reservations::Opening, text::storable};
use async_trait::async_trait;
use weir_contract::{
    NanoUsd,
    model::{
        ledger::Correction,
        request::{RequestDetail, RequestFilter, RequestRow},
    },
};
use weir_engine::store::{OpenReservation, RequestRecord, RequestStore, StoreError};

#[async_trait]
impl RequestStore for PostgresStore {
    async fn open_reservation(&self, reservation: OpenReservation) -> Result<(), StoreError> {
        self.present(self.inner.openings.write(Opening::new(&reservation)?))
            .await
    }

    async fn record(&self, record: RequestRecord) -> Result<(), StoreError> {
        self.present(self.inner.records.write(NewRecord::new(record)?))
            .await
    }

    async fn list_requests(
        &self,
        filter: &RequestFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError> {
        self.present(list::list(self.pool(), filter, cursor, limit)).await
    }

    async fn get_request(&self, id: &str) -> Result<Option<RequestDetail>, StoreError> {
        let Some(stored) = list::find(self.pool(), id).await? else {
            return Ok(None);
        };
        let kept = if self.inner.reads_bodies {
            self.kept(&stored).await?
        } else {
            Kept {
                steps: self.steps(&stored).await?,
                request_body: None,
                response_body: None,
            }
        };
        let trace = match kept.steps {
            Some(steps) => serde_json::from_str(&steps)
                .map_err(|error| inconsistent("request_traces", "steps", id, error))?,
            None => Vec::new(),
        };
        let text = |column: &'static str, bytes: Option<Vec<u8>>| {
            bytes
                .map(String::from_utf8)
                .transpose()
                .map_err(|error| inconsistent("request_bodies", column, id, error))
        };
        let corrections = self
            .asked(
                sqlx::query!(
                    "SELECT before_nanousd, after_nanousd, reason, who, at_ms FROM request_corrections
             WHERE request_id = $1 ORDER BY seq",
                    storable(id).into_owned()
                )
                .fetch_all(self.pool()),
            )
            .await?
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
            request_body: text("request_body", kept.request_body)?,
            response_body: text("response_body", kept.response_body)?,
        }))
    }

    async fn expire_requests(&self, bodies_before_ms: i64, rows_before_ms: i64) -> Result<u64, StoreError> {
        self.present(expire::expire(self.pool(), bodies_before_ms, rows_before_ms))
            .await
    }
}

/// What is kept of a request beside its row.
struct Kept {
    steps: Option<String>,
    request_body: Option<Vec<u8>>,
    response_body: Option<Vec<u8>>,
}

impl PostgresStore {
    async fn kept(&self, stored: &StoredRequest) -> Result<Kept, StoreError> {
        let kept = sqlx::query_as!(
            Kept,
            "SELECT (SELECT steps FROM request_traces WHERE started_ms = $1 AND seq = $2) AS steps,
                    (SELECT request_body FROM request_bodies WHERE started_ms = $1 AND seq = $2) AS request_body,
                    (SELECT response_body FROM request_bodies WHERE started_ms = $1 AND seq = $2) AS response_body",
            stored.started_ms,
            stored.seq
        );
        self.asked(kept.fetch_one(self.pool())).await
    }

    async fn steps(&self, stored: &StoredRequest) -> Result<Option<String>, StoreError> {
        let steps = sqlx::query_scalar!(
            "SELECT steps FROM request_traces WHERE started_ms = $1 AND seq = $2",
            stored.started_ms,
            stored.seq
        );
        self.asked(steps.fetch_optional(self.pool())).await
    }
}
