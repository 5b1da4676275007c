//! Which backups are kept: a pure function of when they were made.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::HashSet;
use weir_contract::model::backup::{Backup, BackupReason};

const DAYS: usize = 7;
const WEEKS: usize = 4;
const MONTHS: usize = 12;
/// Of those before migrations.
const MIGRATIONS: usize = 5;
const DAY_MS: i64 = 86_400_000;

/// True when the daily backup is due.
#[must_use]
pub fn is_due(backups: &[Backup], now_ms: i64) -> bool {
    newest_daily_ms(backups).is_none_or(|taken_ms| now_ms.saturating_sub(taken_ms) >= DAY_MS)
}

/// True when the daily backup should have been made long ago.
#[must_use]
pub fn is_overdue(backups: &[Backup], now_ms: i64) -> bool {
    newest_daily_ms(backups).is_none_or(|taken_ms| now_ms.saturating_sub(taken_ms) >= 2 * DAY_MS)
}

fn newest_daily_ms(backups: &[Backup]) -> Option<i64> {
    let dailies = backups
        .iter()
        .filter(|backup| backup.reason == BackupReason::Daily);
    dailies.map(|backup| backup.taken_ms).max()
}

/// Those that are no longer to be kept. The newest of each of the last 7 days, 4 weeks and 12 months that have any stay,
/// by the calendar in UTC; gaps do not use up a place.
#[must_use]
pub fn superfluous(backups: &[Backup]) -> Vec<Backup> {
    let mut newest_first: Vec<&Backup> = backups.iter().collect();
    newest_first.sort_by_key(|backup| std::cmp::Reverse(backup.taken_ms));
    let (mut days, mut weeks, mut months) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut migrations = 0;
    let mut gone = Vec::new();
    for backup in newest_first {
        let keep = match backup.reason {
            BackupReason::Manual => true,
            BackupReason::Migration => {
                migrations += 1;
                migrations <= MIGRATIONS
            }
            BackupReason::Daily => match day_of(backup.taken_ms) {
                Some(day) => {
                    let week = day.iso_week_date();
                    let is_of_day = is_first(&mut days, day, DAYS);
                    let is_of_week = is_first(&mut weeks, (week.year(), week.week()), WEEKS);
                    let is_of_month = is_first(&mut months, (day.year(), day.month()), MONTHS);
                    is_of_day || is_of_week || is_of_month
                }
                // A time that no calendar has: nobody knows what it is worth.
                None => true,
            },
        };
        if !keep {
            gone.push(backup.clone());
        }
    }
    gone
}

/// True for the first of its bucket, as long as there are places.
fn is_first<T: std::hash::Hash + Eq>(seen: &mut HashSet<T>, bucket: T, places: usize) -> bool {
    seen.len() < places && seen.insert(bucket)
}

fn day_of(ms: i64) -> Option<Date> {
    let moment = Timestamp::from_millisecond(ms).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::{Backup, BackupReason, DAY_MS, is_due, is_overdue, superfluous};
    use proptest::prelude::*;

    fn backup(taken_ms: i64, reason: BackupReason) -> Backup {
        Backup {
            path: taken_ms.to_string(),
            taken_ms,
            bytes: 1,
            reason,
        }
    }

    /// 2026-01-01 00:00 UTC.
    const START_MS: i64 = 1_767_225_600_000;

    #[test]
    fn two_years_of_days_leave_seven_four_and_twelve() {
        let mut kept: Vec<Backup> = Vec::new();
        for day in 0..730 {
            kept.push(backup(START_MS + day * DAY_MS + 3_600_000, BackupReason::Daily));
            let gone = superfluous(&kept);
            kept.retain(|one| !gone.contains(one));
            assert!(kept.len() <= 7 + 4 + 12, "day {day}: {}", kept.len());
        }
        let ages: Vec<i64> = kept
            .iter()
            .rev()
            .map(|one| (START_MS + 730 * DAY_MS - one.taken_ms) / DAY_MS)
            .collect();
        assert_eq!(&ages[..7], &[0, 1, 2, 3, 4, 5, 6]);
        // 2027-12-31 was the last day: the ends of the weeks before, and of the eleven months before.
        assert!(ages.iter().any(|age| (7..=33).contains(age)));
        assert!(*ages.last().unwrap() >= 330, "eleven months back: {ages:?}");
        assert_eq!(ages.iter().filter(|age| **age > 33).count(), 10, "{ages:?}");
    }

    #[test]
    fn what_somebody_made_stays_and_migrations_are_few() {
        let mut all: Vec<Backup> = (0..9).map(|n| backup(n, BackupReason::Migration)).collect();
        all.extend((0..40).map(|n| backup(n, BackupReason::Manual)));
        let gone = superfluous(&all);
        assert_eq!(gone.len(), 4);
        assert!(
            gone.iter()
                .all(|one| one.reason == BackupReason::Migration && one.taken_ms < 4)
        );
    }

    #[test]
    fn a_day_later_it_is_due() {
        let one = [
            backup(START_MS, BackupReason::Daily),
            backup(START_MS + DAY_MS, BackupReason::Manual),
        ];
        assert!(is_due(&[], START_MS) && is_overdue(&[], START_MS));
        assert!(!is_due(&one, START_MS + DAY_MS - 1) && is_due(&one, START_MS + DAY_MS));
        assert!(!is_overdue(&one, START_MS + DAY_MS) && is_overdue(&one, START_MS + 2 * DAY_MS));
    }

    proptest! {
        #[test]
        fn the_newest_always_stays(times in proptest::collection::vec(0_i64..4_000_000_000_000, 1..60)) {
            let all: Vec<Backup> = times.iter().map(|ms| backup(*ms, BackupReason::Daily)).collect();
            let gone = superfluous(&all);
            let newest = times.iter().max().unwrap();
            prop_assert!(gone.iter().all(|one| one.taken_ms < *newest));
            // Thinning out again takes nothing more.
            let kept: Vec<Backup> = all.into_iter().filter(|one| !gone.contains(one)).collect();
            prop_assert!(superfluous(&kept).len() < times.len() - gone.len());
        }
    }
}
