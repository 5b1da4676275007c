//! What the form of a bill holds, and how it is read. Plain data.

use crate::local_time::{self, Civil};
use weir_contract::{command::ledger::LedgerReconcile, model::time::TimeRange};

const DAY_MS: i64 = 86_400_000;

/// The texts of the form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BillDraft {
    pub provider: String,
    /// First and last day, both included, as a `date` input holds them.
    pub first_day: String,
    pub last_day: String,
    pub text: String,
}

impl BillDraft {
    /// The last whole month, which is what bills are for.
    #[must_use]
    pub fn of_last_month(now_ms: i64) -> BillDraft {
        let today = local_time::civil(now_ms, 0);
        let first_of_this = local_time::to_ms(
            Civil {
                day: 1,
                hour: 0,
                minute: 0,
                second: 0,
                ..today
            },
            0,
        );
        let last_day = local_time::civil(first_of_this - DAY_MS, 0);
        let text = |day: u32| format!("{:04}-{:02}-{day:02}", last_day.year, last_day.month);
        BillDraft {
            first_day: text(1),
            last_day: text(last_day.day),
            ..BillDraft::default()
        }
    }

    /// Reads the form. Days begin at 00:00 UTC, as on bills.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn read(&self) -> Result<LedgerReconcile, String> {
        let provider = self.provider.trim();
        if provider.is_empty() {
            return Err("Choose the provider that sent the bill.".to_owned());
        }
        let day = |text: &str, which: &str| {
            local_time::parse_input(&format!("{}T00:00", text.trim()), 0)
                .ok_or_else(|| format!("The {which} day is a date, such as 2026-11-01."))
        };
        let range = TimeRange {
            from_ms: day(&self.first_day, "first")?,
            to_ms: day(&self.last_day, "last")? + DAY_MS,
        };
        if range.from_ms >= range.to_ms {
            return Err("The last day is before the first.".to_owned());
        }
        if self.text.trim().is_empty() {
            return Err("Paste the exported file, or write lines such as: gpt-5,12.50".to_owned());
        }
        Ok(LedgerReconcile {
            provider: provider.to_owned(),
            range,
            text: self.text.clone(),
        })
    }
}

/// `+1.25 %`; a dash where there is nothing to compare with.
#[must_use]
pub fn percent(basis_points: Option<i64>) -> String {
    let Some(points) = basis_points else {
        return "–".to_owned();
    };
    let sign = match points {
        ..0 => "−",
        0 => "",
        1.. => "+",
    };
    let size = points.unsigned_abs();
    format!("{sign}{}.{:02} %", size / 100, size % 100)
}

#[cfg(test)]
mod tests {
    use super::{BillDraft, percent};

    #[test]
    fn days_are_both_included_and_begin_in_utc() {
        let draft = BillDraft {
            provider: "openai".into(),
            text: "gpt-5,1".into(),
            // 21 November 2026.
            ..BillDraft::of_last_month(1_795_219_200_000)
        };
        assert_eq!(
            (draft.first_day.as_str(), draft.last_day.as_str()),
            ("2026-10-01", "2026-10-31")
        );
        let read = draft.read().unwrap();
        assert_eq!(read.range.to_ms - read.range.from_ms, 31 * 86_400_000);
        assert_eq!(read.range.to_ms, 1_793_491_200_000);
        let complaint = |change: fn(&mut BillDraft)| {
            let mut wrong = draft.clone();
            change(&mut wrong);
            wrong.read().unwrap_err()
        };
        assert!(complaint(|draft| draft.provider.clear()).contains("provider"));
        assert!(complaint(|draft| draft.last_day = "2026-09-01".into()).contains("before"));
        assert!(complaint(|draft| draft.first_day = "x".into()).contains("first day"));
        assert!(complaint(|draft| draft.text = " ".into()).contains("gpt-5,12.50"));
    }

    #[test]
    fn percentages_have_their_sign() {
        assert_eq!(percent(Some(125)), "+1.25 %");
        assert_eq!(percent(Some(-5)), "−0.05 %");
        assert_eq!(percent(Some(0)), "0.00 %");
        assert_eq!(percent(None), "–");
    }
}
