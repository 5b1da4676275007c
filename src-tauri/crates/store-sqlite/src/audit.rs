//! Looking the ledger over: corrections, kept checks, and providers' bills as they were imported.

use crate::{
    SqliteStore,
    changes::append,
    error::{from_sqlx, inconsistent},
    ledger::{
        check::{self, SaveCheck},
        correct::Correct,
    },
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::{
    NanoUsd,
    model::{
        ledger::{Bill, BillFormat, BilledModel, LedgerCheck},
        time::TimeRange,
    },
};
use weir_engine::{
    change::{Act, Subject},
    store::{AuditStore, BoughtModel, CorrectionOutcome, CorrectionRequest, StoreError},
};

/// The columns of `bills`.
struct StoredBill {
    id: String,
    provider: String,
    format: String,
    from_ms: i64,
    to_ms: i64,
    total_nanousd: i64,
    who: String,
    imported_ms: i64,
}

impl TryFrom<StoredBill> for Bill {
    type Error = StoreError;

    fn try_from(stored: StoredBill) -> Result<Bill, StoreError> {
        let format = BillFormat::parse(&stored.format)
            .ok_or_else(|| inconsistent("bills", "format", &stored.id, "it is none of its values"))?;
        Ok(Bill {
            id: stored.id,
            provider: stored.provider,
            format,
            range: TimeRange {
                from_ms: stored.from_ms,
                to_ms: stored.to_ms,
            },
            total_nanousd: NanoUsd(stored.total_nanousd),
            who: stored.who,
            imported_ms: stored.imported_ms,
        })
    }
}

#[async_trait]
impl AuditStore for SqliteStore {
    async fn correct_request(
        &self,
        correction: CorrectionRequest,
        act: &Act,
    ) -> Result<CorrectionOutcome, StoreError> {
        self.write(Correct {
            asked: correction,
            act: act.clone(),
        })
        .await
    }

    async fn save_ledger_check(&self, check: &LedgerCheck) -> Result<(), StoreError> {
        self.write(SaveCheck(check.clone())).await
    }

    async fn last_ledger_check(&self) -> Result<Option<LedgerCheck>, StoreError> {
        check::last(self.readers()).await
    }

    async fn insert_bill(&self, bill: &Bill, models: &[BilledModel], act: &Act) -> Result<(), StoreError> {
        self.write(Insert {
            bill: bill.clone(),
            models: models.to_vec(),
            act: act.clone(),
        })
        .await
    }

    async fn list_bills(&self) -> Result<Vec<Bill>, StoreError> {
        let stored = sqlx::query_as!(
            StoredBill,
            "SELECT * FROM bills ORDER BY imported_ms DESC, id DESC LIMIT 200"
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        stored.into_iter().map(Bill::try_from).collect()
    }

    async fn get_bill(&self, id: &str) -> Result<Option<(Bill, Vec<BilledModel>)>, StoreError> {
        let Some(stored) = sqlx::query_as!(StoredBill, "SELECT * FROM bills WHERE id = ?", id)
            .fetch_optional(self.readers())
            .await
            .map_err(from_sqlx)?
        else {
            return Ok(None);
        };
        let models = sqlx::query!(
            "SELECT model, amount_nanousd, lines FROM bill_models WHERE bill_id = ? ORDER BY model",
            id
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?
        .into_iter()
        .map(|row| BilledModel {
            model: row.model,
            amount_nanousd: NanoUsd(row.amount_nanousd),
            lines: u32::try_from(row.lines).unwrap_or(u32::MAX),
        });
        Ok(Some((stored.try_into()?, models.collect())))
    }

    async fn bought_models(&self, provider: &str, range: TimeRange) -> Result<Vec<BoughtModel>, StoreError> {
        let rows = sqlx::query!(
            "SELECT model, count(*) AS \"requests!: i64\", sum(cost_nanousd) AS \"cost!: i64\",
                    sum(CASE cost_basis WHEN 'unsettled' THEN cost_nanousd ELSE 0 END) AS \"unsettled!: i64\"
             FROM requests
             WHERE started_ms >= ? AND started_ms < ? AND provider = ? AND cost_basis <> 'free'
             GROUP BY model ORDER BY model",
            range.from_ms,
            range.to_ms,
            provider
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        let models = rows.into_iter().map(|row| BoughtModel {
            model: row.model,
            requests: row.requests,
            cost_nanousd: NanoUsd(row.cost),
            unsettled_nanousd: NanoUsd(row.unsettled),
        });
        Ok(models.collect())
    }

    async fn oldest_request_ms(&self) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar!("SELECT min(started_ms) AS \"oldest: i64\" FROM requests")
            .fetch_one(self.readers())
            .await
            .map_err(from_sqlx)
    }
}

/// A bill and its models.
struct Insert {
    bill: Bill,
    models: Vec<BilledModel>,
    act: Act,
}

#[async_trait]
impl Operation for Insert {
    type Reply = ();
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let bill = &self.bill;
        let format = bill.format.as_str();
        sqlx::query!(
            "INSERT INTO bills (id, provider, format, from_ms, to_ms, total_nanousd, who, imported_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            bill.id,
            bill.provider,
            format,
            bill.range.from_ms,
            bill.range.to_ms,
            bill.total_nanousd.0,
            bill.who,
            bill.imported_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        for one in &self.models {
            sqlx::query!(
                "INSERT INTO bill_models (bill_id, model, amount_nanousd, lines) VALUES (?, ?, ?, ?)",
                bill.id,
                one.model,
                one.amount_nanousd.0,
                one.lines
            )
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        }
        let after =
            serde_json::json!({"provider": bill.provider, "total_nanousd": bill.total_nanousd.0}).to_string();
        let subject = Subject {
            kind: "bill",
            name: &bill.id,
            before: None,
            after: Some(&after),
            config_version: None,
        };
        append(connection, &self.act, subject, None).await?;
        Ok(())
    }
}
