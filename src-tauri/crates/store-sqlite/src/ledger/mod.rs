//! Leases, the insert-only ledger, and the balances derived from it. Every function that moves money writes the ledger
//! row, the balance and the lease in one transaction.

mod acquire;
mod check;
mod give_back;
mod recover;

use crate::{SqliteStore, error::from_sqlx, gateways::Beat};
use async_trait::async_trait;
use weir_contract::NanoUsd;
use weir_engine::store::{CapBalance, LeaseKey, LeaseRequest, LeaseReturn, LedgerStore, StoreError};

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

    async fn balance(&self, cap: &str, period_start_ms: i64) -> Result<CapBalance, StoreError> {
        let found = sqlx::query!(
            "SELECT spent_nanousd, unsettled_nanousd, reserved_nanousd, committed_nanousd
             FROM cap_balances WHERE cap = ? AND period_start_ms = ?",
            cap,
            period_start_ms
        )
        .fetch_optional(self.readers())
        .await
        .map_err(from_sqlx)?;
        Ok(found.map_or_else(CapBalance::default, |row| CapBalance {
            spent_nanousd: NanoUsd(row.spent_nanousd),
            unsettled_nanousd: NanoUsd(row.unsettled_nanousd),
            reserved_nanousd: NanoUsd(row.reserved_nanousd),
            committed_nanousd: NanoUsd(row.committed_nanousd),
        }))
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
