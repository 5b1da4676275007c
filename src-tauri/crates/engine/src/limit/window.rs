//! One caller's sliding log: literally "at most N in any window of W".
//!
//! The log keeps when requests were admitted, not a refilling bucket: a bucket with burst N lets almost 2 N through in
//! one window. A request leaves the log one millisecond after its window, because times are cut to milliseconds and
//! two requests W apart on paper may be a little closer in truth.

use std::collections::VecDeque;

/// This many entries are kept one by one. Beyond them, requests less than 1/512 of the window apart share an entry that
/// goes when its last request may. That bounds a log at about 1,000 entries (25 KiB) whatever the limit, and gives away
/// at most 1/512 of the allowed traffic of limits above 512.
const MOST_GROUPS: usize = 512;

/// The answer for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Counted. `remaining` more would pass now; `reset_ms` from now the oldest counted one leaves the window.
    Admitted { remaining: u64, reset_ms: i64 },
    /// Not counted. The same request passes after `retry_after_ms`, if nobody else of this caller takes the place.
    Refused { retry_after_ms: i64, reset_ms: i64 },
}

/// Requests admitted so close together that they are remembered as one entry.
#[derive(Debug, Clone, Copy)]
struct Group {
    first_ms: i64,
    last_ms: i64,
    count: u64,
}

/// The admitted requests of one caller under one limit. Times are UNIX milliseconds and are handed in; one before the
/// latest seen counts as the latest, so a clock set back gives nothing away.
#[derive(Debug, Clone, Default)]
pub struct SlidingLog {
    groups: VecDeque<Group>,
    count: u64,
    seen_ms: Option<i64>,
}

impl SlidingLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> SlidingLog {
        SlidingLog::default()
    }

    /// Looks whether `weight` more would pass, without counting them.
    pub fn check(&mut self, max: u64, window_ms: i64, weight: u64, now_ms: i64) -> Admission {
        let at_ms = self.advance(window_ms, now_ms);
        let wanted = self.count.saturating_add(weight);
        let reset_ms = self.reset_ms(window_ms, now_ms);
        if wanted <= max {
            let remaining = max - wanted;
            return Admission::Admitted { remaining, reset_ms };
        }
        if weight > max {
            // It will never pass; a whole window is the honest "not soon".
            return Admission::Refused {
                retry_after_ms: window_ms.saturating_add(1),
                reset_ms,
            };
        }
        let mut surplus = wanted - max;
        let mut free_ms = at_ms;
        for group in &self.groups {
            free_ms = leaves_ms(group, window_ms);
            surplus = surplus.saturating_sub(group.count);
            if surplus == 0 {
                break;
            }
        }
        Admission::Refused {
            // Measured from the time the caller's clock shows, so that waiting on that clock is enough.
            retry_after_ms: free_ms.saturating_sub(now_ms).max(1),
            reset_ms,
        }
    }

    /// Counts `weight` at this time. Call it only after [`SlidingLog::check`] admitted the same.
    pub fn count(&mut self, window_ms: i64, weight: u64, now_ms: i64) {
        let at_ms = self.advance(window_ms, now_ms);
        self.count = self.count.saturating_add(weight);
        let share_ms = window_ms / 512;
        if self.groups.len() >= MOST_GROUPS
            && let Some(last) = self.groups.back_mut()
            && at_ms.saturating_sub(last.first_ms) <= share_ms
        {
            last.last_ms = at_ms;
            last.count = last.count.saturating_add(weight);
            return;
        }
        self.groups.push_back(Group {
            first_ms: at_ms,
            last_ms: at_ms,
            count: weight,
        });
    }

    /// Admits and counts one request, or refuses it.
    pub fn admit(&mut self, max: u64, window_ms: i64, now_ms: i64) -> Admission {
        let answer = self.check(max, window_ms, 1, now_ms);
        let Admission::Admitted { remaining, .. } = answer else {
            return answer;
        };
        self.count(window_ms, 1, now_ms);
        Admission::Admitted {
            remaining,
            reset_ms: self.reset_ms(window_ms, now_ms),
        }
    }

    /// Requests in the window that ends now.
    pub fn used(&mut self, window_ms: i64, now_ms: i64) -> u64 {
        self.advance(window_ms, now_ms);
        self.count
    }

    /// Milliseconds until the oldest counted request leaves the window; 0 when there is none.
    #[must_use]
    pub fn reset_ms(&self, window_ms: i64, now_ms: i64) -> i64 {
        self.groups.front().map_or(0, |group| {
            leaves_ms(group, window_ms).saturating_sub(now_ms).max(0)
        })
    }

    /// Lets go of what has left the window, and tells the time it counts with.
    fn advance(&mut self, window_ms: i64, now_ms: i64) -> i64 {
        let at_ms = self.seen_ms.map_or(now_ms, |seen_ms| seen_ms.max(now_ms));
        self.seen_ms = Some(at_ms);
        while let Some(group) = self.groups.front() {
            if leaves_ms(group, window_ms) > at_ms {
                break;
            }
            self.count = self.count.saturating_sub(group.count);
            self.groups.pop_front();
        }
        at_ms
    }

    #[cfg(test)]
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }
}

/// The first moment at which a group no longer counts.
fn leaves_ms(group: &Group, window_ms: i64) -> i64 {
    group.last_ms.saturating_add(window_ms).saturating_add(1)
}
