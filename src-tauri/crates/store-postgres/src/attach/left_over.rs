//! Ends the connections that a window has lost and the server has not.

use super::{AttachedRole, LOG_IN_WITHIN, LoginError, Route, session::sorted};
use sqlx::{ConnectOptions, Connection};

/// How long a connection may take to end, in milliseconds.
const ENDS_WITHIN_MS: i64 = 2_000;

/// Ends what this role still has open for this window, and returns when it has ended. Nothing that is on its way there is done
/// any more.
///
/// # Errors
/// [`LoginError`].
pub async fn end_left_over(route: &Route) -> Result<(), LoginError> {
    let ending = async {
        let mut connection = route.options(AttachedRole::Admin).connect().await?;
        sqlx::query(
            "SELECT pg_terminate_backend(pid, $1) FROM pg_stat_activity
             WHERE usename = current_user AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()",
        )
        .bind(ENDS_WITHIN_MS)
        .execute(&mut connection)
        .await?;
        connection.close().await
    };
    match tokio::time::timeout(LOG_IN_WITHIN, ending).await {
        Ok(ended) => ended.map_err(sorted),
        Err(_) => Err(LoginError::Unreachable(format!(
            "what was left open did not end within {} s",
            LOG_IN_WITHIN.as_secs()
        ))),
    }
}
