//! Negation: a question and its negation differ by one small word, which hardly moves a vector.

use super::Verdict;
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::{Word, Words, stem};

const NEGATORS: &[&str] = &[
    "not",
    "no",
    "never",
    "none",
    "nobody",
    "nothing",
    "nowhere",
    "neither",
    "nor",
    "without",
    "except",
    "excluding",
    "exclude",
    "excludes",
    "lacking",
    "lack",
    "lacks",
    "minus",
    "unless",
    "hardly",
    "barely",
    "cease",
    "avoid",
    "prevent",
    "instead",
    "non",
];
const PREFIXES: &[&str] = &["un", "in", "im", "il", "ir", "dis", "de", "non", "mis", "anti"];

/// Differing parity conflicts, and so does a word against itself with a negating prefix.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    let odd = |words: &Words| count(words) % 2 == 1;
    if odd(difference.one) != odd(difference.other) {
        return Verdict::Conflict;
    }
    let crossed = crosses(&difference.only_one, &difference.only_other)
        || crosses(&difference.only_other, &difference.only_one);
    if crossed {
        Verdict::Conflict
    } else if count(difference.one) != count(difference.other) {
        Verdict::OneSided
    } else {
        Verdict::Clear
    }
}

/// `why not` and `no problem` negate nothing, but they do so on both sides or hardly ever.
fn count(words: &Words) -> usize {
    words
        .all
        .iter()
        .filter(|word| NEGATORS.contains(&word.lower.as_str()))
        .count()
}

fn crosses(negated: &[&Word], plain: &[&Word]) -> bool {
    negated.iter().any(|word| {
        PREFIXES.iter().any(|prefix| {
            let root = word.lower.strip_prefix(prefix).filter(|root| root.len() >= 3);
            root.is_some_and(|root| {
                plain
                    .iter()
                    .any(|other| other.lower == root || other.stem == stem(root))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;

    #[test]
    fn a_negation_on_one_side_conflicts() {
        let said = |one: &str, other: &str| verdicts(one, other).get(Guard::Negation);
        assert_eq!(
            said("customers who have paid", "customers who haven't paid"),
            Verdict::Conflict
        );
        assert_eq!(
            said("a salad with nuts", "a salad without nuts"),
            Verdict::Conflict
        );
        assert_eq!(said("is it safe", "is it unsafe"), Verdict::Conflict);
        assert_eq!(
            said("how to install it", "how to uninstall it"),
            Verdict::Conflict
        );
        assert_eq!(said("it is not cold", "it isn't cold"), Verdict::Clear);
        assert_eq!(said("under the table", "at the table"), Verdict::Clear);
    }
}
