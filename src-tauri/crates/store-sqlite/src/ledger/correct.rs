//! Replaces the estimated cost of a request by the true one, in the ledger, the balances, the request and the rollups.

use crate::{changes::append, error::from_sqlx, requests::correct_request_row, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::{NanoUsd, model::ledger::MovedBalance};
use weir_engine::{
    change::{Act, Subject},
    store::{CorrectionOutcome, CorrectionRequest, StoreError},
};

/// One correction.
pub(crate) struct Correct {
    pub(crate) asked: CorrectionRequest,
    pub(crate) act: Act,
}

/// A charge of the request, with what was corrected before.
struct Charge {
    reservation_id: String,
    cap: String,
    period_start_ms: i64,
    lease_id: String,
    charged_nanousd: i64,
    /// Charged, and corrected since.
    stands_nanousd: i64,
    settled: i64,
    /// Corrections so far.
    corrections: i64,
}

#[async_trait]
impl Operation for Correct {
    type Reply = CorrectionOutcome;
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<CorrectionOutcome, StoreError> {
        let asked = &self.asked;
        let Some(request) = sqlx::query!(
            "SELECT cost_nanousd, cost_basis,
                    EXISTS (SELECT 1 FROM request_corrections WHERE request_id = requests.id) AS \"is_corrected!: bool\"
             FROM requests WHERE id = ?",
            asked.request_id
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?
        else {
            return Ok(CorrectionOutcome::NoSuchRequest);
        };
        if request.cost_basis != "unsettled" && !request.is_corrected {
            return Ok(CorrectionOutcome::NotUnsettled);
        }
        let before = request.cost_nanousd;
        if before != asked.expected_nanousd.0 {
            return Ok(CorrectionOutcome::CostIs(NanoUsd(before)));
        }
        let charges = charges_of(connection, &asked.request_id).await?;
        let attempts = Attempts::of(&charges, before);
        if asked.true_nanousd.0 < attempts.settled {
            return Ok(CorrectionOutcome::SettledAlone(NanoUsd(attempts.settled)));
        }
        let changes = attempts.share(asked.true_nanousd.0 - before);
        let mut moved: Vec<MovedBalance> = Vec::new();
        for charge in charges.iter().filter(|charge| charge.settled == 0) {
            let change = changes
                .iter()
                .find(|(id, _)| *id == charge.reservation_id)
                .map_or(0, |(_, change)| *change);
            self.correct_charge(connection, charge, change).await?;
            match moved
                .iter_mut()
                .find(|one| one.cap == charge.cap && one.period_start_ms == charge.period_start_ms)
            {
                Some(one) => one.change_nanousd = one.change_nanousd.saturating_add(NanoUsd(change)),
                None => moved.push(MovedBalance {
                    cap: charge.cap.clone(),
                    period_start_ms: charge.period_start_ms,
                    change_nanousd: NanoUsd(change),
                }),
            }
        }
        correct_request_row(connection, &asked.request_id, asked.true_nanousd.0).await?;
        let who = self.act.who();
        sqlx::query!(
            "INSERT INTO request_corrections (request_id, before_nanousd, after_nanousd, reason, who, at_ms)
             VALUES (?, ?, ?, ?, ?, ?)",
            asked.request_id,
            before,
            asked.true_nanousd.0,
            self.act.reason,
            who,
            self.act.now_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let cost = |nanousd: i64| format!("{{\"cost_nanousd\":{nanousd}}}");
        let (was, is) = (cost(before), cost(asked.true_nanousd.0));
        let subject = Subject {
            kind: "request",
            name: &asked.request_id,
            before: Some(&was),
            after: Some(&is),
            config_version: None,
        };
        append(connection, &self.act, subject, None).await?;
        Ok(CorrectionOutcome::Corrected(moved))
    }
}

impl Correct {
    /// Writes the correction's row and moves balance and lease. What a correction sets free is given back to the cap at
    /// once: the gateway that holds the lease believes it spent, so nobody else would.
    async fn correct_charge(
        &self,
        connection: &mut SqliteConnection,
        charge: &Charge,
        change: i64,
    ) -> Result<(), StoreError> {
        let now_ms = self.act.now_ms;
        let settles = if charge.corrections == 0 {
            charge.charged_nanousd
        } else {
            0
        };
        sqlx::query!(
            "INSERT INTO ledger (kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms)
             VALUES ('correction', ?, ?, ?, ?, ?, 1, ?);
             UPDATE cap_balances SET spent_nanousd = spent_nanousd + ?, unsettled_nanousd = unsettled_nanousd - ?
             WHERE cap = ? AND period_start_ms = ?",
            charge.cap,
            charge.period_start_ms,
            charge.lease_id,
            charge.reservation_id,
            change,
            now_ms,
            change,
            settles,
            charge.cap,
            charge.period_start_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(lease) = sqlx::query!(
            "SELECT granted_nanousd - returned_nanousd - spent_nanousd - reserved_nanousd AS \"rest!: i64\"
             FROM leases WHERE cap = ? AND period_start_ms = ? AND lease_id = ?",
            charge.cap,
            charge.period_start_ms,
            charge.lease_id
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?
        else {
            return Ok(());
        };
        sqlx::query!(
            "UPDATE leases SET spent_nanousd = spent_nanousd + ?
             WHERE cap = ? AND period_start_ms = ? AND lease_id = ?",
            change,
            charge.cap,
            charge.period_start_ms,
            charge.lease_id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let freed = (lease.rest - change - lease.rest.max(0)).max(0);
        if freed > 0 {
            let key = weir_engine::store::LeaseKey {
                cap: charge.cap.clone(),
                period_start_ms: charge.period_start_ms,
                lease_id: charge.lease_id.clone(),
            };
            super::give_back::give_back(connection, &key, freed, Some(now_ms)).await?;
        }
        Ok(())
    }
}

async fn charges_of(connection: &mut SqliteConnection, request_id: &str) -> Result<Vec<Charge>, StoreError> {
    // A reservation's id is the request's, a dash and a number.
    let (first, end) = (format!("{request_id}-"), format!("{request_id}."));
    sqlx::query_as!(
        Charge,
        "SELECT reservation_id, cap, period_start_ms, lease_id, amount_nanousd AS charged_nanousd, settled,
                amount_nanousd + coalesce((
                    SELECT sum(more.amount_nanousd) FROM ledger AS more
                    WHERE more.kind = 'correction' AND more.reservation_id = charge.reservation_id
                      AND more.cap = charge.cap AND more.period_start_ms = charge.period_start_ms), 0)
                    AS \"stands_nanousd!: i64\",
                (SELECT count(*) FROM ledger AS more
                 WHERE more.kind = 'correction' AND more.reservation_id = charge.reservation_id
                   AND more.cap = charge.cap AND more.period_start_ms = charge.period_start_ms)
                    AS \"corrections!: i64\"
         FROM ledger AS charge
         WHERE kind = 'charge' AND reservation_id >= ? AND reservation_id < ?
         ORDER BY reservation_id, cap, period_start_ms",
        first,
        end
    )
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)
}

/// What the attempts of a request cost, as far as the ledger knows them.
struct Attempts {
    settled: i64,
    /// By reservation.
    unsettled: Vec<(String, i64)>,
    /// The rest of the request's cost: attempts that no cap counted.
    elsewhere: i64,
}

impl Attempts {
    fn of(charges: &[Charge], cost: i64) -> Attempts {
        let (mut settled, mut unsettled) = (0_i64, Vec::new());
        let mut seen = "";
        for charge in charges {
            // The same attempt counts against several caps, with one amount.
            if charge.reservation_id == seen {
                continue;
            }
            seen = &charge.reservation_id;
            if charge.settled == 1 {
                settled = settled.saturating_add(charge.stands_nanousd);
            } else {
                unsettled.push((charge.reservation_id.clone(), charge.stands_nanousd));
            }
        }
        let known = unsettled.iter().map(|(_, amount)| *amount).sum::<i64>();
        let elsewhere = cost.saturating_sub(settled).saturating_sub(known).max(0);
        Attempts {
            settled,
            unsettled,
            elsewhere,
        }
    }

    /// The change of each unsettled reservation: in proportion to its amount, to the last nano-dollar. None is taken below
    /// zero, since all together are not.
    fn share(&self, change: i64) -> Vec<(String, i64)> {
        let known: i128 = self.unsettled.iter().map(|(_, amount)| i128::from(*amount)).sum();
        let all = known + i128::from(self.elsewhere);
        let count = self.unsettled.len();
        let (mut seen, mut given) = (0_i128, 0_i128);
        let shares = self.unsettled.iter().enumerate().map(|(index, (id, amount))| {
            seen += i128::from(*amount);
            // Shares of nothing are equal; so is what none of them can be blamed for.
            let until = if all == 0 {
                i128::from(change) * (index as i128 + 1) / (count as i128)
            } else {
                i128::from(change) * seen / all
            };
            let share = until - given;
            given = until;
            (id.clone(), i64::try_from(share).unwrap_or(0))
        });
        shares.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Attempts;

    fn attempts(amounts: &[i64], elsewhere: i64) -> Attempts {
        Attempts {
            settled: 0,
            unsettled: amounts
                .iter()
                .enumerate()
                .map(|(index, amount)| (format!("r-{index}"), *amount))
                .collect(),
            elsewhere,
        }
    }

    fn amounts(shares: Vec<(String, i64)>) -> Vec<i64> {
        shares.into_iter().map(|(_, amount)| amount).collect()
    }

    #[test]
    fn a_difference_is_shared_to_the_last_nano_dollar() {
        assert_eq!(amounts(attempts(&[100], 0).share(-100)), [-100]);
        assert_eq!(amounts(attempts(&[1, 2], 0).share(-3)), [-1, -2]);
        assert_eq!(amounts(attempts(&[1, 1, 1], 0).share(10)).iter().sum::<i64>(), 10);
        assert_eq!(amounts(attempts(&[0, 0], 0).share(5)).iter().sum::<i64>(), 5);
        assert_eq!(
            amounts(attempts(&[50], 50).share(-60)),
            [-30],
            "half of it was not counted here"
        );
        let large = attempts(&[i64::MAX / 2, i64::MAX / 2], 0);
        assert_eq!(
            amounts(large.share(-i64::MAX + 1)).iter().sum::<i64>(),
            -i64::MAX + 1
        );
    }

    #[test]
    fn no_share_takes_more_than_there_is() {
        for first in [0, 1, 7, 100] {
            for second in [0, 3, 99] {
                let attempts = attempts(&[first, second], 5);
                let all = first + second + 5;
                for change in -all..=all {
                    let shares = amounts(attempts.share(change));
                    assert!(
                        first + shares[0] >= 0 && second + shares[1] >= 0,
                        "{first} {second} {change}: {shares:?}"
                    );
                }
            }
        }
    }
}
