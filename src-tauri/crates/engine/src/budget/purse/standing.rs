//! Where a cap stands for one call, across all gateways: what its percentages are of.

use super::{Purse, PurseError, bounds_of};
use crate::{
    budget::{
        counted::Counted,
        period::{PeriodBounds, counted_starts, resets_text, stops_counting_ms},
    },
    store::{CapBalance, StoreError},
};
use weir_contract::NanoUsd;

/// What is used of a cap, by period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    bounds: PeriodBounds,
    /// The balance of each period that counts, oldest first.
    balances: Vec<(i64, CapBalance)>,
    /// Held here and perhaps not in the store yet.
    held: NanoUsd,
}

impl Standing {
    /// Charged.
    #[must_use]
    pub fn spent(&self) -> NanoUsd {
        self.total().spent_nanousd
    }
    /// Held for calls under way.
    #[must_use]
    pub fn reserved(&self) -> NanoUsd {
        self.total().reserved_nanousd.max(self.held)
    }
    /// Both together.
    #[must_use]
    pub fn used(&self) -> NanoUsd {
        self.spent().saturating_add(self.reserved())
    }
    /// Leased or used, whichever is more: what a new lease has no room for.
    pub(super) fn taken(&self) -> NanoUsd {
        let taken = self.balances.iter().map(|(_, balance)| taken_of(balance).0);
        NanoUsd(taken.fold(0, i64::saturating_add))
    }
    /// When at most `most` of it is left, if nothing comes to it: at the next reset, or as soon as the oldest hours of a
    /// rolling period no longer count.
    #[must_use]
    pub fn down_to_ms(&self, counted: &Counted<'_>, most: NanoUsd) -> i64 {
        let period = counted.cap.period;
        let mut left = self.taken().0;
        let mut at_ms = self.bounds.end_ms;
        for (start_ms, balance) in &self.balances {
            if left <= most.0 {
                break;
            }
            left -= taken_of(balance).0;
            at_ms = at_ms.max(stops_counting_ms(period, self.bounds, *start_ms));
        }
        at_ms
    }
    /// That moment with date, time and zone.
    #[must_use]
    pub fn in_words(counted: &Counted<'_>, at_ms: i64) -> String {
        resets_text(at_ms, &counted.cap.time_zone).unwrap_or_default()
    }

    fn total(&self) -> CapBalance {
        let balances = self.balances.iter().map(|(_, balance)| *balance);
        balances.fold(CapBalance::default(), CapBalance::plus)
    }
}

fn taken_of(balance: &CapBalance) -> NanoUsd {
    let lent = balance
        .committed_nanousd
        .saturating_add(balance.overspent_nanousd);
    lent.max(balance.used())
}

impl Purse {
    /// Reads it from the store.
    ///
    /// # Errors
    /// [`PurseError`]: the store cannot say, or the cap's time zone is unknown.
    pub async fn standing(&self, counted: &Counted<'_>, now_ms: i64) -> Result<Standing, PurseError> {
        let bounds = bounds_of(counted, now_ms)?;
        Ok(self.standing_in(counted, bounds).await?)
    }

    pub(super) async fn standing_in(
        &self,
        counted: &Counted<'_>,
        bounds: PeriodBounds,
    ) -> Result<Standing, StoreError> {
        let starts = counted_starts(counted.cap.period, bounds.start_ms);
        let balances = self.store.balances(&counted.ledger_key, starts).await?;
        Ok(Standing {
            bounds,
            balances,
            held: self.held(&counted.ledger_key, bounds.start_ms),
        })
    }
}
