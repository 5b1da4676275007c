//! Fetching a lease from the store when the book in hand has too little.

use super::{BookKey, NO_BOUND, Part, Purse, PurseError, Standing};
use crate::{
    budget::{
        counted::Counted,
        lease::LeaseId,
        lease_size::{LeaseSize, next_lease_size},
        period::{PeriodBounds, counted_starts},
    },
    store::{LeaseRequest, StoreError},
};
use weir_contract::{NanoUsd, model::cap::CapPeriod};

/// What came of fetching.
pub(super) enum Fetched {
    Held(Part),
    /// The turn ended meanwhile, so that another lease is wanted.
    TurnEnded,
    /// The store has too little left to lend.
    Short,
}

impl Purse {
    /// Fetches a lease and holds `amount` of it in one step: between two, the end of the period could give it back again.
    pub(super) async fn fetch_lease(
        &self,
        counted: &Counted<'_>,
        bounds: &PeriodBounds,
        amount: NanoUsd,
        now_ms: i64,
    ) -> Result<Fetched, PurseError> {
        let (key, free) = {
            let books = self.books();
            let key = books.key(counted, bounds);
            let free = books.by_key.get(&key).map_or(0, |book| book.ledger.free());
            (key, free)
        };
        let need = (amount.0 - free).max(0);
        let want = match self.lease_size(counted, bounds, need).await? {
            LeaseSize::Take(want) => want,
            LeaseSize::Short { .. } => return Ok(Fetched::Short),
        };
        let granted = self
            .store
            .acquire_lease(self.wish(counted, bounds, &key, (need, want), now_ms))
            .await?;
        let held = {
            let mut books = self.books();
            let book = books.by_key.entry(key.clone()).or_default();
            // The store keeps one lease for each gateway, cap, period and turn, so the book does too.
            book.ledger.grant(granted.0, LeaseId(0));
            if books.fence.turn() != key.turn {
                return Ok(Fetched::TurnEnded);
            }
            books.reserve(key, amount)
        };
        Ok(held.map_or(Fetched::Short, Fetched::Held))
    }

    /// How much to ask for. A cap that bounds nothing lends slices of the same size at any time.
    async fn lease_size(
        &self,
        counted: &Counted<'_>,
        bounds: &PeriodBounds,
        need: i64,
    ) -> Result<LeaseSize, StoreError> {
        let limit = counted.cap.limit_nanousd;
        let Some(bound) = counted.bound() else {
            return Ok(LeaseSize::Take(need.max(limit.0 / 50)));
        };
        let is_lean = self.is_lean(&counted.ledger_key);
        let size = |standing: &Standing| {
            let remaining = bound.saturating_sub(standing.taken());
            match next_lease_size(bound.0, remaining.0, need) {
                LeaseSize::Take(_) if is_lean => LeaseSize::Take(need),
                size => size,
            }
        };
        let first = size(&self.standing_in(counted, *bounds).await?);
        match (first, counted.cap.period) {
            // What this gateway has not spent of the hours before still counts in them.
            (LeaseSize::Short { .. }, CapPeriod::RollingHours(_)) => {
                self.return_past(&counted.ledger_key, bounds.start_ms).await?;
                Ok(size(&self.standing_in(counted, *bounds).await?))
            }
            _ => Ok(first),
        }
    }

    fn wish(
        &self,
        counted: &Counted<'_>,
        bounds: &PeriodBounds,
        key: &BookKey,
        (need, want): (i64, i64),
        now_ms: i64,
    ) -> LeaseRequest {
        LeaseRequest {
            key: key.lease_key(&self.gateway_id),
            gateway_id: self.gateway_id.to_string(),
            limit_nanousd: counted.bound().unwrap_or(NO_BOUND),
            need_nanousd: NanoUsd(need),
            want_nanousd: NanoUsd(want),
            now_ms,
            counted: counted_starts(counted.cap.period, bounds.start_ms),
        }
    }
}

/// The refusal where the cap stands so and has so much reserved.
pub(super) fn cap_reached(
    counted: &Counted<'_>,
    standing: &Standing,
    reserved: NanoUsd,
    need: NanoUsd,
) -> PurseError {
    let limit = counted.bound().unwrap_or(NO_BOUND);
    let resets_ms = standing.down_to_ms(counted, limit.saturating_sub(need));
    let named = standing.spent().saturating_add(reserved);
    PurseError::CapReached {
        cap: counted.cap.name.clone(),
        whose: counted.in_words(),
        limit,
        spent: standing.spent(),
        reserved,
        lent: standing.taken().saturating_sub(named).max(NanoUsd::ZERO),
        need,
        resets_ms,
        resets_text: Standing::in_words(counted, resets_ms),
    }
}
