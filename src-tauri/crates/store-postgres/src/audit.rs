//! Looking the ledger over: corrections, kept checks, and providers' bills as they were imported.

use crate::{PostgresStore, error::inconsistent, requests::started_ms_of, text::storable};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use weir_contract::{
    NanoUsd,
    model::{
        ledger::{Bill, BillFormat, BilledModel, LedgerCheck, MovedBalance},
        time::TimeRange,
    },
};
use weir_engine::{
    change::{Act, Subject},
    store::{AuditStore, BoughtModel, CorrectionOutcome, CorrectionRequest, StoreError},
};

const CHECKS_KEPT_MS: i64 = 30 * 86_400_000;

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

/// What moved, as the function `correct_request` says it.
#[derive(Deserialize)]
struct Moved {
    cap: String,
    period_start_ms: i64,
    change_nanousd: i64,
}

/// A bill's model, as the function `add_bill` reads it.
#[derive(Serialize)]
struct GivenModel<'a> {
    model: Cow<'a, str>,
    amount_nanousd: i64,
    lines: u32,
}

#[async_trait]
impl AuditStore for PostgresStore {
    async fn correct_request(
        &self,
        correction: CorrectionRequest,
        act: &Act,
    ) -> Result<CorrectionOutcome, StoreError> {
        correct(self, &correction, act).await
    }

    async fn save_ledger_check(&self, check: &LedgerCheck) -> Result<(), StoreError> {
        let mismatches = serde_json::to_string(&check.mismatches)
            .map_err(|error| inconsistent("ledger_checks", "mismatches", "new", error))?;
        self.asked(
            sqlx::query!(
                "SELECT save_ledger_check($1, $2, $3)",
                check.at_ms,
                mismatches,
                check.at_ms.saturating_sub(CHECKS_KEPT_MS)
            )
            .execute(self.pool()),
        )
        .await
        .map(|_| ())
    }

    async fn last_ledger_check(&self) -> Result<Option<LedgerCheck>, StoreError> {
        let kept = self
            .asked(
                sqlx::query!("SELECT at_ms, mismatches FROM ledger_checks ORDER BY at_ms DESC LIMIT 1")
                    .fetch_optional(self.pool()),
            )
            .await?;
        let Some(kept) = kept else { return Ok(None) };
        let mismatches = serde_json::from_str(&kept.mismatches)
            .map_err(|error| inconsistent("ledger_checks", "mismatches", &kept.at_ms.to_string(), error))?;
        Ok(Some(LedgerCheck {
            at_ms: kept.at_ms,
            mismatches,
        }))
    }

    async fn insert_bill(&self, bill: &Bill, models: &[BilledModel], act: &Act) -> Result<(), StoreError> {
        let models: Vec<_> = models
            .iter()
            .map(|one| GivenModel {
                model: storable(&one.model),
                amount_nanousd: one.amount_nanousd.0,
                lines: one.lines,
            })
            .collect();
        let models = serde_json::to_string(&models)
            .map_err(|error| inconsistent("bill_models", "model", &bill.id, error))?;
        let after =
            serde_json::json!({"provider": bill.provider, "total_nanousd": bill.total_nanousd.0}).to_string();
        let subject = Subject {
            kind: "bill",
            name: &bill.id,
            before: None,
            after: Some(&after),
            config_version: None,
        };
        let said = self.said(act, subject).await?;
        self.asked(
            sqlx::query!(
                "SELECT add_bill($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                storable(&bill.id).into_owned(),
                storable(&bill.provider).into_owned(),
                bill.format.as_str(),
                bill.range.from_ms,
                bill.range.to_ms,
                bill.total_nanousd.0,
                storable(&bill.who).into_owned(),
                bill.imported_ms,
                models,
                said
            )
            .execute(self.pool()),
        )
        .await
        .map(|_| ())
    }

    async fn list_bills(&self) -> Result<Vec<Bill>, StoreError> {
        let stored = self
            .asked(
                sqlx::query_as!(
                    StoredBill,
                    "SELECT id, provider, format, from_ms, to_ms, total_nanousd, who, imported_ms
             FROM bills ORDER BY imported_ms DESC, id DESC LIMIT 200"
                )
                .fetch_all(self.pool()),
            )
            .await?;
        stored.into_iter().map(Bill::try_from).collect()
    }

