//! Leases, the insert-only ledger, and the balances derived from it. Every function that moves money writes the ledger
//! row, the balance and the lease in one transaction.

mod acquire;
mod balances;
mod beyond;
pub(crate) mod check;
pub(crate) mod correct;
mod give_back;
mod recall;
mod recover;

use crate::{SqliteStore, gateways::Beat};
use async_trait::async_trait;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{CapBalance, LeaseKey, LeaseRecall, LeaseRequest, LeaseReturn, LedgerStore, StoreError},
};

#[async_trait]
impl LedgerStore for SqliteStore {
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<NanoUsd, StoreError> {
        self.write(acquire::Acquire(request)).await
    }

    async fn return_lease(
        &self,
        key: &LeaseKey,
        unspent_nanousd: NanoUsd,
    ) -> Result<LeaseReturn, StoreError> {
        let key = key.clone();
        self.write(give_back::GiveBack { key, unspent_nanousd }).await
    }

    async fn balances(
        &self,
        cap: &str,
        counted: CountedStarts,
    ) -> Result<Vec<(i64, CapBalance)>, StoreError> {
        balances::of_cap(self.readers(), cap, counted).await
    }

    async fn top_balances(
        &self,
        prefix: &str,
        counted: CountedStarts,
        most: u32,
    ) -> Result<Vec<(String, CapBalance)>, StoreError> {
        balances::top(self.readers(), prefix, counted, most).await
    }

    async fn open_beyond(&self, cap: &str, counted: CountedStarts) -> Result<NanoUsd, StoreError> {
        beyond::open_beyond(self.readers(), cap, counted).await
    }

    async fn recall_leases(
        &self,
        cap: &str,
        counted: CountedStarts,
        gateway_id: &str,
    ) -> Result<bool, StoreError> {
        let (cap, gateway_id) = (cap.to_owned(), gateway_id.to_owned());
        self.write(recall::Recall {
            cap,
            counted,
            gateway_id,
        })
        .await
    }

    async fn recalled_leases(&self, after_seq: i64) -> Result<Vec<LeaseRecall>, StoreError> {
        recall::after(self.readers(), after_seq).await
    }

    async fn beat(&self, gateway_id: &str, now_ms: i64) -> Result<(), StoreError> {
        let gateway_id = gateway_id.to_owned();
        self.write(Beat { gateway_id, now_ms }).await
    }

    async fn recover_dead_gateways(&self, dead_before_ms: i64, now_ms: i64) -> Result<u64, StoreError> {
        self.write(recover::Recover {
            dead_before_ms,
            now_ms,
        })
        .await
    }

    async fn check_ledger(&self) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError> {
        check::check(self.readers()).await
    }
}
