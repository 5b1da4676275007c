//! The six figures as text: value, movement and a note. Plain data.

use crate::format;
use weir_contract::model::chart::{Overview, Totals};

/// The movement of a figure that has neither a value now nor one before.
const NO_DATA: &str = "no data";

/// One of the six.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kpi {
    Spend,
    Saved,
    Requests,
    HitRate,
    ErrorRate,
    P95,
}

/// Whether a movement is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    Better,
    Worse,
    Neutral,
}

/// What a card shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub value: String,
    /// Every digit, for the title.
    pub exact: String,
    pub delta: String,
    pub trend: Trend,
    /// False when there is nothing before to compare with.
    pub has_before: bool,
    /// Parts are divided by `, `.
    pub note: String,
}

impl Kpi {
    /// In the order of the cards.
    pub const ALL: [Kpi; 6] = [
        Kpi::Spend,
        Kpi::Saved,
        Kpi::Requests,
        Kpi::HitRate,
        Kpi::ErrorRate,
        Kpi::P95,
    ];

    /// The card's word.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Kpi::Spend => "Spend",
            Kpi::Saved => "Saved by the cache",
            Kpi::Requests => "Requests",
            Kpi::HitRate => "Cache hit rate",
            Kpi::ErrorRate => "Error rate",
            Kpi::P95 => "p95 latency",
        }
    }

    /// The stable name tests use.
    #[must_use]
    pub fn testid(self) -> &'static str {
        match self {
            Kpi::Spend => "kpi-spend",
            Kpi::Saved => "kpi-saved",
            Kpi::Requests => "kpi-requests",
            Kpi::HitRate => "kpi-hit-rate",
            Kpi::ErrorRate => "kpi-error-rate",
            Kpi::P95 => "kpi-p95",
        }
    }

    /// The filter of the requests behind the figure.
    #[must_use]
    pub fn filter(self) -> Vec<(String, String)> {
        let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        match self {
            Kpi::Saved => one("cache", "response"),
            Kpi::ErrorRate => one("status", "failed"),
            _ => Vec::new(),
        }
    }

    /// Reads the figure and its movement.
    #[must_use]
    pub fn read(self, figures: &Overview) -> Reading {
        let (now, before) = (&figures.current, &figures.previous);
        match self {
            Kpi::Spend => {
                let delta = format::change(now.cost_nanousd.0 as f64, before.cost_nanousd.0 as f64);
                let trend = trend(&delta, Some(false));
                Reading {
                    value: format::money(now.cost_nanousd),
                    exact: format::money_exact(now.cost_nanousd),
                    has_before: delta != NO_DATA,
                    delta,
                    trend,
                    note: spend_note(now),
                }
            }
            Kpi::Saved => {
                let delta = format::change(now.saved_nanousd.0 as f64, before.saved_nanousd.0 as f64);
                let trend = trend(&delta, Some(true));
                let note = "by answers reused".to_owned();
                Reading {
                    value: format::money(now.saved_nanousd),
                    exact: format::money_exact(now.saved_nanousd),
                    has_before: delta != NO_DATA,
                    delta,
                    trend,
                    note,
                }
            }
            Kpi::Requests => {
                let delta = format::change(now.requests as f64, before.requests as f64);
                let trend = trend(&delta, None);
                let note = if now.refused > 0 {
                    format!("{} refused", format::count(now.refused))
                } else {
                    String::new()
                };
                Reading {
                    value: format::count(now.requests),
                    exact: String::new(),
                    has_before: delta != NO_DATA,
                    delta,
                    trend,
                    note,
                }
            }
            Kpi::HitRate => ratio(
                now.hit_rate(),
                before.hit_rate(),
                true,
                format::plural(now.hits, "hit", "hits"),
            ),
            Kpi::ErrorRate => ratio(
                now.error_rate(),
                before.error_rate(),
                false,
                format!("{} failed or cut", format::count(now.errors)),
            ),
            Kpi::P95 => p95(now, before),
        }
    }
}

fn spend_note(totals: &Totals) -> String {
    if totals.requests > 0 && totals.simulated == totals.requests {
        "simulated, play money".to_owned()
    } else if totals.simulated > 0 {
        format!("{} simulated requests included", format::count(totals.simulated))
    } else if totals.price_unknown > 0 {
        format!(
            "{} at an assumed price",
            format::plural(totals.price_unknown, "request", "requests")
        )
    } else if totals.unsettled_nanousd.0 > 0 {
        format!("{} estimated", format::money(totals.unsettled_nanousd))
    } else {
        String::new()
    }
}

