//! Units of measure and currencies: `km` is `kilometres`, and never `miles`.

use super::{Verdict, compare_sets};
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::Words;

/// Each unit with its spellings; plurals are found by their `s`.
const UNITS: &[(&str, &[&str])] = &[
    ("mm", &["mm", "millimeter", "millimetre"]),
    ("cm", &["cm", "centimeter", "centimetre"]),
    ("m", &["meter", "metre"]),
    ("km", &["km", "kilometer", "kilometre"]),
    ("in", &["inch", "inches"]),
    ("ft", &["ft", "foot", "feet"]),
    ("yd", &["yard"]),
    ("mi", &["mile"]),
    ("mg", &["mg", "milligram"]),
    ("g", &["gram"]),
    ("kg", &["kg", "kilo", "kilogram"]),
    ("t", &["tonne", "ton"]),
    ("oz", &["oz", "ounce"]),
    ("lb", &["lb", "pound"]),
    ("ml", &["ml", "milliliter", "millilitre"]),
    ("l", &["liter", "litre"]),
    ("gal", &["gallon"]),
    ("pint", &["pint"]),
    ("cup", &["cup"]),
    ("tsp", &["tsp", "teaspoon"]),
    ("tbsp", &["tbsp", "tablespoon"]),
    ("c", &["celsius", "centigrade"]),
    ("f", &["fahrenheit"]),
    ("k", &["kelvin"]),
    ("ms", &["ms", "millisecond"]),
    ("s", &["sec", "second"]),
    ("min", &["min", "minute"]),
    ("h", &["hr", "hour"]),
    ("d", &["day"]),
    ("wk", &["week"]),
    ("mo", &["month"]),
    ("yr", &["yr", "year"]),
    ("b", &["byte"]),
    ("kb", &["kb", "kilobyte"]),
    ("mb", &["mb", "megabyte"]),
    ("gb", &["gb", "gigabyte"]),
    ("tb", &["tb", "terabyte"]),
    ("mph", &["mph"]),
    ("kph", &["kph", "kmh"]),
    ("w", &["watt"]),
    ("kw", &["kw", "kilowatt"]),
    ("kwh", &["kwh"]),
    ("ha", &["hectare"]),
    ("acre", &["acre"]),
    ("usd", &["usd", "dollar"]),
    ("eur", &["eur", "euro"]),
    ("gbp", &["gbp", "sterling"]),
    ("jpy", &["jpy", "yen"]),
    ("cny", &["cny", "yuan", "renminbi"]),
    ("inr", &["inr", "rupee"]),
    ("chf", &["chf"]),
    ("mxn", &["mxn", "peso"]),
    ("krw", &["krw", "won"]),
    ("rub", &["rub", "ruble"]),
    ("btc", &["btc", "bitcoin"]),
    ("eth", &["eth", "ethereum"]),
    ("percent", &["percent", "pct", "percentage"]),
];

/// Different units conflict, and so does one number measured in different units: `5 pounds in litres` asks for another
/// thing than `5 litres in pounds`. A unit that only one question names is a hint.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    let (one, other) = (quantities(difference.one), quantities(difference.other));
    let rebound = |(number, unit): &(String, &str)| {
        let mut others = other.iter();
        others.any(|(same, with)| same == number && with != unit)
            && !other.iter().any(|pair| pair.0 == *number && pair.1 == *unit)
    };
    if one.iter().any(rebound) {
        return Verdict::Conflict;
    }
    compare_sets(&units(difference.one), &units(difference.other))
}

/// Each number with the unit right behind it.
fn quantities(words: &Words) -> Vec<(String, &'static str)> {
    let pairs = words.all.windows(2).filter(|pair| pair[0].has_digit());
    let measured =
        pairs.filter_map(|pair| Some((super::numbers::normal(&pair[0].lower), unit_of(&pair[1].lower)?)));
    measured.collect()
}

/// True for a spelling that may stand glued behind a number.
pub(crate) fn is_unit(ending: &str) -> bool {
    unit_of(ending).is_some() || UNITS.iter().any(|(mark, _)| *mark == ending)
}

/// The unit that a word names.
pub(super) fn unit_of(lower: &str) -> Option<&'static str> {
    let names = |spellings: &[&str]| {
        spellings.contains(&lower)
            || lower
                .strip_suffix('s')
                .is_some_and(|root| spellings.contains(&root))
    };
    let row = UNITS.iter().find(|(_, spellings)| names(spellings));
    row.map(|(mark, _)| *mark)
}

fn units(words: &Words) -> Vec<&'static str> {
    let mut found: Vec<_> = words
        .all
        .iter()
        .filter_map(|word| {
            let digits = word
                .lower
                .trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.' || letter == ',');
            if digits.len() < word.lower.len() && !digits.is_empty() {
                let glued = UNITS
                    .iter()
                    .find(|(mark, _)| *mark == digits)
                    .map(|(mark, _)| *mark);
                return unit_of(digits).or(glued);
            }
            unit_of(&word.lower)
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;

    #[test]
    fn spellings_meet_and_units_do_not() {
        let said = |one: &str, other: &str| verdicts(one, other).get(Guard::Units);
        assert_eq!(said("75 km in miles", "75 kilometres in miles"), Verdict::Clear);
        assert_eq!(said("75km", "75 km"), Verdict::Clear);
        assert_eq!(said("75 km", "75 miles"), Verdict::Conflict);
        assert_eq!(
            said("how many pounds are 25 gallons", "what is 25 pounds in gallons"),
            Verdict::Conflict
        );
        assert_eq!(
            said("how many pounds are 25 gallons", "what is 25 gallons in pounds"),
            Verdict::Clear
        );
        assert_eq!(said("price in dollars", "price in euros"), Verdict::Conflict);
        assert_eq!(said("how long in minutes", "how long"), Verdict::OneSided);
    }

    #[test]
    fn no_spelling_stands_twice() {
        let mut all: Vec<_> = UNITS.iter().flat_map(|(_, spellings)| spellings.iter()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
