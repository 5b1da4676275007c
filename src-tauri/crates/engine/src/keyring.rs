//! Who calls: virtual keys, checked in constant time, remembered for a moment so that a call does not cost a query.

use crate::{
    budget::period::resets_text,
    clock::Clock,
    store::{KeyRecord, Store, StoreError},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use subtle::ConstantTimeEq;
use weir_contract::model::key::VirtualKey;

/// What every key starts with.
pub const KEY_PREFIX: &str = "sk-weir-";
/// How long a looked-up key is trusted without asking the store again; also how long a revocation may take elsewhere.
const REMEMBERED_MS: i64 = 2_000;
/// How much longer it is trusted while the store cannot be asked.
const TRUSTED_WITHOUT_STORE_MS: i64 = 600_000;
/// More keys than this are not remembered, so that guesses cannot fill the memory.
const MOST_REMEMBERED: usize = 10_000;

/// Why a key was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No key was sent.
    #[error("no API key was sent; send a Weir key as \"Authorization: Bearer sk-weir-…\" or \"x-api-key\"")]
    Missing,
    /// Not a key of ours, unknown, or its secret is wrong. One message for all, so that nothing can be probed.
    #[error(
        "this API key is not valid here; create one in Weir under Settings, or with \"weir-gateway key create --name NAME\""
    )]
    Invalid,
    /// It was good once.
    #[error("this API key was revoked; ask your administrator for a new one")]
    Revoked,
    /// Its time is over.
    #[error(
        "this API key expired on {0}; ask your administrator for a new one, or for a later end (Settings, Virtual keys, Edit)"
    )]
    Expired(String),
    /// The secret was replaced, and its overlap is over.
    #[error(
        "this API key was rotated, and its old secret stopped on {0}; use the new secret of the same key"
    )]
    RotatedAway(String),
    /// The store cannot say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Remembered {
    record: KeyRecord,
    until_ms: i64,
}

/// Checks keys against the store.
pub struct Keyring {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    remembered: Mutex<HashMap<String, Remembered>>,
}

