//! How far a measured share may be from the true one: Wilson's interval.

/// A share with the interval that holds the true one in 95 of 100 cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub share: f64,
    pub high: f64,
}

/// Two-sided 95 %.
const Z: f64 = 1.959_964;

/// The interval of `bad` among `all`; from 0 to 1 when nothing was measured.
#[must_use]
pub fn wilson(bad: f64, all: f64) -> Interval {
    if all <= 0.0 {
        return Interval {
            low: 0.0,
            share: 0.0,
            high: 1.0,
        };
    }
    let share = (bad / all).clamp(0.0, 1.0);
    let z2 = Z * Z;
    let middle = (share + z2 / (2.0 * all)) / (1.0 + z2 / all);
    let half = Z / (1.0 + z2 / all) * (share * (1.0 - share) / all + z2 / (4.0 * all * all)).sqrt();
    Interval {
        low: (middle - half).max(0.0),
        share,
        high: (middle + half).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn it_agrees_with_published_values() {
        let interval = wilson(10.0, 100.0);
        assert!((interval.low - 0.0552).abs() < 1e-3, "{interval:?}");
        assert!((interval.high - 0.1744).abs() < 1e-3, "{interval:?}");
        assert!((wilson(0.0, 50.0).high - 0.0713).abs() < 1e-3);
        assert_eq!((wilson(0.0, 0.0).low, wilson(0.0, 0.0).high), (0.0, 1.0));
    }
}
