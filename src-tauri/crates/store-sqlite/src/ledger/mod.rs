//! Leases, the insert-only ledger, and the balances derived from it. Every function that moves money writes the ledger
//! row, the balance and the lease in one transaction.

mod acquire;
mod balances;
mod check;
mod give_back;
mod recover;

use crate::{SqliteStore, error::from_sqlx, gateways::Beat};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{CapBalance, LeaseKey, LeaseRequest, LeaseReturn, LedgerStore, StoreError},
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

/// Holds money of a lease for a call.
pub(crate) async fn hold(
    connection: &mut SqliteConnection,
    lease: &LeaseKey,
    amount_nanousd: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO cap_balances (cap, period_start_ms, reserved_nanousd) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET reserved_nanousd = reserved_nanousd + excluded.reserved_nanousd;
         UPDATE leases SET reserved_nanousd = reserved_nanousd + ?
         WHERE cap = ? AND period_start_ms = ? AND lease_id = ?",
        lease.cap,
        lease.period_start_ms,
        amount_nanousd,
        amount_nanousd,
        lease.cap,
        lease.period_start_ms,
        lease.lease_id
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// Holds it no longer.
pub(crate) async fn release(
    connection: &mut SqliteConnection,
    lease: &LeaseKey,
    amount_nanousd: i64,
) -> Result<(), StoreError> {
    // A lease that was acquired after the reservation never held it; hence max().
    sqlx::query!(
        "UPDATE cap_balances SET reserved_nanousd = reserved_nanousd - ? WHERE cap = ? AND period_start_ms = ?;
         UPDATE leases SET reserved_nanousd = max(reserved_nanousd - ?, 0)
         WHERE cap = ? AND period_start_ms = ? AND lease_id = ?",
        amount_nanousd,
        lease.cap,
        lease.period_start_ms,
        amount_nanousd,
        lease.cap,
        lease.period_start_ms,
        lease.lease_id
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// Spends money of a lease.
pub(crate) async fn charge(
    connection: &mut SqliteConnection,
    lease: &LeaseKey,
    reservation_id: &str,
    amount_nanousd: i64,
    settled: bool,
    at_ms: i64,
) -> Result<(), StoreError> {
    let unsettled_nanousd = if settled { 0 } else { amount_nanousd };
    sqlx::query!(
        "INSERT INTO ledger (kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms)
         VALUES ('charge', ?, ?, ?, ?, ?, ?, ?);
         INSERT INTO cap_balances (cap, period_start_ms, spent_nanousd, unsettled_nanousd) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET spent_nanousd = spent_nanousd + excluded.spent_nanousd,
             unsettled_nanousd = unsettled_nanousd + excluded.unsettled_nanousd;
         UPDATE leases SET spent_nanousd = spent_nanousd + ?
         WHERE cap = ? AND period_start_ms = ? AND lease_id = ?",
        lease.cap,
        lease.period_start_ms,
        lease.lease_id,
        reservation_id,
        amount_nanousd,
        settled,
        at_ms,
        lease.cap,
        lease.period_start_ms,
        amount_nanousd,
        unsettled_nanousd,
        amount_nanousd,
        lease.cap,
        lease.period_start_ms,
        lease.lease_id
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
