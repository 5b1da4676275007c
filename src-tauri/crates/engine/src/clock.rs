//! The only place that reads the machine's clocks; everything else is handed a [`Clock`] or a plain time.

mod trusted;

pub use trusted::{Trust, TrustedClock};

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
#[cfg(not(target_os = "linux"))]
use std::time::Instant;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the engine learns the time.
pub trait Clock: Send + Sync {
    /// Wall time in UNIX milliseconds. It may jump in both directions when an operator or NTP sets the clock.
    fn now_ms(&self) -> i64;
    /// Microseconds since some fixed moment of this process. It never goes backwards: measure durations with it.
    fn monotonic_us(&self) -> u64;
    /// By how many milliseconds the machine's clock jumped, where this clock does not follow it. None when they agree.
    fn disbelieved_jump_ms(&self) -> Option<i64> {
        None
    }
}

/// The clocks of the operating system. The monotonic one counts the time in which the machine sleeps, where the system has
/// such a clock: else waking up would look like a jump of the wall clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    #[cfg(target_os = "linux")]
    origin_us: u64,
    #[cfg(not(target_os = "linux"))]
    origin: Instant,
}

#[cfg(target_os = "linux")]
fn since_boot_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let whole_us = u64::try_from(time.tv_sec).unwrap_or(0).saturating_mul(1_000_000);
    whole_us.saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000)
}

impl SystemClock {
    /// A clock whose monotonic side starts at zero now.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the machine's clocks are read"
    )]
    pub fn new() -> SystemClock {
        SystemClock {
            #[cfg(target_os = "linux")]
            origin_us: since_boot_us(),
            #[cfg(not(target_os = "linux"))]
            origin: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the machine's clocks are read"
    )]
    fn now_ms(&self) -> i64 {
        let clamp = |millis: u128| i64::try_from(millis).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => clamp(after.as_millis()),
            Err(before) => -clamp(before.duration().as_millis()),
        }
    }

    #[cfg(target_os = "linux")]
    fn monotonic_us(&self) -> u64 {
        since_boot_us().saturating_sub(self.origin_us)
    }

    #[cfg(not(target_os = "linux"))]
    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// A clock that moves only when told to, for tests and replays.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall_ms: AtomicI64,
    monotonic_us: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at this wall time, in UNIX milliseconds.
    #[must_use]
    pub fn at_ms(wall_ms: i64) -> ManualClock {
        ManualClock {
            wall_ms: AtomicI64::new(wall_ms),
            monotonic_us: AtomicU64::new(0),
        }
    }

    /// Lets this many milliseconds pass on both sides.
    pub fn advance_ms(&self, passed_ms: u32) {
        self.wall_ms.fetch_add(i64::from(passed_ms), Ordering::SeqCst);
        self.monotonic_us
            .fetch_add(u64::from(passed_ms) * 1_000, Ordering::SeqCst);
    }

    /// Sets the wall side alone, as an operator who corrects the date would; no time passes.
    pub fn set_wall_ms(&self, wall_ms: i64) {
        self.wall_ms.store(wall_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.wall_ms.load(Ordering::SeqCst)
    }
    fn monotonic_us(&self) -> u64 {
        self.monotonic_us.load(Ordering::SeqCst)
    }
}

/// Wall time that is read once and then carried on by the monotonic clock, so it can neither jump nor run
/// backwards. Rate limits, breakers and retry budgets of one process are fed with it; calendar periods are not.
#[derive(Debug, Clone, Copy)]
pub struct SteadyTime {
    wall_ms: i64,
    monotonic_us: u64,
}

impl SteadyTime {
    /// Anchored at the present of this clock.
    #[must_use]
    pub fn anchored(clock: &dyn Clock) -> SteadyTime {
        SteadyTime {
            wall_ms: clock.now_ms(),
            monotonic_us: clock.monotonic_us(),
        }
    }

    /// Milliseconds in the scale of UNIX time that only ever grow.
    #[must_use]
    pub fn now_ms(&self, clock: &dyn Clock) -> i64 {
        let passed_ms = clock.monotonic_us().saturating_sub(self.monotonic_us) / 1_000;
        self.wall_ms
            .saturating_add(i64::try_from(passed_ms).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, ManualClock, SteadyTime, SystemClock};

    #[test]
    fn the_system_clock_is_after_2024_and_its_monotonic_side_grows() {
        let clock = SystemClock::new();
        let before_us = clock.monotonic_us();
        assert!(clock.now_ms() > 1_704_067_200_000);
        while clock.monotonic_us() == before_us {
            std::hint::spin_loop();
        }
        assert!(clock.monotonic_us() > before_us);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at_ms(5_000);
        clock.advance_ms(250);
        assert_eq!((clock.now_ms(), clock.monotonic_us()), (5_250, 250_000));
        clock.set_wall_ms(-1);
        assert_eq!((clock.now_ms(), clock.monotonic_us()), (-1, 250_000));
    }

    #[test]
    fn steady_time_ignores_jumps_of_the_wall_clock() {
        let clock = ManualClock::at_ms(1_000_000);
        let steady = SteadyTime::anchored(&clock);
        clock.set_wall_ms(0);
        assert_eq!(steady.now_ms(&clock), 1_000_000);
        clock.advance_ms(7);
        assert_eq!(steady.now_ms(&clock), 1_000_007);
    }
}
