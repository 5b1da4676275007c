//! Numbers: two questions that name different numbers have different answers. `1,000`, `1000` and `a thousand` are one number.

use super::Verdict;
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::{Word, Words};

/// Number words that stand for themselves. `one` is left out: it is a pronoun more often than a number.
const WORDS: &[(&str, i64)] = &[
    ("zero", 0),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("dozen", 12),
    ("once", 1),
    ("twice", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
];
const MULTIPLIERS: &[(&str, i64)] = &[
    ("hundred", 100),
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
];
/// What may stand glued behind digits without changing which number it is.
const ORDINAL_ENDINGS: [&str; 4] = ["st", "nd", "rd", "th"];

/// Any difference between the numbers of two questions is a conflict: a number that only one names narrows it down.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    if numbers(difference.one) == numbers(difference.other) {
        Verdict::Clear
    } else {
        Verdict::Conflict
    }
}

/// The numbers of a text in one spelling, sorted, repetitions kept.
#[must_use]
pub fn numbers(words: &Words) -> Vec<String> {
    let mut found = Vec::new();
    let mut spelled: Option<i64> = None;
    for word in &words.all {
        if let Some(value) = spelled_value(word, spelled) {
            spelled = Some(value);
            if word.ends_phrase {
                found.extend(spelled.take().map(|value| value.to_string()));
            }
            continue;
        }
        if word.lower == "and" && spelled.is_some_and(|value| value % 100 == 0) {
            continue;
        }
        found.extend(spelled.take().map(|value| value.to_string()));
        if word.has_digit() {
            found.push(normal(&word.lower));
        }
    }
    found.extend(spelled.map(|value| value.to_string()));
    join_scales(words, &mut found);
    found.sort_unstable();
    found
}

/// Continues a spelled number (`twenty` `five`, `two` `hundred`) or begins one.
fn spelled_value(word: &Word, so_far: Option<i64>) -> Option<i64> {
    let lookup = |table: &[(&str, i64)]| {
        let row = table
            .iter()
            .find(|(name, _)| *name == word.lower || word.lower.strip_suffix('s') == Some(name));
        row.map(|(_, value)| *value)
    };
    if let Some(by) = lookup(MULTIPLIERS) {
        let (whole, last) = split_for(so_far.unwrap_or(1), by);
        return whole.checked_add(last.max(1).checked_mul(by)?);
    }
    let value = lookup(WORDS)?;
    match so_far {
        None => Some(value),
        Some(before) if before % 100 == 0 && value < 100 => before.checked_add(value),
        Some(before) if before % 10 == 0 && (20..100).contains(&(before % 100)) && value < 10 => {
            before.checked_add(value)
        }
        Some(before) if value == 12 && before < 12 => before.checked_mul(12),
        // Two numbers side by side: kept as one mark, which is still the same on both sides.
        Some(before) => before.checked_mul(1_000)?.checked_add(value),
    }
}

/// `two thousand three hundred`: only what stands since the larger multiplier is multiplied.
fn split_for(value: i64, by: i64) -> (i64, i64) {
    if value > by {
        (value - value % by, value % by)
    } else {
        (0, value)
    }
}

/// `5 million` is written as two words; the digit before a multiplier word takes it in.
fn join_scales(words: &Words, found: &mut Vec<String>) {
    for pair in words.all.windows(2) {
        let by = MULTIPLIERS
            .iter()
            .find(|(name, _)| *name == pair[1].lower || pair[1].lower.strip_suffix('s') == Some(name));
        if let Some((_, by)) = by
            && let Ok(value) = normal(&pair[0].lower).parse::<f64>()
            && pair[0].has_digit()
        {
            remove(found, &normal(&pair[0].lower));
            remove(found, &by.to_string());
            found.push(plain(value * *by as f64));
        }
    }
}

fn remove(found: &mut Vec<String>, what: &str) {
    if let Some(at) = found.iter().position(|item| item == what) {
        found.swap_remove(at);
    }
}

/// One spelling: no thousands separators, no trailing zeros, `5k` as 5000, `3rd` as 3. Identifiers stay as they are.
pub(super) fn normal(lower: &str) -> String {
    let grouped = lower.contains(',')
        && lower
            .split(',')
            .skip(1)
            .all(|group| group.split('.').next().is_some_and(|group| group.len() == 3));
    let text = if grouped {
        lower.replace(',', "")
    } else {
        lower.to_owned()
    };
    if let Ok(value) = text.parse::<f64>() {
        return plain(value);
    }
    let digits_end = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (digits, ending) = text.split_at(digits_end);
    let Ok(value) = digits.parse::<f64>() else {
        return text;
    };
    match ending {
        "k" => plain(value * 1e3),
        "m" | "mn" | "mio" => plain(value * 1e6),
        "bn" => plain(value * 1e9),
        ending if ORDINAL_ENDINGS.contains(&ending) => plain(value),
        // A unit glued to its number: the unit has a guard of its own.
        ending if super::units::is_unit(ending) => plain(value),
        _ => text,
    }
}

fn plain(value: f64) -> String {
    // `5 m` may be metres or millions; what matters is that both sides are read alike.
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;
    use crate::cache::semantic::words::words;

    fn of(text: &str) -> Vec<String> {
        numbers(&words(text))
    }

    #[test]
    fn spellings_of_one_number_are_one() {
        for (one, other) in [
            ("1,000 rows", "1000 rows"),
            ("twelve eggs", "12 eggs"),
            ("a dozen eggs", "12 eggs"),
            ("twenty-five users", "25 users"),
            ("two hundred and fifty", "250"),
            ("5k steps", "5000 steps"),
            ("5 million", "5000000"),
            ("3.50", "3.5"),
            ("the 3rd try", "the third try"),
            ("10km", "10 km"),
            ("two thousand three hundred", "2300"),
        ] {
            assert_eq!(of(one), of(other), "{one} and {other}");
        }
    }

    #[test]
    fn different_numbers_conflict() {
        for (one, other) in [
            ("Summarise in 3 points", "Summarise in 5 points"),
            ("invoice INC-4711", "invoice INC-4712"),
            ("version 1.2", "version 1.20.1"),
            ("two tickets", "three tickets"),
            ("wait 10 days", "wait some days"),
            ("4 and 5", "5 and 6"),
        ] {
            assert_eq!(
                verdicts(one, other).get(Guard::Numbers),
                Verdict::Conflict,
                "{one} and {other}"
            );
        }
    }

    #[test]
    fn the_pronoun_one_is_no_number() {
        assert!(of("which one is better").is_empty());
    }
}
