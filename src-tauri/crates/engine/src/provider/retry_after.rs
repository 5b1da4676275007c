//! How long a provider asks us to wait.

use std::time::{Duration, UNIX_EPOCH};

/// Longer waits are as good as never; a date far away must not overflow anything.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// `Retry-After` in milliseconds from `now_ms` (UNIX milliseconds): seconds, also with a fraction, or an HTTP date. A date in the
/// past is 0; what is neither is none.
#[must_use]
pub fn parse_retry_after(value: &str, now_ms: i64) -> Option<u64> {
    let value = value.trim();
    if value.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && let Ok(seconds) = value.parse::<f64>()
    {
        let longest = Duration::from_millis(LONGEST_MS);
        let wait = Duration::try_from_secs_f64(seconds)
            .unwrap_or(longest)
            .min(longest);
        return u64::try_from(wait.as_millis()).ok();
    }
    let until_ms = date_ms(value)?;
    Some(
        u64::try_from(until_ms.saturating_sub(now_ms))
            .unwrap_or(0)
            .min(LONGEST_MS),
    )
}

/// An HTTP date as UNIX milliseconds.
#[must_use]
pub fn date_ms(value: &str) -> Option<i64> {
    let date = httpdate::parse_http_date(value).ok()?;
    i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now_ms = 784_111_777_000;
        let date = "Sun, 06 Nov 1994 08:49:49 GMT";
        for (value, expected) in [
            ("2", Some(2000)),
            (" 0 ", Some(0)),
            ("1.5", Some(1500)),
            (date, Some(12_000)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("99999999999999999999", Some(LONGEST_MS)),
            ("-3", None),
            ("soon", None),
            ("", None),
            ("NaN", None),
            ("inf", None),
        ] {
            assert_eq!(parse_retry_after(value, now_ms), expected, "{value}");
        }
    }
}
