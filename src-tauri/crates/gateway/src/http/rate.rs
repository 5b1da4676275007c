//! Rate-limit headers: one source, told in every family that clients look for.
//!
//! - OpenAI's: `x-ratelimit-limit-requests`, `-remaining-requests`, `-reset-requests` (`1m30s`), and the same for tokens.
//! - Anthropic's: `anthropic-ratelimit-requests-limit`, `-remaining`, `-reset` (RFC 3339), and the same for tokens.
//! - The IETF draft's: `RateLimit` and `RateLimit-Policy`, with every measure; and the old plain `x-ratelimit-*` of the
//!   tightest one.

use super::reply::put;
use axum::response::Response;
use weir_contract::model::limit::LimitMeasure;
use weir_engine::limit::headers::RateHeaders;

/// Puts the headers of all measures that a request was counted by.
pub(super) fn put_rates(response: &mut Response, rates: &[RateHeaders]) {
    let Some(tightest) = tightest(rates) else { return };
    put(response, "x-ratelimit-limit", &tightest.limit.to_string());
    put(response, "x-ratelimit-remaining", &tightest.remaining.to_string());
    put(response, "x-ratelimit-reset", &tightest.reset_seconds.to_string());
    for rate in rates {
        match rate.measure {
            LimitMeasure::Requests => put_families(response, rate, &REQUESTS),
            LimitMeasure::Tokens => put_families(response, rate, &TOKENS),
            // The providers' own families know nothing of these.
            LimitMeasure::Concurrent | LimitMeasure::Dollars => {}
        }
    }
    let joined = |one: &dyn Fn(&RateHeaders) -> String| rates.iter().map(one).collect::<Vec<_>>().join(", ");
    put(response, "ratelimit-policy", &joined(&policy));
    put(
        response,
        "ratelimit",
        &joined(&|rate| {
            format!(
                "\"{}\";r={};t={}",
                rate.policy, rate.remaining, rate.reset_seconds
            )
        }),
    );
}

/// The one with the smallest part left.
fn tightest(rates: &[RateHeaders]) -> Option<&RateHeaders> {
    let left = |rate: &RateHeaders| i128::from(rate.remaining) * 1_000_000 / i128::from(rate.limit.max(1));
    rates.iter().min_by_key(|rate| left(rate))
}

/// Quota and window; a quota that is not of requests says what it is of, and calls at the same time have no window.
fn policy(rate: &RateHeaders) -> String {
    let (name, limit, window) = (&rate.policy, rate.limit, rate.window_seconds);
    match rate.measure {
        LimitMeasure::Requests => format!("\"{name}\";q={limit};w={window}"),
        LimitMeasure::Tokens => format!("\"{name}\";q={limit};qu=\"tokens\";w={window}"),
        LimitMeasure::Dollars => format!("\"{name}\";q={limit};qu=\"nano-dollars\";w={window}"),
        LimitMeasure::Concurrent => format!("\"{name}\";q={limit};qu=\"concurrent-requests\""),
    }
}

/// The names of one measure: OpenAI's limit, remaining and reset, then Anthropic's.
type Names = [&'static str; 6];

const REQUESTS: Names = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];
const TOKENS: Names = [
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
];

fn put_families(response: &mut Response, rate: &RateHeaders, names: &Names) {
    let (limit, remaining) = (rate.limit.to_string(), rate.remaining.to_string());
    let values = [
        &limit,
        &remaining,
        &duration(rate.reset_seconds),
        &limit,
        &remaining,
        &rate.reset_at(),
    ];
    for (name, value) in names.iter().zip(values) {
        put(response, name, value);
    }
}

/// Seconds as OpenAI writes them: `0s`, `45s`, `1m30s`, `2h0m0s`.
fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds % 3_600 / 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn rate(measure: LimitMeasure, limit: i64, remaining: i64) -> RateHeaders {
        RateHeaders {
            measure,
            policy: "p".to_owned(),
            limit,
            remaining,
            reset_seconds: 90,
            reset_at_ms: 1_790_000_000_001,
            window_seconds: 60,
            retry_after_seconds: None,
        }
    }

    #[test]
    fn each_family_has_its_own_form() {
        let mut response = Response::new(Body::empty());
        let rates = [
            rate(LimitMeasure::Requests, 20, 15),
            rate(LimitMeasure::Tokens, 1_000, 10),
            rate(LimitMeasure::Concurrent, 4, 3),
        ];
        put_rates(&mut response, &rates);
        let said = |name: &str| response.headers()[name].to_str().expect("plain text").to_owned();
        assert_eq!(said("x-ratelimit-remaining-requests"), "15");
        assert_eq!(said("x-ratelimit-reset-tokens"), "1m30s");
        assert_eq!(said("anthropic-ratelimit-tokens-remaining"), "10");
        assert_eq!(said("anthropic-ratelimit-requests-reset"), "2026-09-21T14:13:21Z");
        assert_eq!(
            said("x-ratelimit-limit"),
            "1000",
            "the tokens are nearest to their end"
        );
        assert_eq!(
            said("ratelimit-policy"),
            "\"p\";q=20;w=60, \"p\";q=1000;qu=\"tokens\";w=60, \"p\";q=4;qu=\"concurrent-requests\""
        );
        assert_eq!(
            said("ratelimit"),
            "\"p\";r=15;t=90, \"p\";r=10;t=90, \"p\";r=3;t=90"
        );
        let mut none = Response::new(Body::empty());
        put_rates(&mut none, &[]);
        assert!(none.headers().is_empty());
    }

    #[test]
    fn durations_read_as_openai_writes_them() {
        assert_eq!([0, 45, 90, 7_200].map(duration), ["0s", "45s", "1m30s", "2h0m0s"]);
    }
}
