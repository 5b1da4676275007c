//! One exchange with a gateway: reads the accounts it is about, lets the engine decide, and writes what changed.
//!
//! This is the one write that takes several trips, because the engine decides in the middle. Exchanges come one after the
//! other, and the server ends one whose gateway stops in the middle (`hear_holder`, in the migrations).

use crate::{error::from_sqlx, text::storable};
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeMap;
use weir_engine::{
    limit::account::{Account, settle},
    store::{LimitExchange, LimitReply, StoreError},
};

type Accounts = BTreeMap<(String, String), Account>;

/// See the file's words.
pub(super) async fn exchange(pool: &PgPool, asked: &LimitExchange) -> Result<LimitReply, StoreError> {
    let mut transaction = pool.begin().await.map_err(from_sqlx)?;
    let holder = storable(&asked.holder).into_owned();
    let heard = sqlx::query!(
        "SELECT seq_before, now_ms, holders FROM hear_holder($1, $2, $3)",
        holder,
        asked.seq,
        asked.known_ms
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(from_sqlx)?;
    let (Some(store_ms), Some(holders)) = (heard.now_ms, heard.holders) else {
        return Err(StoreError::Conflict {
            expected: asked.seq,
            found: heard.seq_before.unwrap_or(asked.seq),
        });
    };
    let lost = heard.seq_before.is_none();
    let mut answers = Vec::with_capacity(asked.entries.len());
    if !asked.entries.is_empty() {
        let mut accounts = read(&mut transaction, asked).await?;
        let before = accounts.clone();
        for entry in &asked.entries {
            let account = accounts.entry(key_of(&entry.pool, &entry.caller)).or_default();
            answers.push(settle(account, &holder, entry, lost, store_ms));
        }
        write(&mut transaction, &holder, &before, &accounts).await?;
    }
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(LimitReply {
        store_ms,
        lost,
        holders: u32::try_from(holders).unwrap_or(u32::MAX),
        answers,
    })
}

fn key_of(pool: &str, caller: &str) -> (String, String) {
    (storable(pool).into_owned(), storable(caller).into_owned())
}

async fn read(connection: &mut PgConnection, asked: &LimitExchange) -> Result<Accounts, StoreError> {
    let (pools, callers): (Vec<String>, Vec<String>) = asked
        .entries
        .iter()
        .map(|entry| key_of(&entry.pool, &entry.caller))
        .unzip();
    let mut accounts = Accounts::new();
    // Lent slots have a holder, used ones a time; one trip for both. Each key leads into the index: a join could make the server
    // read the whole table.
    let rows = sqlx::query!(
        "WITH wanted AS MATERIALIZED (SELECT DISTINCT pool, caller FROM unnest($1::text[], $2::text[]) AS one (pool, caller))
         SELECT wanted.pool AS \"pool!\", wanted.caller AS \"caller!\", slot.holder AS \"holder?\", NULL::bigint AS used_ms,
                slot.lent AS \"amount!\"
         FROM wanted CROSS JOIN LATERAL (SELECT holder, lent FROM limit_slots
              WHERE limit_slots.pool = wanted.pool AND limit_slots.caller = wanted.caller OFFSET 0) AS slot
         UNION ALL
         SELECT wanted.pool, wanted.caller, NULL, used.used_ms, used.amount
         FROM wanted CROSS JOIN LATERAL (SELECT used_ms, amount FROM limit_uses
              WHERE limit_uses.pool = wanted.pool AND limit_uses.caller = wanted.caller OFFSET 0) AS used",
        &pools,
        &callers
    )
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)?;
    for row in rows {
        let account = accounts.entry((row.pool, row.caller)).or_default();
        if let Some(holder) = row.holder {
            account.lent.insert(holder, row.amount);
        } else if let Some(used_ms) = row.used_ms {
            account.used.insert(used_ms, row.amount);
        }
    }
    Ok(accounts)
}

/// What the statement takes: one value per list of rows.
#[derive(Default)]
struct Changes {
    lent: (Vec<String>, Vec<String>, Vec<i64>),
    used: (Vec<String>, Vec<String>, Vec<i64>, Vec<i64>),
}

impl Changes {
    fn of(holder: &str, before: &Accounts, after: &Accounts) -> Changes {
        let nothing = Account::default();
        let mut changes = Changes::default();
        for (key, account) in after {
            let known = before.get(key).unwrap_or(&nothing);
            let lent = account.lent.get(holder).copied().unwrap_or(0);
            if known.lent.get(holder).copied().unwrap_or(0) != lent {
                changes.lend(key, lent);
            }
            let gone = known.used.keys().filter(|at| !account.used.contains_key(at));
            gone.for_each(|used_ms| changes.rest(key, *used_ms, 0));
            let changed = account
                .used
                .iter()
                .filter(|(at, n)| known.used.get(at) != Some(n));
            changed.for_each(|(used_ms, amount)| changes.rest(key, *used_ms, *amount));
        }
        changes
    }

    fn lend(&mut self, (pool, caller): &(String, String), lent: i64) {
        self.lent.0.push(pool.clone());
        self.lent.1.push(caller.clone());
        self.lent.2.push(lent);
    }

    fn rest(&mut self, (pool, caller): &(String, String), used_ms: i64, amount: i64) {
        self.used.0.push(pool.clone());
        self.used.1.push(caller.clone());
        self.used.2.push(used_ms);
        self.used.3.push(amount);
    }
}

async fn write(
    connection: &mut PgConnection,
    holder: &str,
    before: &Accounts,
    after: &Accounts,
) -> Result<(), StoreError> {
    let Changes { lent, used } = Changes::of(holder, before, after);
    if lent.0.is_empty() && used.0.is_empty() {
        return Ok(());
    }
    // No row is both deleted and inserted: a key has one new amount.
    sqlx::query!(
        "WITH slots AS MATERIALIZED (
             SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[]) AS one (pool, caller, lent)),
         uses AS MATERIALIZED (
             SELECT * FROM unnest($5::text[], $6::text[], $7::bigint[], $8::bigint[]) AS one (pool, caller, used_ms, amount)),
         taken_back AS (
             DELETE FROM limit_slots USING slots
             WHERE slots.lent = 0 AND limit_slots.pool = slots.pool AND limit_slots.caller = slots.caller
               AND limit_slots.holder = $1),
         lent_out AS (
             INSERT INTO limit_slots (pool, caller, holder, lent) SELECT pool, caller, $1, lent FROM slots WHERE lent > 0
             ON CONFLICT (pool, caller, holder) DO UPDATE SET lent = excluded.lent),
         rested AS (
             DELETE FROM limit_uses USING uses
             WHERE uses.amount = 0 AND limit_uses.pool = uses.pool AND limit_uses.caller = uses.caller
               AND limit_uses.used_ms = uses.used_ms)
         INSERT INTO limit_uses (pool, caller, used_ms, amount)
         SELECT pool, caller, used_ms, amount FROM uses WHERE amount > 0
         ON CONFLICT (pool, caller, used_ms) DO UPDATE SET amount = excluded.amount",
        holder,
        &lent.0,
        &lent.1,
        &lent.2,
        &used.0,
        &used.1,
        &used.2,
        &used.3
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
