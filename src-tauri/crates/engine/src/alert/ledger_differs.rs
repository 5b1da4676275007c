//! A sum over the ledger is not what its balance says.

use super::{Finding, day_start};
use weir_contract::model::ledger::LedgerCheck;

/// A finding for each cap of the last check that has a sum that differs, once a day.
#[must_use]
pub fn find(check: &LedgerCheck) -> Vec<Finding> {
    let mut caps: Vec<&str> = check.mismatches.iter().map(|one| one.cap.as_str()).collect();
    caps.dedup();
    let of_cap = |cap: &str| {
        let mut differ = check.mismatches.iter().filter(|one| one.cap == cap);
        let first = differ.next()?;
        let more = match differ.count() {
            0 => String::new(),
            others => format!(", and {others} more of its sums differ"),
        };
        Some(Finding {
            key: format!("ledger {cap}"),
            window_start_ms: day_start(check.at_ms),
            subject: format!("cap \"{cap}\""),
            title: format!("The ledger and the balance of cap \"{cap}\" differ"),
            message: format!(
                "What is {} is {} by the ledger's rows and {} by the balance that the cap counts by{more}. Calls go on, and nothing in the ledger is lost. Open Budgets, check the ledger again, and lower the cap by the difference until it is cleared up.",
                first.sum.as_str(),
                first.ledger_nanousd,
                first.balance_nanousd,
            ),
            page: "budgets",
            group: String::new(),
            strength: 0,
        })
    };
    caps.into_iter().filter_map(of_cap).collect()
}

#[cfg(test)]
mod tests {
    use super::{LedgerCheck, find};
    use weir_contract::{
        NanoUsd,
        model::ledger::{LedgerMismatch, LedgerSum},
    };

    #[test]
    fn each_cap_is_told_once_with_its_first_sum() {
        let differing = |cap: &str, ledger: i64| LedgerMismatch {
            cap: cap.into(),
            period_start_ms: 0,
            sum: LedgerSum::Spent,
            ledger_nanousd: NanoUsd(ledger),
            balance_nanousd: NanoUsd(9_000_000_000),
        };
        let mut check = LedgerCheck {
            at_ms: 86_400_005,
            mismatches: Vec::new(),
        };
        assert_eq!(find(&check), []);
        check.mismatches = vec![
            differing("day", 8_000_000_000),
            differing("day", 1),
            differing("hour", 2),
        ];
        let found = find(&check);
        let subjects: Vec<&str> = found.iter().map(|one| one.subject.as_str()).collect();
        assert_eq!(subjects, ["cap \"day\"", "cap \"hour\""]);
        assert_eq!(found[0].window_start_ms, 86_400_000);
        let said = &found[0].message;
        assert!(
            said.contains("$8") && said.contains("$9") && said.contains("1 more"),
            "{said}"
        );
    }
}
