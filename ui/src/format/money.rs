//! How amounts of money read.

use super::group;
use weir_contract::NanoUsd;

/// Money for reading: two decimals from one dollar up, four significant digits below, never scientific.
#[must_use]
pub fn money(amount: NanoUsd) -> String {
    let sign = if amount.0 < 0 { "−" } else { "" };
    let nanos = i128::from(amount.0).unsigned_abs();
    if nanos == 0 {
        return "$0.00".to_owned();
    }
    if nanos >= NanoUsd::PER_USD.unsigned_abs().into() {
        let cents = (nanos + 5_000_000) / 10_000_000;
        return format!("{sign}${}.{:02}", group(&(cents / 100).to_string()), cents % 100);
    }
    format!("{sign}${}", below_one_dollar(nanos))
}

/// Four significant digits of an amount under one dollar, given in nano-dollars; at least two decimals.
fn below_one_dollar(nanos: u128) -> String {
    let digits = nanos.to_string().len();
    let step = 10_u128.pow(digits.saturating_sub(4).try_into().unwrap_or(0));
    let rounded = (nanos + step / 2) / step * step;
    if rounded >= NanoUsd::PER_USD.unsigned_abs().into() {
        return "1.00".to_owned();
    }
    let decimals = format!("{rounded:09}");
    let trimmed = decimals.trim_end_matches('0');
    format!("0.{trimmed:0<2}")
}

/// Decimals that a column of amounts has room for.
const COLUMN_DECIMALS: usize = 7;

/// Money in a column: as [`money`], filled up with figure spaces so that the decimal points stand in one line.
#[must_use]
pub fn money_in_column(amount: NanoUsd) -> String {
    let text = money(amount);
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let fill = COLUMN_DECIMALS.saturating_sub(decimals);
    text + &"\u{2007}".repeat(fill)
}

/// Every digit of an amount, for titles: `$0.000012345`.
#[must_use]
pub fn money_exact(amount: NanoUsd) -> String {
    let text = with_cents(amount);
    match text.strip_prefix('-') {
        Some(rest) => format!("−${rest} USD"),
        None => format!("${text} USD"),
    }
}

/// Every digit of an amount as plain text, with at least two decimals: `25.00`.
#[must_use]
pub fn with_cents(amount: NanoUsd) -> String {
    let text = amount.to_decimal();
    match text.split_once('.') {
        None => format!("{text}.00"),
        Some((_, fraction)) if fraction.len() == 1 => format!("{text}0"),
        _ => text,
    }
}

/// Dollars in a chart's read-out, where the value is already a float for drawing.
#[must_use]
pub fn dollars(value: f64) -> String {
    money(NanoUsd((value * 1e9).round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_two_decimals_from_one_dollar_and_four_digits_below() {
        let cases = [
            (0, "$0.00"),
            (1_000_000_000, "$1.00"),
            (1_234_567_890_000, "$1,234.57"),
            (999_999_999, "$1.00"),
            (123_456_789, "$0.1235"),
            (12_345, "$0.00001235"),
            (1, "$0.000000001"),
            (500_000_000, "$0.50"),
            (-2_500_000_000, "−$2.50"),
            (i64::MAX, "$9,223,372,036.85"),
        ];
        for (nanos, text) in cases {
            assert_eq!(money(NanoUsd(nanos)), text, "{nanos}");
        }
        assert_eq!(money_exact(NanoUsd(12_345)), "$0.000012345 USD");
        assert_eq!(money_exact(NanoUsd(0)), "$0.00 USD");
        assert_eq!(with_cents(NanoUsd(25_000_000_000)), "25.00");
        assert_eq!(with_cents(NanoUsd(500_000_000)), "0.50");
        assert_eq!(with_cents(NanoUsd(1)), "0.000000001");
    }

    #[test]
    fn decimal_points_stand_in_one_line() {
        let from_the_right = |nanos: i64| {
            let text = money_in_column(NanoUsd(nanos));
            text.chars().rev().position(|character| character == '.')
        };
        assert_eq!(from_the_right(1_234_560_000_000), Some(7));
        assert_eq!(from_the_right(344_800), Some(7));
        assert_eq!(from_the_right(0), Some(7));
    }
}
