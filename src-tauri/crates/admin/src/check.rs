//! Rules that arguments of several operations share.

use weir_contract::{ApiError, model::time::TimeRange};

/// Rollup rows are kept 400 days, so no longer span has anything to show.
const LONGEST_RANGE_MS: i64 = 400 * 86_400_000;
/// The year 9999; later times are a caller's mistake, and far below what arithmetic could overflow.
const LATEST_MS: i64 = 253_402_300_799_999;

/// A short name as configuration items have it: `[a-z0-9-]{1,64}`.
pub(crate) fn name(field: &str, text: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{field}: {text:?} is no name; use 1 to 64 of a-z, 0-9 and \"-\", such as \"global-daily\""
    )))
}

/// Free text of one line that people read.
pub(crate) fn line(field: &str, text: &str, longest_chars: usize) -> Result<(), ApiError> {
    if text.chars().count() > longest_chars {
        return Err(ApiError::invalid(format!(
            "{field}: at most {longest_chars} characters"
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(ApiError::invalid(format!(
            "{field}: no line breaks or other control characters"
        )));
    }
    Ok(())
}

/// A span that ends after it starts and is no longer than what is kept.
pub(crate) fn range(range: TimeRange) -> Result<(), ApiError> {
    let TimeRange { from_ms, to_ms } = range;
    if !(0..=LATEST_MS).contains(&from_ms) || !(0..=LATEST_MS).contains(&to_ms) {
        return Err(ApiError::invalid(
            "range: both ends are UNIX milliseconds, from 0 to the year 9999",
        ));
    }
    if from_ms >= to_ms {
        return Err(ApiError::invalid(format!(
            "range: from_ms ({from_ms}) must be before to_ms ({to_ms})"
        )));
    }
    if range.length_ms() > LONGEST_RANGE_MS {
        return Err(ApiError::invalid(
            "range: at most 400 days, which is how long figures are kept",
        ));
    }
    Ok(())
}

/// Rows of one page: 1 to 200.
pub(crate) fn page_size(limit: u32) -> Result<(), ApiError> {
    if (1..=200).contains(&limit) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "limit: {limit} is not between 1 and 200"
    )))
}

/// Versions start at 1; 0 means "create".
pub(crate) fn expected_version(version: i64) -> Result<(), ApiError> {
    if version >= 0 {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "expected_version: {version} is no version; send 0 to create, or the version you read"
    )))
}

/// `"a", "b"`, or `none`, for messages that list what there is.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.take(12).map(|name| format!("\"{name}\"")).collect();
    if quoted.is_empty() {
        "none".to_owned()
    } else {
        quoted.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{TimeRange, expected_version, line, listed, name, page_size, range};

    #[test]
    fn names_are_short_and_plain() {
        for good in ["a", "global-daily", "t3", &"x".repeat(64)] {
            assert!(name("cap.name", good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a b", "a_b", "ä", "a=b", &"x".repeat(65)] {
            let error = name("cap.name", bad).unwrap_err();
            assert!(error.message.starts_with("cap.name: "), "{error}");
        }
    }

    #[test]
    fn lines_have_no_control_characters() {
        assert!(line("name", "Émile's laptop ☕", 64).is_ok());
        assert!(line("name", "two\nlines", 64).is_err());
        assert!(line("name", &"x".repeat(65), 64).is_err());
    }

    #[test]
    fn ranges_run_forwards_and_are_bounded() {
        let at = |from_ms, to_ms| range(TimeRange { from_ms, to_ms });
        assert!(at(0, 1).is_ok());
        assert!(at(1, 1).is_err());
        assert!(at(2, 1).is_err());
        assert!(at(-1, 1).is_err());
        assert!(at(0, i64::MAX).is_err());
        assert!(at(0, 400 * 86_400_000).is_ok());
        assert!(at(0, 400 * 86_400_000 + 1).is_err());
    }

    #[test]
    fn page_sizes_and_versions_have_limits() {
        assert!(page_size(0).is_err() && page_size(201).is_err() && page_size(200).is_ok());
        assert!(expected_version(-1).is_err() && expected_version(0).is_ok());
    }

    #[test]
    fn lists_are_quoted() {
        assert_eq!(listed(["a", "b"].into_iter()), "\"a\", \"b\"");
        assert_eq!(listed([].into_iter()), "none");
    }
}
