//! A model was charged at an assumed price.

use super::{DAY_MS, Finding, day_start, hours::Hours};

/// Looks at the day that contains `hour_ms`, for one model.
#[must_use]
pub fn find(model: &str, hours: &Hours, hour_ms: i64) -> Option<Finding> {
    let day_ms = day_start(hour_ms);
    let count = hours.sum(day_ms, day_ms + DAY_MS).price_unknown;
    (count > 0).then(|| Finding {
        key: format!("price of {model}"),
        window_start_ms: day_ms,
        subject: format!("model {model}"),
        title: format!("The price of {model} is not known"),
        message: format!(
            "{count} requests of {model} were charged at the highest price of its tier, so the spend shown for it is an upper estimate. Calls go on, and the caps hold. Add the model's price to [[prices]] in the configuration file."
        ),
        page: "requests",
        group: String::new(),
        strength: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::{Hours, find};
    use crate::{alert::HOUR_MS, store::Counters};

    #[test]
    fn each_model_is_told_once_a_day() {
        let unknown = |price_unknown| Counters {
            price_unknown,
            ..Counters::default()
        };
        let hours = Hours::new([
            (HOUR_MS, unknown(2)),
            (5 * HOUR_MS, unknown(1)),
            (30 * HOUR_MS, unknown(0)),
        ]);
        let found = find("acme/new", &hours, 23 * HOUR_MS).unwrap();
        assert!(
            found.message.contains("3 requests of acme/new"),
            "{}",
            found.message
        );
        assert_eq!(found.window_start_ms, 0);
        assert_eq!(find("acme/new", &hours, 30 * HOUR_MS), None);
    }
}
