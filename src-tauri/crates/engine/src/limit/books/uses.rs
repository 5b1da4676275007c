//! What one caller used at this gateway, until it has rested.

use std::collections::VecDeque;

/// Something used, by this process's monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// The first of those that count as one; `at_us` is the last of them.
    first_us: u64,
    pub(super) at_us: u64,
    pub(super) amount: i64,
    /// The book's epoch in which its slots were lent; none for a gateway's own share.
    pub(super) lent_in: Option<u64>,
}

impl Use {
    /// Uses until then are counted with it.
    fn grows_until_us(&self, rest_ms: i64) -> u64 {
        self.first_us.saturating_add(micros(rest_ms) / 512)
    }
}

/// See the module's words. Oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses(VecDeque<Use>);

impl Uses {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that rests here.
    pub(super) fn amount(&self) -> i64 {
        self.0
            .iter()
            .fold(0, |sum: i64, used| sum.saturating_add(used.amount))
    }

    /// Uses close together count as one, made at the later moment: it rests too long by a five-hundredth at most.
    pub(super) fn push(&mut self, at_us: u64, amount: i64, lent_in: Option<u64>, rest_ms: i64) {
        if amount <= 0 {
            return;
        }
        let place = self.0.partition_point(|known| known.at_us <= at_us);
        let is_last = place == self.0.len();
        if is_last
            && let Some(before) = self.0.back_mut()
            && before.lent_in == lent_in
            && at_us <= before.grows_until_us(rest_ms)
        {
            before.at_us = at_us;
            before.amount = before.amount.saturating_add(amount);
            return;
        }
        let used = Use {
            first_us: at_us,
            at_us,
            amount,
            lent_in,
        };
        self.0.insert(place, used);
    }

    /// Takes out the oldest, if it has rested.
    pub(super) fn take_rested(&mut self, rest_ms: i64, now_us: u64) -> Option<Use> {
        let is_rested = self.first_rested_at_us(rest_ms)? <= now_us;
        if is_rested { self.0.pop_front() } else { None }
    }

    /// When the oldest will have rested.
    pub(super) fn first_rested_at_us(&self, rest_ms: i64) -> Option<u64> {
        self.0
            .front()
            .map(|used| used.at_us.saturating_add(micros(rest_ms)))
    }

    /// When so many of them will have rested; none when there are fewer. For `under_way_us` see [`Uses::rests`].
    pub(super) fn rested_at_us(&self, amount: i64, rest_ms: i64, under_way_us: Option<u64>) -> Option<u64> {
        let mut rested: i64 = 0;
        let mut rests = self.rests(rest_ms, under_way_us);
        let fits = rests.find(|(_, used)| {
            rested = rested.saturating_add(used.amount);
            rested >= amount
        });
        fits.map(|(at_us, _)| at_us)
    }

    /// When those that were lent in this epoch will have rested, and how many they are. For `under_way_us` see [`Uses::rests`].
    pub(super) fn rests_of(
        &self,
        epoch: u64,
        rest_ms: i64,
        under_way_us: Option<u64>,
    ) -> impl Iterator<Item = (u64, i64)> {
        let lent = self
            .rests(rest_ms, under_way_us)
            .filter(move |(_, used)| used.lent_in == Some(epoch));
        lent.map(|(at_us, used)| (at_us, used.amount))
    }

    /// When each will have rested at the latest. Calls that are under way at `under_way_us` may be counted with the last use
    /// when they end, which then rests as long as they: who is told a time before must not come too early.
    fn rests(&self, rest_ms: i64, under_way_us: Option<u64>) -> impl Iterator<Item = (u64, &Use)> {
        let last = self.0.len().saturating_sub(1);
        self.0.iter().enumerate().map(move |(place, used)| {
            let grown_us = under_way_us
                .filter(|_| place == last)
                .map_or(used.at_us, |now_us| now_us.min(used.grows_until_us(rest_ms)));
            let from_us = used.at_us.max(grown_us);
            (from_us.saturating_add(micros(rest_ms)), used)
        })
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Use> {
        self.0.drain(..)
    }
}

pub(super) fn micros(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or(0).saturating_mul(1_000)
}

/// Whole milliseconds, rounded up, at least one.
pub(super) fn until_ms(at_us: u64, now_us: u64) -> i64 {
    i64::try_from(at_us.saturating_sub(now_us).div_ceil(1_000))
        .unwrap_or(i64::MAX)
        .max(1)
}
