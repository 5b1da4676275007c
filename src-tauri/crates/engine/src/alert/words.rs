//! Amounts in sentences.

use weir_contract::NanoUsd;

/// Cents for amounts of a cent and more, every digit below: a sentence has no room for nine decimals.
pub(super) fn dollars(amount: NanoUsd) -> String {
    const CENT: i64 = NanoUsd::PER_USD / 100;
    if amount.0 < CENT {
        return amount.to_string();
    }
    let cents = amount.0 / CENT;
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// `40 GiB`, `812 MiB`: whole units, rounded down.
pub(super) fn bytes(amount_bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if amount_bytes >= 10 * 1024 * MIB {
        return format!("{} GiB", amount_bytes / (1024 * MIB));
    }
    format!("{} MiB", amount_bytes / MIB)
}

/// Tenths of a percent, as `12.5 %`.
pub(super) fn percent(part: i64, whole: i64) -> String {
    let tenths = i128::from(part) * 1000 / i128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths.rem_euclid(10))
}

#[cfg(test)]
mod tests {
    use super::{bytes, dollars, percent};
    use weir_contract::NanoUsd;

    #[test]
    fn amounts_are_short_and_never_rounded_up() {
        assert_eq!(dollars(NanoUsd(1_239_999_999)), "$1.23");
        assert_eq!(dollars(NanoUsd(12_000)), "$0.000012");
        assert_eq!(bytes(812 * 1024 * 1024 + 9), "812 MiB");
        assert_eq!(bytes(41 << 30), "41 GiB");
        assert_eq!(percent(1, 8), "12.5 %");
        assert_eq!(percent(5, 0), "500.0 %");
    }
}
