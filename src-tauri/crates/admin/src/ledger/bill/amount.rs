//! Amounts of a bill, read to the last digit: providers print far more decimals than a nano-dollar has.

use weir_contract::NanoUsd;

/// Decimals that are kept while lines are added up.
const DECIMALS: usize = 24;
/// Of those in one nano-dollar.
const PER_NANOUSD: i128 = 10_i128.pow(DECIMALS as u32 - 9);
/// A billion dollars; more is no line of a bill.
const MOST_WHOLE_DIGITS: usize = 9;

/// A sum of amounts, exact to 24 decimals of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ExactUsd(i128);

impl ExactUsd {
    /// Reads `12.50`, `$1,234.5`, `-0.000001`, `1.5e-06`.
    ///
    /// # Errors
    /// What is wrong and how to write it.
    pub(super) fn parse(text: &str) -> Result<ExactUsd, String> {
        let wrong = || format!("{text:?} is not an amount in dollars; write it like 12.50");
        let trimmed = text.trim();
        let (is_negative, rest) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let rest = rest.strip_prefix('$').unwrap_or(rest);
        let (digits, exponent) = match rest.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| wrong())?),
            None => (rest, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = without_separators(whole).ok_or_else(|| {
            format!("{text:?} may be read in two ways; write the decimals behind a point and leave out other marks, like 1234.50")
        })?;
        if whole.is_empty() && fraction.is_empty() {
            return Err(wrong());
        }
        let all: String = whole.chars().chain(fraction.chars()).collect();
        if !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let significant = all.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Ok(ExactUsd(0));
        }
        // The amount is `significant` times ten to the `power`.
        let trailing = all.len() - all.trim_end_matches('0').len();
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let power = length(&all[all.len() - trailing..]) - length(fraction) + i64::from(exponent);
        let whole_digits = length(significant).saturating_add(power);
        if whole_digits > MOST_WHOLE_DIGITS as i64 {
            return Err(format!("{text:?} is a billion dollars or more; check the column"));
        }
        let shift = usize::try_from(power + DECIMALS as i64)
            .map_err(|_| format!("{text:?} has more than {DECIMALS} decimals; round it to those"))?;
        let digits: i128 = format!("{significant}{}", "0".repeat(shift))
            .parse()
            .map_err(|_| wrong())?;
        Ok(ExactUsd(if is_negative { -digits } else { digits }))
    }

    /// The exact sum.
    ///
    /// # Errors
    /// When it is out of any range.
    pub(super) fn plus(self, other: ExactUsd) -> Result<ExactUsd, String> {
        let sum = self.0.checked_add(other.0).map(ExactUsd);
        sum.ok_or_else(|| "the amounts add up to more than Weir can count".to_owned())
    }

    /// Rounded to nano-dollars, once, half away from zero.
    ///
    /// # Errors
    /// When it is out of range.
    pub(super) fn to_nanousd(self) -> Result<NanoUsd, String> {
        let half = if self.0 < 0 {
            -PER_NANOUSD / 2
        } else {
            PER_NANOUSD / 2
        };
        let nanos = self.0.saturating_add(half) / PER_NANOUSD;
        i64::try_from(nanos).map(NanoUsd).map_err(|_| {
            "the amounts add up to more than Weir can count (about 9.2 billion dollars)".to_owned()
        })
    }
}

/// Whole digits without thousands' commas; none where the commas are anywhere else, as in `12,50`.
fn without_separators(whole: &str) -> Option<String> {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    let mut has_more = false;
    for group in groups {
        has_more = true;
        if group.len() != 3 {
            return None;
        }
        digits.push_str(group);
    }
    (!has_more || (1..=3).contains(&first.len())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::ExactUsd;

    fn nanos(text: &str) -> i64 {
        ExactUsd::parse(text).unwrap().to_nanousd().unwrap().0
    }

    #[test]
    fn amounts_are_read_to_the_last_digit() {
        for (text, expected) in [
            ("12.50", 12_500_000_000),
            ("$1,234.5", 1_234_500_000_000),
            ("-0.000001", -1_000),
            ("0", 0),
            ("0.0", 0),
            ("0e99", 0),
            (".5", 500_000_000),
            ("7.", 7_000_000_000),
            ("1.5e-06", 1_500),
            ("1E2", 100_000_000_000),
            ("0.30000000000000004", 300_000_000),
            ("0.0000000005", 1),
            ("0.00000000049999", 0),
            ("-0.0000000005", -1),
            ("999999999.999999999", 999_999_999_999_999_999),
            ("0.000000000000000000000001", 0),
        ] {
            assert_eq!(nanos(text), expected, "{text}");
        }
    }

    #[test]
    fn tiny_parts_add_up_before_they_are_rounded() {
        let part = ExactUsd::parse("0.0000000001").unwrap();
        let sum = (0..10).fold(ExactUsd::default(), |sum, _| sum.plus(part).unwrap());
        assert_eq!(sum.to_nanousd().unwrap().0, 1);
    }

    #[test]
    fn what_is_no_amount_says_so() {
        for text in [
            "",
            "-",
            "$",
            ".",
            "abc",
            "1.2.3",
            "12,50",
            "1,23,456",
            "1 000",
            "1e",
            "1e1.5",
            "--1",
            "€5",
            "1e10",
            "1e-30",
            "9999999999",
            "0x10",
            "NaN",
            ",123",
            "1234,567",
        ] {
            assert!(ExactUsd::parse(text).is_err(), "{text:?}");
        }
    }
}
