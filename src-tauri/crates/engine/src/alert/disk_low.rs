//! The database's disk is nearly full.

use super::{Finding, day_start, words::bytes};

/// How full a disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    pub free_bytes: u64,
    pub total_bytes: u64,
}

/// A finding while less than this share is free.
#[must_use]
pub fn find(disk: DiskSpace, percent_free: u8, now_ms: i64) -> Option<Finding> {
    let DiskSpace {
        free_bytes,
        total_bytes,
    } = disk;
    let is_low = u128::from(free_bytes) * 100 < u128::from(total_bytes) * u128::from(percent_free);
    is_low.then(|| Finding {
        key: "disk".to_owned(),
        window_start_ms: day_start(now_ms),
        subject: "disk".to_owned(),
        title: "The database's disk is nearly full".to_owned(),
        message: format!(
            "{} of {} are free where the database is. Everything works until it is full; then cached answers are still served, but nothing new is bought, because it could not be recorded. Free some space, or keep requests and bodies for fewer days.",
            bytes(free_bytes),
            bytes(total_bytes),
        ),
        page: "overview",
        group: String::new(),
        strength: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::{DiskSpace, find};
    use proptest::prelude::*;

    #[test]
    fn the_share_decides_and_the_amounts_are_told() {
        let disk = |free_bytes| DiskSpace {
            free_bytes,
            total_bytes: 100 << 30,
        };
        assert_eq!(find(disk(10 << 30), 10, 0), None);
        let text = find(disk((10 << 30) - 1), 10, 0).unwrap().message;
        assert!(text.contains("9 GiB") || text.contains("10239 MiB"), "{text}");
        assert!(
            text.contains("100 GiB") && text.contains("Free some space"),
            "{text}"
        );
    }

    proptest! {
        /// Less room never ends it.
        #[test]
        fn less_room_never_ends_it(total_bytes in 1..u64::MAX, free in prop::array::uniform2(0..u64::MAX), percent in 1..=100_u8) {
            let found = |free_bytes| find(DiskSpace { free_bytes, total_bytes }, percent, 0).is_some();
            let (less, more) = (free[0].min(free[1]), free[0].max(free[1]));
            prop_assert!(!found(more) || found(less));
        }
    }
}
