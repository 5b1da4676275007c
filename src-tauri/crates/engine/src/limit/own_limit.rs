//! Keys' own limits: each key that has one is counted by itself. Pure; time is handed in.

use super::{
    headers::{RateHeaders, seconds_up},
    window::{Admission, SlidingLog},
};
use std::collections::HashMap;
use weir_contract::model::key::KeyLimit;

/// How a key's own limit is called in headers.
pub const OWN_LIMIT: &str = "key-own-limit";

/// The calls of the keys that have a limit of their own. There are no more entries than keys.
#[derive(Debug, Clone, Default)]
pub struct OwnLimits {
    keys: HashMap<String, SlidingLog>,
}

impl OwnLimits {
    /// Whether one more call of the key would pass, without counting it; none where it would.
    pub fn refusal(&mut self, key_id: &str, limit: KeyLimit, now_ms: i64) -> Option<RateHeaders> {
        let window_ms = i64::from(limit.window_seconds) * 1_000;
        let log = self.keys.entry(key_id.to_owned()).or_default();
        match log.check(limit.max_requests, window_ms, 1, now_ms) {
            Admission::Admitted { .. } => None,
            Admission::Refused {
                retry_after_ms,
                reset_ms,
                ..
            } => Some(RateHeaders {
                policy: OWN_LIMIT.to_owned(),
                limit: limit.max_requests,
                remaining: 0,
                reset_seconds: seconds_up(reset_ms),
                window_seconds: u64::from(limit.window_seconds),
                retry_after_seconds: Some(seconds_up(retry_after_ms)),
            }),
        }
    }

    /// Counts a call that passed all limits; what the key has left.
    pub fn count(&mut self, key_id: &str, limit: KeyLimit, now_ms: i64) -> RateHeaders {
        let window_ms = i64::from(limit.window_seconds) * 1_000;
        let log = self.keys.entry(key_id.to_owned()).or_default();
        log.count(window_ms, 1, now_ms);
        let used = u32::try_from(log.used(window_ms, now_ms)).unwrap_or(u32::MAX);
        RateHeaders {
            policy: OWN_LIMIT.to_owned(),
            limit: limit.max_requests,
            remaining: limit.max_requests.saturating_sub(used),
            reset_seconds: seconds_up(log.reset_ms(window_ms, now_ms)),
            window_seconds: u64::from(limit.window_seconds),
            retry_after_seconds: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OwnLimits;
    use weir_contract::model::key::KeyLimit;

    #[test]
    fn each_key_has_its_own_count_and_a_true_wait() {
        let limit = KeyLimit {
            max_requests: 2,
            window_seconds: 10,
        };
        let mut limits = OwnLimits::default();
        for at_ms in [0, 1_000] {
            assert_eq!(limits.refusal("a", limit, at_ms), None);
            limits.count("a", limit, at_ms);
        }
        let refused = limits.refusal("a", limit, 2_000).unwrap();
        assert_eq!((refused.limit, refused.remaining), (2, 0));
        let wait_ms = i64::try_from(refused.retry_after_seconds.unwrap()).unwrap() * 1_000;
        assert!(
            limits.refusal("a", limit, 2_000 + wait_ms - 2_000).is_some(),
            "not much earlier"
        );
        assert_eq!(
            limits.refusal("a", limit, 2_000 + wait_ms),
            None,
            "whoever waits gets in"
        );
        assert_eq!(limits.refusal("b", limit, 2_000), None);
        assert_eq!(limits.count("b", limit, 2_000).remaining, 1);
    }
}
