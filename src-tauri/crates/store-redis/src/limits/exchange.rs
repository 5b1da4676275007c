//! One exchange with a gateway: reads the accounts it is about, lets the engine decide, and writes what changed, unless
//! somebody else did so meanwhile; then it begins anew.

use super::{
    RedisLimits,
    names::{lent_to, read, used_at},
    unavailable,
};
use redis::ScriptInvocation;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};
use weir_engine::{
    limit::account::{Account, settle, store_time},
    store::{LimitExchange, LimitReply, StoreError},
};

/// Beginnings of one exchange. Each time, another's was carried through.
const MOST_TRIES: u32 = 20;

/// What an exchange begins with.
struct Known {
    store_ms: i64,
    /// The holder's record as it stands there; empty for none.
    record: String,
    holders: u32,
    accounts: BTreeMap<(String, String), Before>,
}

/// An account as it was read.
struct Before {
    version: String,
    account: Account,
}

impl RedisLimits {
    pub(super) async fn exchange(&self, asked: &LimitExchange) -> Result<LimitReply, StoreError> {
        for _ in 0..MOST_TRIES {
            let known = self.read(asked).await?;
            let found_seq = known
                .record
                .split(' ')
                .next()
                .and_then(|seq| seq.parse::<i64>().ok());
            if let Some(found) = found_seq.filter(|found| *found >= asked.seq) {
                return Err(StoreError::Conflict {
                    expected: asked.seq,
                    found,
                });
            }
            let answered = self.answered().get(&asked.holder).copied();
            let lost = found_seq.is_none_or(|found| answered.is_some_and(|answered| found < answered));
            let mut after: BTreeMap<&(String, String), Account> = known
                .accounts
                .iter()
                .map(|(key, before)| (key, before.account.clone()))
                .collect();
            let mut answers = Vec::with_capacity(asked.entries.len());
            for entry in &asked.entries {
                let key = (entry.pool.clone(), entry.caller.clone());
                if let Some(account) = after.get_mut(&key) {
                    answers.push(settle(account, &asked.holder, entry, lost, known.store_ms));
                }
            }
            if self.write(asked, &known, &after).await? {
                self.answered().insert(asked.holder.clone(), asked.seq);
                let is_new = known.record.is_empty();
                return Ok(LimitReply {
                    store_ms: known.store_ms,
                    lost,
                    holders: known.holders + u32::from(is_new),
                    answers,
                });
            }
        }
        Err(StoreError::Unavailable(
            "Redis: too many gateways changed the same limits at once".to_owned(),
        ))
    }

    fn answered(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, asked: &LimitExchange) -> Result<Known, StoreError> {
        let names = &self.names;
        let keys: BTreeSet<(String, String)> = asked
            .entries
            .iter()
            .map(|entry| (entry.pool.clone(), entry.caller.clone()))
            .collect();
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.hget(names.time(), "ms");
        pipe.hget(names.holders(), &asked.holder);
        pipe.hlen(names.holders());
        for (pool, caller) in &keys {
            pipe.hgetall(names.account(pool, caller));
        }
        let answer = self
            .link
            .ask(self.link.timeouts.read, |mut connection| async move {
                let mut values: Vec<redis::Value> = pipe.query_async(&mut connection).await?;
                let accounts = values.split_off(values.len().min(3));
                let accounts = accounts
                    .into_iter()
                    .map(redis::from_redis_value::<Vec<(String, String)>>);
                let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
                let head: (Option<i64>, Option<String>, u32) =
                    redis::from_redis_value(redis::Value::Array(values))?;
                Ok((head, accounts))
            });
        let ((store_ms, record, holders), accounts) = answer.await.map_err(unavailable)?;
        let accounts = keys.into_iter().zip(accounts.into_iter().map(|fields| {
            let found = read(fields);
            Before {
                version: found.version,
                account: found.account,
            }
        }));
        Ok(Known {
            store_ms: store_time(store_ms.unwrap_or(0), asked.known_ms),
            record: record.unwrap_or_default(),
            holders,
            accounts: accounts.collect(),
        })
    }

    /// False when somebody else has changed something of it since it was read.
    async fn write(
        &self,
        asked: &LimitExchange,
        known: &Known,
        after: &BTreeMap<&(String, String), Account>,
    ) -> Result<bool, StoreError> {
        let names = &self.names;
        let mut writing = self.write.key(names.time());
        writing.key(names.holders()).key(names.idle());
        writing.key(names.accounts_of(&asked.holder));
        writing
            .arg(&asked.holder)
            .arg(&known.record)
            .arg(asked.seq)
            .arg(known.store_ms);
        for (key @ (pool, caller), before) in &known.accounts {
            let Some(account) = after.get(key) else { continue };
            writing.key(names.account(pool, caller)).key(names.callers(pool));
            writing.arg(&before.version).arg(caller);
            change(&mut writing, &asked.holder, &before.account, account);
        }
        let written = self
            .link
            .ask(self.link.timeouts.read, |mut connection| async move {
                writing.invoke_async::<i64>(&mut connection).await
            });
        written.await.map(|written| written == 1).map_err(unavailable)
    }
}

/// The fields that an exchange changed: what its holder is lent, and uses.
fn change(writing: &mut ScriptInvocation<'_>, holder: &str, before: &Account, after: &Account) {
    let lent = |account: &Account| account.lent.get(holder).copied().unwrap_or(0);
    let or_none = |amount: i64| {
        if amount == 0 {
            String::new()
        } else {
            amount.to_string()
        }
    };
    let mut fields = Vec::new();
    if lent(before) != lent(after) {
        fields.push((lent_to(holder), or_none(lent(after))));
    }
    let gone = before.used.keys().filter(|at| !after.used.contains_key(at));
    fields.extend(gone.map(|used_ms| (used_at(*used_ms), String::new())));
    let changed = after.used.iter().filter(|(at, n)| before.used.get(at) != Some(n));
    fields.extend(changed.map(|(used_ms, amount)| (used_at(*used_ms), or_none(*amount))));
    writing.arg(fields.len());
    for (name, value) in fields {
        writing.arg(name).arg(value);
    }
}
