//! How long a provider asks us to wait.

use std::time::UNIX_EPOCH;

/// Longer waits are as good as never; a date far away must not overflow anything.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1_000;

/// Reads a Retry-After header as milliseconds from `now_ms` (UNIX milliseconds): whole or decimal seconds, or an HTTP date (a
/// past one is zero); at most a day. None when it is neither.
#[must_use]
pub fn parse_retry_after(value: &str, now_ms: i64) -> Option<u64> {
    let value = value.trim();
    let wait_ms = parse_seconds(value)
        .or_else(|| Some(u64::try_from(date_ms(value)?.saturating_sub(now_ms)).unwrap_or(0)));
    wait_ms.map(|wait_ms| wait_ms.min(LONGEST_MS))
}

/// An HTTP date as UNIX milliseconds; one before 1970 is zero.
#[must_use]
pub fn date_ms(value: &str) -> Option<i64> {
    let at = httpdate::parse_http_date(value).ok()?;
    let after_ms = at.duration_since(UNIX_EPOCH).map_or(0, |after| after.as_millis());
    Some(i64::try_from(after_ms).unwrap_or(i64::MAX))
}

/// Decimal seconds as milliseconds, rounded up; absurdly many stop at the largest number.
fn parse_seconds(value: &str) -> Option<u64> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole_ms = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1_000);
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    let finer = fraction.bytes().skip(3).any(|byte| byte != b'0');
    Some(
        whole_ms
            .saturating_add(millis.parse::<u64>().ok()?)
            .saturating_add(u64::from(finer)),
    )
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_MS, parse_retry_after};
    use proptest::prelude::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const DATE_MS: i64 = 784_111_777_000;

    #[test]
    fn seconds_and_all_three_date_forms_are_read() {
        assert_eq!(parse_retry_after("7", 0), Some(7_000));
        assert_eq!(parse_retry_after(" 1.5 ", 0), Some(1_500));
        assert_eq!(parse_retry_after("0.0001", 0), Some(1));
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_retry_after(date, DATE_MS - 2_500), Some(2_500), "{date}");
            assert_eq!(parse_retry_after(date, DATE_MS + 1), Some(0), "{date}");
        }
    }

    #[test]
    fn nonsense_is_none_and_the_absurd_is_long() {
        for nonsense in ["", "-1", "soon", "1e3", "1,5", ".5", "5.", "inf"] {
            assert_eq!(parse_retry_after(nonsense, 0), None, "{nonsense}");
        }
        assert_eq!(parse_retry_after("99999999999999999999999", 0), Some(LONGEST_MS));
    }

    proptest! {
        #[test]
        fn nothing_panics(value in ".{0,40}", now_ms: i64) {
            let _ = parse_retry_after(&value, now_ms);
        }
        #[test]
        fn whole_seconds_are_exact(seconds in 0..86_400_u64) {
            prop_assert_eq!(parse_retry_after(&seconds.to_string(), 0), Some(seconds * 1_000));
        }
    }
}
