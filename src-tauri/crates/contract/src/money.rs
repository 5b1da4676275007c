//! Money: whole nano-dollars in an `i64`. No floats, ever; rounding happens once, upwards, where a charge is made.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount of US dollars in nano-dollars (1 USD = 1,000,000,000). Range: about ±9.2 billion dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: NanoUsd = NanoUsd(0);
    /// Nano-dollars in one dollar.
    pub const PER_USD: i64 = 1_000_000_000;

    /// Adds, stopping at the largest amount instead of wrapping.
    #[must_use]
    pub fn saturating_add(self, other: NanoUsd) -> NanoUsd {
        NanoUsd(self.0.saturating_add(other.0))
    }

    /// Subtracts, stopping at the smallest amount instead of wrapping.
    #[must_use]
    pub fn saturating_sub(self, other: NanoUsd) -> NanoUsd {
        NanoUsd(self.0.saturating_sub(other.0))
    }

    /// The exact decimal dollars, without trailing zeros: `0.000012`, `12.5`, `-3`.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let absolute = self.0.unsigned_abs();
        let per_usd = Self::PER_USD.unsigned_abs();
        let fraction = format!("{:09}", absolute % per_usd);
        let fraction = fraction.trim_end_matches('0');
        let whole = absolute / per_usd;
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    /// Reads decimal dollars such as `12.50`, `$4`, `0.000000001`.
    ///
    /// # Errors
    /// Says what is wrong when the text is no amount, is finer than a nano-dollar or is out of range.
    pub fn parse_decimal(text: &str) -> Result<NanoUsd, String> {
        let trimmed = text.trim().trim_start_matches('$').replace(',', "");
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(format!(
                "\"{text}\" is not an amount in dollars; write it like 12.50"
            ));
        }
        if fraction.len() > 9 {
            return Err(format!(
                "\"{text}\" is finer than a nano-dollar; use at most nine decimals"
            ));
        }
        let out_of_range = || format!("\"{text}\" is larger than Weir can count (about 9.2 billion dollars)");
        let whole: i64 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| out_of_range())?
        };
        let fraction: i64 = format!("{fraction:0<9}").parse().map_err(|_| out_of_range())?;
        let amount = whole
            .checked_mul(Self::PER_USD)
            .and_then(|nanos| nanos.checked_add(fraction))
            .ok_or_else(out_of_range)?;
        Ok(NanoUsd(if negative { -amount } else { amount }))
    }
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "${}", self.to_decimal())
    }
}

impl std::iter::Sum for NanoUsd {
    fn sum<I: Iterator<Item = NanoUsd>>(amounts: I) -> NanoUsd {
        amounts.fold(NanoUsd::ZERO, NanoUsd::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::NanoUsd;

    #[test]
    fn decimals_survive_the_round_trip() {
        for nanos in [0, 1, -1, 999_999_999, 1_000_000_000, 12_500_000_000, i64::MAX] {
            let text = NanoUsd(nanos).to_decimal();
            assert_eq!(NanoUsd::parse_decimal(&text), Ok(NanoUsd(nanos)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in ["", "-", "abc", "1.2.3", "1e5", "0.0000000001", "99999999999999"] {
            assert!(NanoUsd::parse_decimal(text).is_err(), "{text}");
        }
    }
}
