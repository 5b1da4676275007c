//! What an admin is told when the machine's clock jumped.

use weir_contract::model::chart::Attention;

const UNITS: [(i64, &str); 4] = [
    (86_400, "days"),
    (3_600, "hours"),
    (60, "minutes"),
    (1, "seconds"),
];

/// The sentence for a jump by so many milliseconds; negative is backwards.
pub(super) fn tell(by_ms: i64) -> Attention {
    let seconds = by_ms.saturating_abs() / 1_000;
    // The largest unit of which there are at least two, so that "1 days" is never said.
    let (length, unit) = UNITS
        .into_iter()
        .find(|(length, _)| seconds >= 2 * length)
        .unwrap_or((1, "seconds"));
    let way = if by_ms < 0 { "back" } else { "forward" };
    Attention {
        page: "settings".to_owned(),
        message: format!(
            "This machine's clock was set {way} by {} {unit}. Caps and caches go on by the time before; set the clock right, or the \
             new time counts after an hour",
            seconds / length
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::tell;

    #[test]
    fn a_jump_is_told_in_a_plain_unit() {
        for (by_ms, words) in [
            (365 * 86_400_000, "forward by 365 days"),
            (-3_600_000, "back by 60 minutes"),
            (2_500, "forward by 2 seconds"),
            (i64::MIN, "back by 106751991167 days"),
        ] {
            let message = tell(by_ms).message;
            assert!(message.contains(words), "{message}");
        }
    }
}
