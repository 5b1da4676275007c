//! A provider keeps failing, so its model is not called for a while.

use super::{Finding, hour_start};
use weir_contract::model::catalog::BreakerPosition;

/// A finding while the breaker is open.
#[must_use]
pub fn find(provider: &str, model: &str, position: BreakerPosition, now_ms: i64) -> Option<Finding> {
    (position == BreakerPosition::Open).then(|| Finding {
        key: format!("breaker {provider}/{model}"),
        window_start_ms: hour_start(now_ms),
        subject: format!("{provider}/{model}"),
        title: format!("{provider}/{model} keeps failing"),
        message: format!(
            "Calls to {provider}/{model} failed again and again, so Weir does not send any for the moment and tries one now and then. Calls that may use another model do, and cached answers are still served; calls that name this model fail. Look at the provider's status page, and test it in the settings."
        ),
        page: "settings",
        group: String::new(),
        strength: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::{BreakerPosition, find};

    #[test]
    fn only_an_open_breaker_is_told_once_an_hour() {
        let now_ms = 3 * 3_600_000 + 5;
        for position in [BreakerPosition::Closed, BreakerPosition::HalfOpen] {
            assert_eq!(find("openai", "gpt", position, now_ms), None);
        }
        let found = find("openai", "gpt", BreakerPosition::Open, now_ms).unwrap();
        assert_eq!(
            (found.subject.as_str(), found.window_start_ms),
            ("openai/gpt", 3 * 3_600_000)
        );
    }
}
