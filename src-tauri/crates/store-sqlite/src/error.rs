//! Turns SQLite's errors into the store's: what may pass, what is wrong with a row, what is wrong with the file.

use weir_engine::store::StoreError;

const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READ_ONLY: u32 = 8;
const INPUT_OUTPUT: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANNOT_OPEN: u32 = 14;
const CONSTRAINT: u32 = 19;
const NOT_A_DATABASE: u32 = 26;
const HELD: &str = "another program holds the database locked; close other Weir windows or gateways, or the database browser, that use this file";

/// The store's error for one of SQLite's, with what to do about it.
pub(crate) fn from_sqlx(error: sqlx::Error) -> StoreError {
    let sqlx::Error::Database(database) = &error else {
        return match error {
            sqlx::Error::ColumnDecode { index, source } => StoreError::Inconsistent {
                table: "unknown",
                column: "unknown",
                row: index,
                problem: source.to_string(),
            },
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => closed(),
            other => StoreError::Unavailable(other.to_string()),
        };
    };
    let code = database.code().and_then(|code| code.parse().ok());
    from_code(code.unwrap_or(0), database.message().to_owned())
}

/// The same for an error of a connection that reads without sqlx.
pub(crate) fn from_rusqlite(error: rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::SqliteFailure(failure, text) => {
            let text = text.unwrap_or_else(|| failure.to_string());
            from_code(failure.extended_code.cast_unsigned(), text)
        }
        other => StoreError::Unavailable(other.to_string()),
    }
}

fn from_code(code: u32, text: String) -> StoreError {
    // The lowest byte of an extended result code is the kind.
    match code & 0xff {
        BUSY | LOCKED => StoreError::Unavailable(HELD.to_owned()),
        FULL => StoreError::Unavailable(
            "the disk is full; free some space and writing goes on by itself".to_owned(),
        ),
        INPUT_OUTPUT => StoreError::Unavailable(format!(
            "the disk could not be read or written ({text}); check its free space and its health"
        )),
        READ_ONLY => StoreError::Unavailable(
            "the database file is read-only; allow writing to it and to its folder".to_owned(),
        ),
        CANNOT_OPEN => StoreError::Unavailable(format!(
            "the database file cannot be opened ({text}); check that its folder exists and may be written"
        )),
        CORRUPT | NOT_A_DATABASE => damaged(&text),
        CONSTRAINT => StoreError::Inconsistent {
            table: "unknown",
            column: "unknown",
            row: String::new(),
            problem: text,
        },
        _ => StoreError::Unavailable(text),
    }
}

/// Another process's lock stood in the way, by itself or as the reason of another failure.
pub(crate) fn is_locked(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(text) if text.contains(HELD))
}

/// The file is not a whole SQLite database.
pub(crate) fn damaged(problem: &str) -> StoreError {
    StoreError::Incompatible(format!(
        "the database file is damaged or no SQLite database ({problem}); nothing was changed: move it away to start anew, or put a backup in its place"
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
