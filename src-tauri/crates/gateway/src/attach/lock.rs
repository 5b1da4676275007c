//! For how long a window is unlocked. Pure: times are handed in.

/// An unlock that ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lock {
    /// Wall time, for people.
    until_ms: i64,
    /// The clock that nobody can set and that counts a sleeping machine's time, for the lock itself.
    until_us: u64,
}

impl Lock {
    /// Unlocked for this long from now on.
    pub(super) fn open_for(minutes: u16, now_ms: i64, now_us: u64) -> Lock {
        Lock {
            until_ms: now_ms + i64::from(minutes) * 60_000,
            until_us: now_us + u64::from(minutes) * 60_000_000,
        }
    }

    /// Whether it has ended. A clock that is set back prolongs nothing, one that is set forward ends it.
    pub(super) fn is_over(self, now_ms: i64, now_us: u64) -> bool {
        now_us >= self.until_us || now_ms >= self.until_ms
    }

    /// When it ends, in UNIX milliseconds.
    pub(super) fn until_ms(self) -> i64 {
        self.until_ms
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;

    #[test]
    fn it_ends_by_whichever_clock_comes_first() {
        let lock = Lock::open_for(15, 1_000, 5_000_000);
        assert_eq!(lock.until_ms(), 901_000);
        assert!(!lock.is_over(1_000, 5_000_000));
        assert!(!lock.is_over(900_999, 904_999_999));
        assert!(lock.is_over(901_000, 5_000_000), "set forward");
        assert!(lock.is_over(0, 905_000_000), "set back");
    }
}
