//! `cache.list`: cached answers, newest first, a page at a time.

use super::selector;
use crate::{Admin, check, from_store};
use weir_contract::{
    ApiError,
    command::cache::{CacheEntryPage, CacheList},
};

/// A page of the selected entries.
///
/// # Errors
/// `InvalidArgument` for an empty selector, a limit outside 1 to 200 or a foreign cursor; failures of the database.
pub async fn list(admin: &Admin, command: CacheList) -> Result<CacheEntryPage, ApiError> {
    check::page_size(command.limit)?;
    selector::check(&command.selector)?;
    let cursor = command.cursor.as_deref();
    if cursor.is_some_and(|cursor| !is_cursor(cursor)) {
        return Err(ApiError::invalid(
            "cursor: send back next_cursor of the page before, or null for the first page",
        ));
    }
    // One row more than asked for tells whether there is a next page.
    let mut rows = admin
        .store
        .list_entries(&command.selector, cursor, command.limit + 1)
        .await
        .map_err(from_store)?;
    let page_size = command.limit as usize;
    let more = rows.len() > page_size;
    rows.truncate(page_size);
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|row| format!("{}:{}", row.created_ms, row.key));
    Ok(CacheEntryPage { rows, next_cursor })
}

fn is_cursor(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(created_ms, key)| created_ms.parse::<i64>().is_ok() && !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_cursor;

    #[test]
    fn only_our_cursors_are_taken() {
        assert!(is_cursor("1790000000000:ab12"));
        for foreign in ["", "ab12", ":ab12", "x:ab12", "17:"] {
            assert!(!is_cursor(foreign), "{foreign}");
        }
    }
}