impl Keyring {
    /// A keyring over this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Keyring {
        Keyring {
            store,
            clock,
            remembered: Mutex::default(),
        }
    }

    /// The key behind a token such as `sk-weir-<id>-<secret>`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn authenticate(&self, token: &str) -> Result<VirtualKey, KeyError> {
        let (id, secret) = split_token(token).ok_or(KeyError::Invalid)?;
        let presented: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let now_ms = self.clock.now_ms();
        let known = self
            .memory()
            .get(id)
            .filter(|known| known.until_ms > now_ms)
            .map(|known| known.record.clone());
        if let Some(record) = known {
            match accept(record, &presented, now_ms) {
                // Another gateway may have given the key a new secret a moment ago, and that works at once.
                Err(KeyError::Invalid) => {}
                outcome => return outcome,
            }
        }
        let record = match self.store.find_key(id).await {
            Ok(found) => {
                let record = found.ok_or(KeyError::Invalid)?;
                self.remember(&record, now_ms);
                record
            }
            // Cached answers are still served while the store is away; a key that was good shortly before still is.
            Err(problem) => self.known_before(id, now_ms).ok_or(problem)?,
        };
        accept(record, &presented, now_ms)
    }

    fn known_before(&self, id: &str, now_ms: i64) -> Option<KeyRecord> {
        let memory = self.memory();
        let known = memory
            .get(id)
            .filter(|known| known.until_ms + TRUSTED_WITHOUT_STORE_MS > now_ms)?;
        Some(known.record.clone())
    }

    /// Asks the store again for every key, so that a revocation works at once. While it cannot be asked, what was known
    /// holds: losing the connection is news, too.
    pub fn forget(&self) {
        let now_ms = self.clock.now_ms();
        for known in self.memory().values_mut() {
            known.until_ms = known.until_ms.min(now_ms);
        }
    }

    fn remember(&self, record: &KeyRecord, now_ms: i64) {
        let mut memory = self.memory();
        if memory.len() >= MOST_REMEMBERED {
            memory.clear();
        }
        memory.insert(
            record.key.id.clone(),
            Remembered {
                record: record.clone(),
                until_ms: now_ms + REMEMBERED_MS,
            },
        );
    }

    fn memory(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key, if this secret is good for it now. Secrets are compared in constant time, and nothing of a key is told to
/// anybody who has none of its secrets.
fn accept(record: KeyRecord, presented: &[u8; 32], now_ms: i64) -> Result<VirtualKey, KeyError> {
    let KeyRecord {
        key,
        secret_sha256,
        previous_sha256,
    } = record;
    let is_current = bool::from(presented.ct_eq(&secret_sha256));
    let is_previous = previous_sha256.is_some_and(|previous| bool::from(presented.ct_eq(&previous)));
    if !is_current && !is_previous {
        return Err(KeyError::Invalid);
    }
    if key.revoked_ms.is_some() {
        return Err(KeyError::Revoked);
    }
    if let Some(ended_ms) = key.expires_ms.filter(|expires_ms| *expires_ms <= now_ms) {
        return Err(KeyError::Expired(moment(ended_ms)));
    }
    match &key.previous {
        Some(previous) if !is_current && previous.until_ms <= now_ms => {
            Err(KeyError::RotatedAway(moment(previous.until_ms)))
        }
        None if !is_current => Err(KeyError::Invalid),
        _ => Ok(key),
    }
}

/// A moment for people: `2026-11-22 00:00 UTC`.
fn moment(at_ms: i64) -> String {
    resets_text(at_ms, "UTC").unwrap_or_else(|_| format!("UNIX millisecond {at_ms}"))
}

/// What a secret is told apart by on the page: the first eight hexadecimal digits of the SHA-256 of its stored hash. Hashed
/// once more, so that it gives away no part of the hash that the database keeps.
#[must_use]
pub fn fingerprint(secret_sha256: &[u8; 32]) -> String {
    let mut text = String::with_capacity(8);
    for byte in Sha256::digest(secret_sha256).iter().take(4) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Splits a token into its public id and its secret.
#[must_use]
pub fn split_token(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.strip_prefix(KEY_PREFIX)?.split_once('-')?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain(id) && plain(secret)).then_some((id, secret))
}

#[cfg(test)]
mod tests {
    use super::{KeyError, accept, fingerprint, split_token};
    use crate::store::KeyRecord;
    use weir_contract::model::key::{PreviousSecret, VirtualKey};

    const NEW: [u8; 32] = [1; 32];
    const OLD: [u8; 32] = [2; 32];

    fn rotated(until_ms: i64) -> KeyRecord {
        KeyRecord {
            key: VirtualKey {
                id: "abc".into(),
                previous: Some(PreviousSecret {
                    last_four: "wxyz".into(),
                    fingerprint: fingerprint(&OLD),
                    until_ms,
                }),
                ..VirtualKey::default()
            },
            secret_sha256: NEW,
            previous_sha256: Some(OLD),
        }
    }

    #[test]
    fn an_old_secret_works_until_its_overlap_ends_and_the_new_one_at_once() {
        assert!(accept(rotated(1_000), &NEW, 0).is_ok());
        assert!(accept(rotated(1_000), &OLD, 999).is_ok());
        assert!(accept(rotated(1_000), &NEW, 1_000).is_ok());
        let late = accept(rotated(1_000), &OLD, 1_000).unwrap_err();
        assert!(late.to_string().contains("1970-01-01 00:00 UTC"), "{late}");
        assert!(matches!(
            accept(rotated(1_000), &[3; 32], 0),
            Err(KeyError::Invalid)
        ));
    }

    #[test]
    fn an_expired_key_says_when_and_only_to_who_has_the_secret() {
        let mut record = rotated(i64::MAX);
        record.key.expires_ms = Some(86_400_000);
        assert!(accept(record.clone(), &NEW, 86_399_999).is_ok());
        for secret in [&NEW, &OLD] {
            let late = accept(record.clone(), secret, 86_400_000).unwrap_err();
            assert!(
                late.to_string().contains("expired on 1970-01-02 00:00 UTC"),
                "{late}"
            );
        }
        assert!(matches!(
            accept(record.clone(), &[3; 32], 86_400_000),
            Err(KeyError::Invalid)
        ));
        record.key.revoked_ms = Some(5);
        assert!(matches!(accept(record, &OLD, 6), Err(KeyError::Revoked)));
    }

    #[test]
    fn fingerprints_tell_secrets_apart_and_are_no_part_of_the_hash() {
        assert_ne!(fingerprint(&NEW), fingerprint(&OLD));
        assert_eq!(fingerprint(&NEW).len(), 8);
        assert_ne!(fingerprint(&NEW), "01010101");
    }

    #[test]
    fn only_whole_tokens_are_split() {
        assert_eq!(split_token("sk-weir-abc-DEF1"), Some(("abc", "DEF1")));
        for broken in [
            "",
            "sk-weir-",
            "sk-weir-abc",
            "sk-weir--x",
            "sk-weir-a-",
            "sk-abc-def",
            "sk-weir-a-b-c",
            "sk-weir-a-ü",
        ] {
            assert_eq!(split_token(broken), None, "{broken}");
        }
    }
}
