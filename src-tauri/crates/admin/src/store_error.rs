//! How a store's failure is told to people: the one place that translates it.

use weir_contract::{ApiError, ErrorCode};
use weir_engine::store::StoreError;

/// The failure as it crosses the boundary.
#[must_use]
pub fn from_store(error: StoreError) -> ApiError {
    let code = match &error {
        StoreError::Conflict { expected, found } => return conflict(*expected, *found),
        StoreError::Unavailable(_) | StoreError::Incompatible(_) => ErrorCode::Unavailable,
        StoreError::Inconsistent { .. } => ErrorCode::Internal,
    };
    let advice = match &error {
        StoreError::Unavailable(_) => {
            "; try again, and check the disk and whether another program holds the database"
        }
        StoreError::Inconsistent { .. } => "; restore a backup or report it",
        _ => "",
    };
    ApiError::new(code, format!("{error}{advice}"))
}

fn conflict(expected: i64, found: i64) -> ApiError {
    let message = match (expected, found) {
        (0, found) => format!(
            "it exists already, at version {found}; to change it send expected_version {found}, to make another choose a new name"
        ),
        (expected, 0) => {
            format!("version {expected} was expected, but it does not exist any more; read the list again")
        }
        (expected, found) => format!(
            "somebody changed it first: you expected version {expected}, version {found} is there now; read it again and repeat your change"
        ),
    };
    ApiError::new(ErrorCode::Conflict, message)
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, StoreError, from_store};

    #[test]
    fn a_conflict_tells_both_versions() {
        let error = from_store(StoreError::Conflict {
            expected: 3,
            found: 7,
        });
        assert_eq!(error.code, ErrorCode::Conflict);
        assert!(
            error.message.contains("version 3") && error.message.contains("version 7"),
            "{error}"
        );
    }

    #[test]
    fn a_conflict_without_a_version_says_what_is_the_matter() {
        let exists = from_store(StoreError::Conflict {
            expected: 0,
            found: 7,
        });
        assert!(exists.message.contains("exists already"), "{exists}");
        let gone = from_store(StoreError::Conflict {
            expected: 7,
            found: 0,
        });
        assert!(gone.message.contains("does not exist any more"), "{gone}");
    }

    #[test]
    fn a_locked_database_may_work_later() {
        let error = from_store(StoreError::Unavailable("database is locked".into()));
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.message.contains("database is locked"), "{error}");
    }
}
