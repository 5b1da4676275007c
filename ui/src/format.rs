//! How numbers read on every screen: money, counts, shares, durations, sizes. Pure text in, pure text out.

mod money;

pub use money::{dollars, money, money_exact, money_in_column, with_cents};

/// Shown where there is nothing to say.
pub const NOTHING: &str = "–";

/// Stands between a number and its unit, so that a line never breaks there.
const NBSP: char = '\u{a0}';

/// A whole number with thousands separators.
#[must_use]
pub fn count(value: i64) -> String {
    let digits = group(&value.unsigned_abs().to_string());
    if value < 0 { format!("−{digits}") } else { digits }
}

fn group(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A ratio as a percentage with one decimal: `0.4321` is `43.2 %`.
#[must_use]
pub fn percent(ratio: f64) -> String {
    format!("{:.1}{NBSP}%", ratio * 100.0)
}

/// A ratio that may be missing.
#[must_use]
pub fn percent_or_nothing(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| NOTHING.to_owned(), percent)
}

/// A value that is a percentage already, as charts carry it.
#[must_use]
pub fn percent_points(value: f64) -> String {
    format!("{value:.1}{NBSP}%")
}

/// A share in hundredths of a percent: `1250` is `12.5 %`.
#[must_use]
pub fn basis_points(share: u16) -> String {
    if share.is_multiple_of(100) {
        format!("{}{NBSP}%", share / 100)
    } else {
        let text = format!("{}.{:02}", share / 100, share % 100);
        format!("{}{NBSP}%", text.trim_end_matches('0'))
    }
}

/// Microseconds in the unit that reads best, with the unit.
#[must_use]
pub fn duration_us(us: i64) -> String {
    match us {
        ..0 => NOTHING.to_owned(),
        0..1_000 => format!("{us}{NBSP}µs"),
        1_000..10_000 => format!("{:.1}{NBSP}ms", us as f64 / 1e3),
        10_000..10_000_000 => format!("{}{NBSP}ms", count((us + 500) / 1_000)),
        _ => format!("{:.1}{NBSP}s", us as f64 / 1e6),
    }
}

/// Durations that stand side by side, all in the unit of the longest, so that they compare at a glance:
/// `1.0 s` beside `14.9 s`, never `1,006 ms` beside `14.9 s`.
#[must_use]
pub fn durations_alike_us<const N: usize>(us: [i64; N]) -> [String; N] {
    let longest = us.iter().copied().max().unwrap_or(0);
    us.map(|us| match longest {
        _ if us < 0 => NOTHING.to_owned(),
        10_000_000.. => format!("{:.1}{NBSP}s", us as f64 / 1e6),
        10_000.. if us > 0 && us < 500 => format!("<{NBSP}1{NBSP}ms"),
        10_000.. => format!("{}{NBSP}ms", count((us + 500) / 1_000)),
        1_000.. => format!("{:.1}{NBSP}ms", us as f64 / 1e3),
        _ => format!("{us}{NBSP}µs"),
    })
}

/// Milliseconds as charts carry them.
#[must_use]
pub fn milliseconds(value: f64) -> String {
    duration_us((value * 1e3).round() as i64)
}

/// A size in bytes, with the unit; powers of 1,024.
#[must_use]
pub fn bytes(size: i64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if size < 1024 {
        return format!("{}{NBSP}B", size.max(0));
    }
    let mut value = size as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1}{NBSP}{}", UNITS[unit])
}

/// A length of time in words: `90` is `1 min 30 s`.
#[must_use]
pub fn seconds(total: u64) -> String {
    let parts = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = total;
    let mut words = Vec::new();
    for (length, unit) in parts {
        if rest >= length && words.len() < 2 {
            words.push(format!("{}{NBSP}{unit}", rest / length));
            rest %= length;
        }
    }
    if words.is_empty() {
        "0 s".to_owned()
    } else {
        words.join(" ")
    }
}

/// How a figure moved against the period before, as a sign and a word, so that colour is never alone.
#[must_use]
pub fn change(current: f64, previous: f64) -> String {
    if previous == 0.0 && current == 0.0 {
        return "no change".to_owned();
    }
    if previous == 0.0 {
        return "new".to_owned();
    }
    let share = (current - previous) / previous * 100.0;
    if share.abs() < 0.05 {
        "no change".to_owned()
    } else if share.abs() >= 1_000.0 {
        format!("{:+.0}×", current / previous)
            .trim_start_matches('+')
            .to_owned()
    } else {
        signed(share, "%")
    }
}

/// How a percentage moved, in percentage points.
#[must_use]
pub fn change_points(current: f64, previous: f64) -> String {
    let points = (current - previous) * 100.0;
    if points.abs() < 0.05 {
        "no change".to_owned()
    } else {
        signed(points, "pts")
    }
}

fn signed(value: f64, unit: &str) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.1}{NBSP}{unit}", value.abs())
}

/// `1 entry`, `1,204 entries`.
#[must_use]
pub fn plural(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Makes control characters and direction overrides visible, so that hostile text cannot disguise itself.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + character as u32).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            _ => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations are written with plain spaces, to be read.
    fn plain(text: impl AsRef<str>) -> String {
        text.as_ref().replace(NBSP, " ")
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(-1_234_567), "−1,234,567");
        assert_eq!(plural(1, "entry", "entries"), "1 entry");
        assert_eq!(plural(1_204, "entry", "entries"), "1,204 entries");
    }

    #[test]
    fn shares_and_durations_carry_their_unit() {
        assert_eq!(plain(percent(0.4321)), "43.2 %");
        assert_eq!(percent_or_nothing(None), NOTHING);
        assert_eq!(plain(basis_points(1_250)), "12.5 %");
        assert_eq!(plain(basis_points(10_000)), "100 %");
        assert_eq!(plain(duration_us(850)), "850 µs");
        assert_eq!(plain(duration_us(1_500)), "1.5 ms");
        assert_eq!(plain(duration_us(1_234_567)), "1,235 ms");
        assert_eq!(plain(duration_us(12_345_678)), "12.3 s");
        assert_eq!(
            durations_alike_us([1_006_000, 14_900_000]).map(plain),
            ["1.0 s", "14.9 s"]
        );
        assert_eq!(
            durations_alike_us([338_000, 2_610_000]).map(plain),
            ["338 ms", "2,610 ms"]
        );
        assert_eq!(durations_alike_us([120, 52_000]).map(plain), ["< 1 ms", "52 ms"]);
        assert_eq!(durations_alike_us([120, 1_500]).map(plain), ["0.1 ms", "1.5 ms"]);
        assert_eq!(durations_alike_us([-1, 900]).map(plain), [NOTHING, "900 µs"]);
        assert_eq!(plain(bytes(1_536)), "1.5 KiB");
        assert_eq!(plain(seconds(90)), "1 min 30 s");
        assert_eq!(plain(seconds(60)), "1 min");
    }

    #[test]
    fn changes_say_their_direction() {
        assert_eq!(plain(change(110.0, 100.0)), "+10.0 %");
        assert_eq!(plain(change(90.0, 100.0)), "−10.0 %");
        assert_eq!(change(1.0, 0.0), "new");
        assert_eq!(change(0.0, 0.0), "no change");
        assert_eq!(change(5_000.0, 1.0), "5000×");
        assert_eq!(plain(change_points(0.5, 0.45)), "+5.0 pts");
    }

    #[test]
    fn hostile_text_is_made_visible() {
        assert_eq!(visible("a\u{202e}b\u{0}c\nd"), "a\u{fffd}b\u{2400}c\nd");
    }
}
