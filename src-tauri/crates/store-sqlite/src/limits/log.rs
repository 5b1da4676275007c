//! The log on which draft limits are tried: appended to as the rollups count, in pieces of some tens of kilobytes.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

/// A piece that is larger is not appended to any more: appending writes the whole piece anew.
const PIECE_BYTES: i64 = 32 * 1024;

/// Appends requests, the latest of which began at `until_ms`. To be called in the transaction that counts them.
pub(crate) async fn append_to_log(
    connection: &mut SqliteConnection,
    requests: &[u8],
    until_ms: i64,
) -> Result<(), StoreError> {
    let grown = sqlx::query!(
        "UPDATE limit_log SET body = CAST(body || ? AS BLOB), until_ms = max(until_ms, ?)
         WHERE id = (SELECT max(id) FROM limit_log) AND length(body) < ?",
        requests,
        until_ms,
        PIECE_BYTES
    )
    .execute(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    if grown.rows_affected() == 0 {
        sqlx::query!(
            "INSERT INTO limit_log (until_ms, body) VALUES (?, ?)",
            until_ms,
            requests
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    }
    Ok(())
}

/// Removes pieces whose requests all began before.
pub(super) struct Expire {
    pub(super) before_ms: i64,
}

#[async_trait]
impl Operation for Expire {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        sqlx::query!("DELETE FROM limit_log WHERE until_ms < ?", self.before_ms)
            .execute(connection)
            .await
            .map(|done| done.rows_affected())
            .map_err(from_sqlx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests {
    use super::append_to_log;
    use crate::{SqliteStore, open, writer::Operation};
    use async_trait::async_trait;
    use sqlx::SqliteConnection;
    use weir_contract::model::limit::{EndpointClass, Limit, LimitMeasure, LimitSubject};
    use weir_engine::{
        clock::{Clock, SystemClock},
        limit::{replay_log, simulate::simulate},
        store::{LimitStore, ReplayedRequest, StoreError},
    };

    /// A fold's worth of requests.
    struct Append(Vec<u8>, i64);

    #[async_trait]
    impl Operation for Append {
        type Reply = ();
        async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
            append_to_log(connection, &self.0, self.1).await
        }
    }

    async fn fill(store: &SqliteStore, requests: i64) {
        const FOLD: i64 = 400;
        for fold in 0..requests / FOLD {
            let mut log = Vec::new();
            for number in fold * FOLD..(fold + 1) * FOLD {
                let user = format!("user-{}@example.com", number * 7_919 % 5_000);
                let request = ReplayedRequest {
                    at_ms: number * 86_400_000 / requests,
                    duration_ms: 1_200 + number % 900,
                    tokens: 900 + number % 4_000,
                    cost_nanousd: 2_000_000 + number,
                    is_expensive: false,
                    key: "0192a1b2c3d4",
                    user: &user,
                    ip: "10.4.0.17",
                    event: "",
                    intent: "expense_categorization",
                };
                replay_log::append(&mut log, &request);
            }
            store
                .write(Append(log, (fold + 1) * FOLD * 86_400_000 / requests))
                .await
                .unwrap();
        }
    }

    /// `cargo test --release … -- --ignored --nocapture a_million`: a draft on a million requests, from the file to the answer.
    #[tokio::test]
    #[ignore = "a measurement, and slow to set up"]
    #[allow(clippy::print_stdout, reason = "the figure is what the test is for")]
    async fn a_draft_is_tried_on_a_million_requests_in_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("weir.db")).await.unwrap();
        fill(&store, 1_000_000).await;
        let clock = SystemClock::new();
        for (measure, most) in [
            (LimitMeasure::Requests, 10),
            (LimitMeasure::Tokens, 20_000),
            (LimitMeasure::Concurrent, 2),
        ] {
            let limit = Limit {
                name: "draft".into(),
                subject: LimitSubject::User,
                measure,
                endpoint_class: EndpointClass::ModelCalls,
                most,
                window_seconds: 3_600,
                enabled: true,
                shadow: false,
            };
            let began_us = clock.monotonic_us();
            let pieces = store.limit_log(0).await.unwrap();
            let read_us = clock.monotonic_us() - began_us;
            let told = simulate(&limit, &pieces, 0, 86_400_000);
            let took_us = clock.monotonic_us() - began_us;
            let bytes: usize = pieces.iter().map(Vec::len).sum();
            println!(
                "{measure:?}: {} of {} refused in {took_us} us, of which reading {bytes} bytes {read_us} us",
                told.refused, told.requests
            );
            assert_eq!(told.requests, 1_000_000);
            assert!(took_us < 1_000_000, "{took_us} us");
        }
    }
}
