//! The log on which draft limits are tried: a piece for each fold, written as the rollups count.

use crate::error::from_sqlx;
use sqlx::PgConnection;
use weir_contract::model::limit::EXPENSIVE_INPUT_TOKENS;
use weir_engine::{
    limit::replay_log,
    store::{ReplayedRequest, StoreError},
};

/// What the fold counted, as far as trying a limit needs it.
pub(crate) struct Folded {
    pub(crate) started_ms: i64,
    pub(crate) duration_us: i64,
    pub(crate) key_id: String,
    pub(crate) user_name: String,
    pub(crate) client_ip: String,
    pub(crate) event: String,
    pub(crate) intent: String,
    pub(crate) input_tokens: i64,
    pub(crate) output_tokens: i64,
    pub(crate) cost_nanousd: i64,
}

/// Writes down what trying a draft limit needs, to be called in the transaction that counts the requests. An embedding of many
/// short texts looks like any other call here: how many there were is not recorded.
pub(crate) async fn log_requests(
    connection: &mut PgConnection,
    requests: &[Folded],
) -> Result<(), StoreError> {
    let Some(until_ms) = requests.iter().map(|request| request.started_ms).max() else {
        return Ok(());
    };
    let mut log = Vec::new();
    for request in requests {
        replay_log::append(
            &mut log,
            &ReplayedRequest {
                at_ms: request.started_ms,
                duration_ms: request.duration_us / 1_000,
                tokens: request.input_tokens + request.output_tokens,
                cost_nanousd: request.cost_nanousd,
                is_expensive: request.input_tokens > EXPENSIVE_INPUT_TOKENS.cast_signed(),
                key: &request.key_id,
                user: &request.user_name,
                ip: &request.client_ip,
                event: &request.event,
                intent: &request.intent,
            },
        );
    }
    sqlx::query!(
        "INSERT INTO limit_log (until_ms, body) VALUES ($1, $2)",
        until_ms,
        log
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
