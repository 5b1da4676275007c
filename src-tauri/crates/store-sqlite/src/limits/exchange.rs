//! One exchange with a gateway: reads the accounts it is about, lets the engine decide, and writes what changed.

use crate::{
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use serde::Serialize;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use weir_engine::{
    limit::account::{Account, settle},
    store::{LimitExchange, LimitReply, StoreError},
};

/// See the file's words. Not synced: a power cut may forget the uses of the last half second.
pub(super) struct Exchange(pub(super) LimitExchange);

type Accounts = BTreeMap<(String, String), Account>;

#[async_trait]
impl Operation for Exchange {
    type Reply = LimitReply;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<LimitReply, StoreError> {
        let LimitExchange {
            holder,
            seq,
            known_ms,
            entries,
        } = &self.0;
        let known = sqlx::query_scalar!("SELECT seq FROM limit_holders WHERE holder = ?", holder)
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        if let Some(found) = known.filter(|found| found >= seq) {
            return Err(StoreError::Conflict {
                expected: *seq,
                found,
            });
        }
        let (store_ms, holders) = hear(connection, holder, *seq, *known_ms).await?;
        if entries.is_empty() {
            return Ok(LimitReply {
                store_ms,
                lost: known.is_none(),
                holders,
                answers: Vec::new(),
            });
        }
        let mut accounts = self.read(connection).await?;
        let before = accounts.clone();
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            let account = accounts
                .entry((entry.pool.clone(), entry.caller.clone()))
                .or_default();
            answers.push(settle(account, holder, entry, known.is_none(), store_ms));
        }
        self.write(connection, &before, &accounts).await?;
        Ok(LimitReply {
            store_ms,
            lost: known.is_none(),
            holders,
            answers,
        })
    }
}

/// Carries the store's time on and notes that the holder was heard of. Replies the time and how many holders there are.
async fn hear(
    connection: &mut SqliteConnection,
    holder: &str,
    seq: i64,
    known_ms: i64,
) -> Result<(i64, u32), StoreError> {
    let store_ms = sqlx::query_scalar!(
        "UPDATE limit_time SET store_ms = max(store_ms, ?) RETURNING store_ms",
        known_ms
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    sqlx::query!(
        "INSERT INTO limit_holders (holder, seq, heard_ms) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET seq = excluded.seq, heard_ms = excluded.heard_ms",
        holder,
        seq,
        store_ms
    )
    .execute(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    let holders = sqlx::query_scalar!("SELECT count(*) FROM limit_holders")
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)?;
    Ok((store_ms, u32::try_from(holders).unwrap_or(u32::MAX)))
}

/// A caller under a limit, as the statements below read it.
#[derive(Serialize)]
struct Key<'a> {
    pool: &'a str,
    caller: &'a str,
}

/// What a holder is lent, as the statements below read it.
#[derive(Serialize)]
struct Lent<'a> {
    pool: &'a str,
    caller: &'a str,
    lent: i64,
}

/// A use, as the statements below read it; none is left of it where the amount is 0.
#[derive(Serialize)]
struct Used<'a> {
    pool: &'a str,
    caller: &'a str,
    used_ms: i64,
    amount: i64,
}

impl Exchange {
    async fn read(&self, connection: &mut SqliteConnection) -> Result<Accounts, StoreError> {
        let entries = &self.0.entries;
        let keys: Vec<Key<'_>> = entries
            .iter()
            .map(|entry| Key {
                pool: &entry.pool,
                caller: &entry.caller,
            })
            .collect();
        let keys = encode(&keys)?;
        let mut accounts = Accounts::new();
        let lent = sqlx::query!(
            "SELECT slots.pool, slots.caller, slots.holder, slots.lent
             FROM json_each(?) AS one, limit_slots AS slots
             WHERE slots.pool = one.value ->> 'pool' AND slots.caller = one.value ->> 'caller'",
            keys
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        for row in lent {
            let account = accounts.entry((row.pool, row.caller)).or_default();
            account.lent.insert(row.holder, row.lent);
        }
        let used = sqlx::query!(
            "SELECT uses.pool, uses.caller, uses.used_ms AS \"used_ms!\", uses.amount AS \"amount!\"
             FROM json_each(?) AS one, limit_uses AS uses
             WHERE uses.pool = one.value ->> 'pool' AND uses.caller = one.value ->> 'caller'",
            keys
        )
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
        for row in used {
            let account = accounts.entry((row.pool, row.caller)).or_default();
            account.used.insert(row.used_ms, row.amount);
        }
        Ok(accounts)
    }

    async fn write(
        &self,
        connection: &mut SqliteConnection,
        before: &Accounts,
        after: &Accounts,
    ) -> Result<(), StoreError> {
        let holder = &self.0.holder;
        let nothing = Account::default();
        let (mut lent, mut used) = (Vec::new(), Vec::new());
        for (key @ (pool, caller), account) in after {
            let known = before.get(key).unwrap_or(&nothing);
            let now = account.lent.get(holder).copied().unwrap_or(0);
            if known.lent.get(holder).copied().unwrap_or(0) != now {
                lent.push(Lent {
                    pool,
                    caller,
                    lent: now,
                });
            }
            let gone = known
                .used
                .keys()
                .filter(|used_ms| !account.used.contains_key(used_ms))
                .map(|used_ms| (*used_ms, 0));
            let changed = account
                .used
                .iter()
                .filter(|(used_ms, amount)| known.used.get(used_ms) != Some(amount))
                .map(|(used_ms, amount)| (*used_ms, *amount));
            used.extend(gone.chain(changed).map(|(used_ms, amount)| Used {
                pool,
                caller,
                used_ms,
                amount,
            }));
        }
        if lent.is_empty() && used.is_empty() {
            return Ok(());
        }
        let (lent, used) = (encode(&lent)?, encode(&used)?);
        sqlx::query!(
            "DELETE FROM limit_slots
             WHERE holder = ?
               AND (pool, caller) IN (SELECT value ->> 'pool', value ->> 'caller' FROM json_each(?)
                                      WHERE value ->> 'lent' = 0);
             INSERT INTO limit_slots (pool, caller, holder, lent)
             SELECT value ->> 'pool', value ->> 'caller', ?, value ->> 'lent' FROM json_each(?)
             WHERE value ->> 'lent' > 0
             ON CONFLICT DO UPDATE SET lent = excluded.lent;
             DELETE FROM limit_uses
             WHERE (pool, caller, used_ms) IN (SELECT value ->> 'pool', value ->> 'caller', value ->> 'used_ms'
                                               FROM json_each(?) WHERE value ->> 'amount' = 0);
             INSERT INTO limit_uses (pool, caller, used_ms, amount)
             SELECT value ->> 'pool', value ->> 'caller', value ->> 'used_ms', value ->> 'amount' FROM json_each(?)
             WHERE value ->> 'amount' > 0
             ON CONFLICT DO UPDATE SET amount = excluded.amount",
            holder,
            lent,
            holder,
            lent,
            used,
            used
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}

fn encode<T: Serialize>(rows: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| inconsistent("limit_slots", "lent", "new", error))
}
