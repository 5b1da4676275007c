//! Turns Postgres's errors into the store's: what may pass, what is wrong with a row, what is wrong with the database.

use weir_engine::store::StoreError;

/// The store's error for one of Postgres's, with what to do about it.
pub(crate) fn from_sqlx(error: sqlx::Error) -> StoreError {
    let unavailable = |text: String| StoreError::Unavailable(text);
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default().into_owned();
            from_state(&code, database.message())
        }
        sqlx::Error::ColumnDecode { index, source } => StoreError::Inconsistent {
            table: "unknown",
            column: "unknown",
            row: index,
            problem: source.to_string(),
        },
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => closed(),
        sqlx::Error::PoolTimedOut => unavailable(
            "no connection to the database within the time allowed; it is not reachable, or all connections are in use".to_owned(),
        ),
        // The handshake's own words come as rubbish that was read.
        sqlx::Error::Io(problem) if problem.kind() == std::io::ErrorKind::InvalidData => untrusted(&problem.to_string()),
        sqlx::Error::Io(problem) => unavailable(format!(
            "the database server cannot be reached ({problem}); check host, port and network"
        )),
        sqlx::Error::Tls(problem) => untrusted(&problem.to_string()),
        other => unavailable(other.to_string()),
    }
}

fn untrusted(problem: &str) -> StoreError {
    StoreError::Unavailable(format!(
        "no trusted TLS connection to the database ({problem}); check sslmode and sslrootcert of its URL"
    ))
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn from_state(code: &str, text: &str) -> StoreError {
    let unavailable = |text: String| StoreError::Unavailable(text);
    match code {
        "28P01" | "28000" => unavailable(format!(
            "the database refused the login ({text}); check user, password and pg_hba.conf"
        )),
        "3D000" => unavailable(format!(
            "there is no such database ({text}); create it, or correct the URL"
        )),
        "42501" => StoreError::Incompatible(format!(
            "the database role lacks a right ({text}); `weir-gateway roles` prints the grants that each role needs"
        )),
        "3F000" | "42P01" | "42703" | "42883" => schema_is_missing(text),
        "40001" | "40P01" => unavailable("two changes met in the database; try again".to_owned()),
        "55P03" | "57014" => unavailable(format!(
            "the database took longer than allowed ({text}); it is overloaded, or another program holds a lock"
        )),
        "53100" => unavailable(
            "the database server's disk is full; free some space and writing goes on by itself".to_owned(),
        ),
        "53300" => unavailable(
            "the database server has no connection left; raise max_connections, or run fewer gateways"
                .to_owned(),
        ),
        "25006" => unavailable(
            "the database accepts no writes; this is a standby, or a role that may only read".to_owned(),
        ),
        _ if code.starts_with("22") || code.starts_with("23") => StoreError::Inconsistent {
            table: "unknown",
            column: "unknown",
            row: String::new(),
            problem: text.to_owned(),
        },
        _ => unavailable(text.to_owned()),
    }
}

/// The tables are not there, or not those that this version needs.
pub(crate) fn schema_is_missing(problem: &str) -> StoreError {
    StoreError::Incompatible(format!(
        "the database has not the tables that this version of Weir needs ({problem}); nothing was changed: run `weir-gateway migrate`"
    ))
}

/// The store is not open any more.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the database was closed; open it again".to_owned())
}

/// A value that should be JSON of its kind, or one of a known set of words, is not.
pub(crate) fn inconsistent(
    table: &'static str,
    column: &'static str,
    row: &str,
    problem: impl ToString,
) -> StoreError {
    StoreError::Inconsistent {
        table,
        column,
        row: row.to_owned(),
        problem: problem.to_string(),
    }
}

/// The same error once more, for each of the callers that it meets.
pub(crate) fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        StoreError::Inconsistent {
            table,
            column,
            row,
            problem,
        } => inconsistent(table, column, row, problem),
        StoreError::Conflict { expected, found } => StoreError::Conflict {
            expected: *expected,
            found: *found,
        },
        StoreError::Incompatible(text) => StoreError::Incompatible(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_says_what_to_do() {
        assert!(
            matches!(from_state("42P01", "x"), StoreError::Incompatible(text) if text.contains("migrate"))
        );
        assert!(matches!(from_state("42501", "x"), StoreError::Incompatible(text) if text.contains("roles")));
        assert!(matches!(
            from_state("23514", "x"),
            StoreError::Inconsistent { .. }
        ));
        assert!(matches!(from_state("57P01", "x"), StoreError::Unavailable(_)));
    }
}