    async fn get_bill(&self, id: &str) -> Result<Option<(Bill, Vec<BilledModel>)>, StoreError> {
        let id = storable(id).into_owned();
        let Some(stored) = self.asked(
sqlx::query_as!(
            StoredBill,
            "SELECT id, provider, format, from_ms, to_ms, total_nanousd, who, imported_ms FROM bills WHERE id = $1",
            id
        ).fetch_optional(self.pool())).await?
        else {
            return Ok(None);
        };
        let models = self
            .asked(
                sqlx::query!(
                    "SELECT model, amount_nanousd, lines FROM bill_models WHERE bill_id = $1 ORDER BY model",
                    id
                )
                .fetch_all(self.pool()),
            )
            .await?
            .into_iter()
            .map(|row| BilledModel {
                model: row.model,
                amount_nanousd: NanoUsd(row.amount_nanousd),
                lines: u32::try_from(row.lines).unwrap_or(u32::MAX),
            });
        Ok(Some((stored.try_into()?, models.collect())))
    }

    async fn bought_models(&self, provider: &str, range: TimeRange) -> Result<Vec<BoughtModel>, StoreError> {
        let rows = self.asked(
sqlx::query!(
            "SELECT model, count(*) AS \"requests!\", sum(cost_nanousd)::bigint AS \"cost!\",
                    coalesce(sum(cost_nanousd) FILTER (WHERE cost_basis = 'unsettled'), 0)::bigint AS \"unsettled!\"
             FROM requests
             WHERE started_ms >= $1 AND started_ms < $2 AND provider = $3 AND cost_basis <> 'free'
             GROUP BY model ORDER BY model",
            range.from_ms,
            range.to_ms,
            storable(provider).into_owned()
        ).fetch_all(self.pool())).await?;
        let models = rows.into_iter().map(|row| BoughtModel {
            model: row.model,
            requests: row.requests,
            cost_nanousd: NanoUsd(row.cost),
            unsettled_nanousd: NanoUsd(row.unsettled),
        });
        Ok(models.collect())
    }

    async fn oldest_request_ms(&self) -> Result<Option<i64>, StoreError> {
        self.asked(sqlx::query_scalar!("SELECT min(started_ms) FROM requests").fetch_one(self.pool()))
            .await
    }
}

/// Corrects by the function `correct_request`, in the migrations: all that moves moves in one statement.
async fn correct(
    store: &PostgresStore,
    asked: &CorrectionRequest,
    act: &Act,
) -> Result<CorrectionOutcome, StoreError> {
    let Some(started_ms) = started_ms_of(store.pool(), &asked.request_id).await? else {
        return Ok(CorrectionOutcome::NoSuchRequest);
    };
    // The function corrects only what costs what was expected.
    let cost = |amount: NanoUsd| format!("{{\"cost_nanousd\":{}}}", amount.0);
    let (before, after) = (cost(asked.expected_nanousd), cost(asked.true_nanousd));
    let subject = Subject {
        kind: "request",
        name: &asked.request_id,
        before: Some(&before),
        after: Some(&after),
        config_version: None,
    };
    let said = store.said(act, subject).await?;
    let done = store.asked(
sqlx::query!(
        "SELECT outcome AS \"outcome!\", amount, moved FROM correct_request($1, $2, $3, $4, $5, $6, $7, $8)",
        storable(&asked.request_id).into_owned(),
        started_ms,
        asked.expected_nanousd.0,
        asked.true_nanousd.0,
        storable(&act.reason).into_owned(),
        storable(&act.who()).into_owned(),
        act.now_ms,
        said
    ).fetch_one(store.pool())).await?;
    let wrong = |problem: String| inconsistent("requests", "cost_nanousd", &asked.request_id, problem);
    let amount = NanoUsd(done.amount.unwrap_or(0));
    Ok(match done.outcome.as_str() {
        "corrected" => {
            let moved: Vec<Moved> = serde_json::from_str(done.moved.as_deref().unwrap_or("[]"))
                .map_err(|error| wrong(error.to_string()))?;
            let moved = moved.into_iter().map(|one| MovedBalance {
                cap: one.cap,
                period_start_ms: one.period_start_ms,
                change_nanousd: NanoUsd(one.change_nanousd),
            });
            CorrectionOutcome::Corrected(moved.collect())
        }
        "no_such_request" => CorrectionOutcome::NoSuchRequest,
        "not_unsettled" => CorrectionOutcome::NotUnsettled,
        "cost_is" => CorrectionOutcome::CostIs(amount),
        "settled_alone" => CorrectionOutcome::SettledAlone(amount),
        other => return Err(wrong(format!("\"{other}\" is no outcome of a correction"))),
    })
}
