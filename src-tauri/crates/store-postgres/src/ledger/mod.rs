//! Leases, the insert-only ledger, and the balances derived from it. Every function that moves money writes the ledger
//! row and the lease in one transaction.

mod acquire;
mod balances;
mod beyond;
mod check;
mod give_back;
mod recall;
mod recover;

use crate::{PostgresStore, gateways};
use async_trait::async_trait;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{CapBalance, LeaseKey, LeaseRecall, LeaseRequest, LeaseReturn, LedgerStore, StoreError},
};

#[async_trait]
impl LedgerStore for PostgresStore {
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<NanoUsd, StoreError> {
        self.present(acquire::acquire(self.pool(), &request)).await
    }

    async fn return_lease(
        &self,
        key: &LeaseKey,
        unspent_nanousd: NanoUsd,
    ) -> Result<LeaseReturn, StoreError> {
        self.present(give_back::give_back(self.pool(), key, unspent_nanousd))
            .await
    }

    async fn balances(
        &self,
        cap: &str,
        counted: CountedStarts,
    ) -> Result<Vec<(i64, CapBalance)>, StoreError> {
        self.present(balances::of_cap(self.pool(), cap, counted)).await
    }

    async fn balances_of(
        &self,
        wanted: &[(String, CountedStarts)],
    ) -> Result<Vec<Vec<(i64, CapBalance)>>, StoreError> {
        self.present(balances::of_caps(self.pool(), wanted)).await
    }

    async fn top_balances(
        &self,
        prefix: &str,
        counted: CountedStarts,
        most: u32,
    ) -> Result<Vec<(String, CapBalance)>, StoreError> {
        self.present(balances::top(self.pool(), prefix, counted, most))
            .await
    }

    async fn open_beyond(&self, cap: &str, counted: CountedStarts) -> Result<NanoUsd, StoreError> {
        self.present(beyond::open_beyond(self.pool(), cap, counted)).await
    }

    async fn recall_leases(
        &self,
        cap: &str,
        counted: CountedStarts,
        gateway_id: &str,
    ) -> Result<bool, StoreError> {
        self.present(recall::recall(self.pool(), cap, counted, gateway_id))
            .await
    }

    async fn recalled_leases(&self, after_seq: i64) -> Result<Vec<LeaseRecall>, StoreError> {
        self.present(recall::after(self.pool(), after_seq)).await
    }

    async fn beat(&self, gateway_id: &str, now_ms: i64) -> Result<(), StoreError> {
        self.present(gateways::beat(self.pool(), gateway_id, now_ms))
            .await
    }

    async fn recover_dead_gateways(&self, dead_before_ms: i64, now_ms: i64) -> Result<u64, StoreError> {
        self.present(recover::recover(self, dead_before_ms, now_ms)).await
    }

    async fn check_ledger(&self) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError> {
        self.present(check::check(self.pool())).await
    }
}