fn ratio(now: Option<f64>, before: Option<f64>, up_is_good: bool, note: String) -> Reading {
    let delta = match (now, before) {
        (Some(now), Some(before)) => format::change_points(now, before),
        (Some(_), None) => "new".to_owned(),
        _ => NO_DATA.to_owned(),
    };
    let trend = trend(&delta, Some(up_is_good));
    let note = if now.is_some() { note } else { String::new() };
    Reading {
        value: format::percent_or_nothing(now),
        exact: String::new(),
        has_before: delta != NO_DATA,
        delta,
        trend,
        note,
    }
}

fn p95(now: &Totals, before: &Totals) -> Reading {
    let (value, note) = match (now.p50_us, now.p95_us, now.p99_us) {
        (Some(p50), Some(p95), Some(p99)) if now.requests >= 100 => {
            let [p50, p95, p99] = format::durations_alike_us([p50, p95, p99]);
            (p95, format!("p50 {p50}, p99 {p99}"))
        }
        (_, Some(p95), _) => (
            format::duration_us(p95),
            format!("n = {}, too few for p99", now.requests),
        ),
        _ => (format::NOTHING.to_owned(), String::new()),
    };
    let delta = match (now.p95_us, before.p95_us) {
        (Some(now), Some(before)) => format::change(now as f64, before as f64),
        (Some(_), None) => "new".to_owned(),
        _ => NO_DATA.to_owned(),
    };
    let trend = trend(&delta, Some(false));
    Reading {
        value,
        exact: String::new(),
        has_before: delta != NO_DATA,
        delta,
        trend,
        note,
    }
}

/// `up_is_good` is none where neither direction is news by itself.
fn trend(delta: &str, up_is_good: Option<bool>) -> Trend {
    let rises = delta.starts_with('+');
    match (up_is_good, rises || delta.starts_with('−')) {
        (Some(up_is_good), true) if rises == up_is_good => Trend::Better,
        (Some(_), true) => Trend::Worse,
        _ => Trend::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::{NanoUsd, model::time::TimeRange};

    fn figures(current: Totals, previous: Totals) -> Overview {
        Overview {
            range: TimeRange { from_ms: 0, to_ms: 1 },
            current,
            previous,
            attention: Vec::new(),
            as_of_ms: 0,
        }
    }

    #[test]
    fn nothing_is_not_zero() {
        let empty = figures(Totals::default(), Totals::default());
        assert_eq!(Kpi::HitRate.read(&empty).value, format::NOTHING);
        assert_eq!(Kpi::P95.read(&empty).value, format::NOTHING);
        assert_eq!(Kpi::Spend.read(&empty).value, "$0.00");
        assert!(!Kpi::P95.read(&empty).has_before);
    }

    #[test]
    fn the_direction_says_whether_it_is_good_news() {
        let now = Totals {
            requests: 10,
            hits: 5,
            misses: 5,
            errors: 2,
            cost_nanousd: NanoUsd(50),
            saved_nanousd: NanoUsd(9),
            ..Totals::default()
        };
        let before = Totals {
            requests: 10,
            hits: 4,
            misses: 6,
            errors: 1,
            cost_nanousd: NanoUsd(100),
            saved_nanousd: NanoUsd(3),
            ..Totals::default()
        };
        let both = figures(now, before);
        assert_eq!(
            (
                Kpi::Spend.read(&both).delta.as_str(),
                Kpi::Spend.read(&both).trend
            ),
            ("−50.0\u{a0}%", Trend::Better)
        );
        assert_eq!(Kpi::ErrorRate.read(&both).trend, Trend::Worse);
        assert_eq!(Kpi::HitRate.read(&both).trend, Trend::Better);
        assert_eq!(Kpi::Requests.read(&both).trend, Trend::Neutral);
    }

    #[test]
    fn play_money_is_called_play_money() {
        let simulated = Totals {
            requests: 3,
            simulated: 3,
            ..Totals::default()
        };
        assert!(
            Kpi::Spend
                .read(&figures(simulated, Totals::default()))
                .note
                .contains("play money")
        );
    }
}
