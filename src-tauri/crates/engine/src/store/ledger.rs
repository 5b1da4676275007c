//! What the engine asks of money: leases, charges, balances.

use super::StoreError;
use crate::budget::period::CountedStarts;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use weir_contract::NanoUsd;

/// A share of a cap's money, held by one gateway for one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseKey {
    pub cap: String,
    pub period_start_ms: i64,
    pub lease_id: String,
}

/// What an open reservation holds of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLease {
    #[serde(flatten)]
    pub key: LeaseKey,
    /// None: all that the reservation holds.
    pub amount_nanousd: Option<NanoUsd>,
}

impl From<LeaseKey> for HeldLease {
    fn from(key: LeaseKey) -> HeldLease {
        HeldLease {
            key,
            amount_nanousd: None,
        }
    }
}

/// A cap whose money a gateway is short of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRecall {
    /// Rises with every recall.
    pub seq: i64,
    /// The cap's name in the ledger.
    pub cap: String,
    /// Who asks.
    pub gateway_id: String,
}

/// Where a cap stands in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapBalance {
    /// Charged, settled or not.
    pub spent_nanousd: NanoUsd,
    /// Of that, by estimate.
    pub unsettled_nanousd: NanoUsd,
    /// Held by open reservations.
    pub reserved_nanousd: NanoUsd,
    /// Granted to gateways' leases and not given back, spent or not; never above the limit.
    pub committed_nanousd: NanoUsd,
    /// Spent or held by leases beyond what they were granted, because calls cost more than was held for them.
    pub overspent_nanousd: NanoUsd,
}

impl CapBalance {
    /// Spent and reserved together: what a cap's percentages are of.
    #[must_use]
    pub fn used(&self) -> NanoUsd {
        self.spent_nanousd.saturating_add(self.reserved_nanousd)
    }
    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: CapBalance) -> CapBalance {
        CapBalance {
            spent_nanousd: self.spent_nanousd.saturating_add(other.spent_nanousd),
            unsettled_nanousd: self.unsettled_nanousd.saturating_add(other.unsettled_nanousd),
            reserved_nanousd: self.reserved_nanousd.saturating_add(other.reserved_nanousd),
            committed_nanousd: self.committed_nanousd.saturating_add(other.committed_nanousd),
            overspent_nanousd: self.overspent_nanousd.saturating_add(other.overspent_nanousd),
        }
    }
}

/// A gateway's wish for a share of a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    pub key: LeaseKey,
    pub gateway_id: String,
    pub limit_nanousd: NanoUsd,
    /// Least that is of use; granted whole or not at all.
    pub need_nanousd: NanoUsd,
    /// Most that is wished for.
    pub want_nanousd: NanoUsd,
    pub now_ms: i64,
    /// Periods whose starts lie in here count together against the limit; just this one's own for a calendar period.
    pub counted: CountedStarts,
}

/// What came of returning money of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeaseReturn {
    /// What the lease had left, at most what was offered.
    pub taken_nanousd: NanoUsd,
    /// Still held by open reservations of this lease; what they leave unspent can be returned later.
    pub reserved_nanousd: NanoUsd,
}

/// The ledger: leases, charges, balances. Rows are only ever inserted; balances are derived and can be re-derived.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// Grants between `need` and `want` in one conditional statement, fully synced to disk; 0 when the cap has no room in
    /// the periods that count together.
    /// The same lease id again adds to that lease.
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<NanoUsd, StoreError>;
    /// Gives back unspent money of a lease, at most what it has beyond charges and open reservations.
    async fn return_lease(&self, key: &LeaseKey, unspent_nanousd: NanoUsd)
    -> Result<LeaseReturn, StoreError>;
    /// Where a cap stands in one period; nothing where it was never used.
    async fn balance(&self, cap: &str, period_start_ms: i64) -> Result<CapBalance, StoreError> {
        let found = self.balances(cap, CountedStarts::only(period_start_ms)).await?;
        Ok(found.first().map(|(_, balance)| *balance).unwrap_or_default())
    }
    /// Where a cap stands in each of these periods in which it was used, with the period's start, oldest first.
    async fn balances(&self, cap: &str, counted: CountedStarts)
    -> Result<Vec<(i64, CapBalance)>, StoreError>;
    /// The same of several caps, in the order in which they are asked for.
    async fn balances_of(
        &self,
        wanted: &[(String, CountedStarts)],
    ) -> Result<Vec<Vec<(i64, CapBalance)>>, StoreError> {
        let mut found = Vec::new();
        for (cap, counted) in wanted {
            found.push(self.balances(cap, *counted).await?);
        }
        Ok(found)
    }
    /// The caps whose name begins with `prefix`, their balances of these periods summed up, the largest spend first.
    async fn top_balances(
        &self,
        prefix: &str,
        counted: CountedStarts,
        most: u32,
    ) -> Result<Vec<(String, CapBalance)>, StoreError>;
    /// How far the calls under way may lead beyond what is held for them: over all open reservations that count against the
    /// cap in these periods, the sum of their hard bounds without what the cap holds for them. 0 for a strict cap.
    async fn open_beyond(&self, cap: &str, counted: CountedStarts) -> Result<NanoUsd, StoreError>;
    /// Asks the other gateways to give back what they hold free of a cap. False, and nobody is asked, where no living gateway
    /// but this one has unspent money of it.
    async fn recall_leases(
        &self,
        cap: &str,
        counted: CountedStarts,
        gateway_id: &str,
    ) -> Result<bool, StoreError>;
    /// The recalls after this one, oldest first. Of several for one cap only the last is kept, and old ones go.
    async fn recalled_leases(&self, after_seq: i64) -> Result<Vec<LeaseRecall>, StoreError>;
    /// This gateway lives. Also the place where it first becomes known.
    async fn beat(&self, gateway_id: &str, now_ms: i64) -> Result<(), StoreError>;
    /// For gateways without a beat since `dead_before_ms`: charges each open reservation, unsettled, at its reserved amount
    /// (writing its request row), returns the rest of their leases, forgets them. Returns how many reservations were charged.
    async fn recover_dead_gateways(&self, dead_before_ms: i64, now_ms: i64) -> Result<u64, StoreError>;
    /// Caps and periods where the ledger's sum and the balance differ, with both; empty is healthy.
    async fn check_ledger(&self) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError>;
}
