//! Dates and times: weekdays, months, seasons, quarters and relative days.

use super::{Verdict, compare_sets};
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::Words;

/// Each name with the mark it stands for; short and long forms share one.
const NAMES: &[(&str, &str)] = &[
    ("monday", "mon"),
    ("mon", "mon"),
    ("tuesday", "tue"),
    ("tue", "tue"),
    ("tues", "tue"),
    ("wednesday", "wed"),
    ("thursday", "thu"),
    ("thu", "thu"),
    ("thurs", "thu"),
    ("friday", "fri"),
    ("fri", "fri"),
    ("saturday", "sat"),
    ("sunday", "sun"),
    ("january", "jan"),
    ("jan", "jan"),
    ("february", "feb"),
    ("feb", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("apr", "apr"),
    ("june", "jun"),
    ("jun", "jun"),
    ("july", "jul"),
    ("jul", "jul"),
    ("august", "aug"),
    ("aug", "aug"),
    ("september", "sep"),
    ("sept", "sep"),
    ("sep", "sep"),
    ("october", "oct"),
    ("oct", "oct"),
    ("november", "nov"),
    ("nov", "nov"),
    ("december", "dec"),
    ("dec", "dec"),
    ("spring", "spring"),
    ("summer", "summer"),
    ("autumn", "autumn"),
    ("winter", "winter"),
    ("q1", "q1"),
    ("q2", "q2"),
    ("q3", "q3"),
    ("q4", "q4"),
    ("today", "today"),
    ("tonight", "tonight"),
    ("tomorrow", "tomorrow"),
    ("yesterday", "yesterday"),
    ("morning", "morning"),
    ("noon", "noon"),
    ("midday", "noon"),
    ("afternoon", "afternoon"),
    ("evening", "evening"),
    ("night", "night"),
    ("midnight", "midnight"),
    ("weekend", "weekend"),
    ("weekday", "weekday"),
    ("daily", "daily"),
    ("weekly", "weekly"),
    ("monthly", "monthly"),
    ("quarterly", "quarterly"),
    ("yearly", "yearly"),
    ("annual", "yearly"),
    ("annually", "yearly"),
    ("hourly", "hourly"),
    ("christmas", "christmas"),
    ("easter", "easter"),
    ("halloween", "halloween"),
    ("thanksgiving", "thanksgiving"),
];
/// Words that move a span of time: `last` month is not `next` month.
const MOVERS: &[(&str, &str)] = &[
    ("last", "before"),
    ("previous", "before"),
    ("past", "before"),
    ("next", "after"),
    ("coming", "after"),
    ("upcoming", "after"),
    ("following", "after"),
    ("this", "now"),
    ("current", "now"),
];
const SPANS: &[&str] = &[
    "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century", "semester",
    "season", "weekend", "term",
];
/// After these, `May` is the month and not the verb.
const BEFORE_A_MONTH: &[&str] = &[
    "in", "of", "by", "since", "until", "till", "during", "for", "last", "next", "every", "from",
];
/// What makes an answer old by tomorrow.
const RELATIVE: &[&str] = &[
    "today",
    "tonight",
    "tomorrow",
    "yesterday",
    "now",
    "currently",
    "latest",
    "newest",
    "recent",
    "recently",
    "nowadays",
];

/// Different dates conflict; a date that only one question names is a hint.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    compare_sets(&marks(difference.one), &marks(difference.other))
}

/// The dates and times of a text as marks, sorted, each once.
#[must_use]
pub fn marks(words: &Words) -> Vec<String> {
    let mut found = Vec::new();
    let lookup = |table: &[(&str, &'static str)], name: &str| {
        let row = table
            .iter()
            .find(|(known, _)| *known == name || name.strip_suffix('s') == Some(known));
        row.map(|(_, mark)| *mark)
    };
    for (at, word) in words.all.iter().enumerate() {
        if let Some(mark) = lookup(NAMES, &word.lower) {
            found.push(mark.to_owned());
        }
        let next = words.all.get(at + 1);
        if word.lower == "may" && is_month(words, at) {
            found.push("may".to_owned());
        }
        let span = next.filter(|next| SPANS.contains(&next.lower.trim_end_matches('s')));
        if let (Some(mover), Some(span)) = (lookup(MOVERS, &word.lower), span) {
            found.push(format!("{mover} {}", span.lower.trim_end_matches('s')));
        }
        if let (Some(mover @ ("before" | "after")), Some(day)) = (
            lookup(MOVERS, &word.lower),
            next.and_then(|next| lookup(NAMES, &next.lower)),
        ) {
            found.push(format!("{mover} {day}"));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn is_month(words: &Words, at: usize) -> bool {
    let neighbour = |at: Option<usize>| at.and_then(|at| words.all.get(at));
    let is_number = |at: Option<usize>| neighbour(at).is_some_and(super::super::words::Word::has_digit);
    let before = at.checked_sub(1);
    is_number(before)
        || is_number(Some(at + 1))
        || neighbour(before).is_some_and(|word| BEFORE_A_MONTH.contains(&word.lower.as_str()))
}

/// True when the answer depends on the day of asking, so that an old answer is a wrong one.
#[must_use]
pub fn depends_on_today(words: &Words) -> bool {
    let relative = words
        .all
        .iter()
        .any(|word| RELATIVE.contains(&word.lower.as_str()) || word.lower == "ago");
    relative
        || marks(words).iter().any(|mark| {
            ["before ", "after ", "now "]
                .iter()
                .any(|start| mark.starts_with(start))
        })
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;
    use crate::cache::semantic::words::words;

    #[test]
    fn different_days_conflict_and_short_forms_do_not() {
        let said = |one: &str, other: &str| verdicts(one, other).get(Guard::Calendar);
        assert_eq!(
            said("flights on Monday", "flights on Thursday"),
            Verdict::Conflict
        );
        assert_eq!(said("flights on Mon", "Monday flights"), Verdict::Clear);
        assert_eq!(
            said("sales of last month", "sales of next month"),
            Verdict::Conflict
        );
        assert_eq!(said("sales in May", "sales in June"), Verdict::Conflict);
        assert_eq!(said("last friday", "next friday"), Verdict::Conflict);
        assert_eq!(said("sales of Oslo", "sales of Oslo in March"), Verdict::OneSided);
        assert_eq!(said("may i ask", "can i ask"), Verdict::Clear);
    }

    #[test]
    fn what_is_old_tomorrow_is_known() {
        for text in [
            "what is the weather today",
            "the latest release",
            "sales of last week",
            "three days ago",
        ] {
            assert!(depends_on_today(&words(text)), "{text}");
        }
        for text in ["what is a leap year", "flights on Monday", "sort the last list"] {
            assert!(!depends_on_today(&words(text)), "{text}");
        }
    }
}
