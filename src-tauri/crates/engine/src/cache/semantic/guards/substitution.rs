//! Substitution: a few words exchanged for others that no table knows. They may be synonyms, so only the strict level objects.

use super::Verdict;
use crate::cache::semantic::difference::Difference;

/// Beyond this many exchanged words a text is worded anew, and words alone tell nothing.
const FEW: usize = 3;

/// A conflict when both questions hold a few words that the other does not, beside at least as many that both hold; a
/// hint when one question adds words.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    let (one, other) = (difference.only_one.len(), difference.only_other.len());
    if one == 0 && other == 0 {
        Verdict::Clear
    } else if one.min(other) == 0 {
        Verdict::OneSided
    } else if one.max(other) <= FEW && difference.shared >= one.max(other) {
        Verdict::Conflict
    } else {
        Verdict::Clear
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, Level, verdicts};
    use super::*;

    #[test]
    fn an_exchanged_word_is_seen_by_the_strict_level_alone() {
        let said = verdicts("delete the old invoices table", "archive the old invoices table");
        assert_eq!(said.get(Guard::Substitution), Verdict::Conflict);
        assert_eq!(
            (said.veto(Level::Normal), said.veto(Level::Strict)),
            (None, Some(Guard::Substitution))
        );
    }
}
