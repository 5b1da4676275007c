//! Who calls: virtual keys, checked in constant time, remembered for a moment so that a call does not cost a query.

use crate::{
    clock::Clock,
    store::{Store, StoreError},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
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
    /// The store cannot say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Remembered {
    key: VirtualKey,
    secret_sha256: [u8; 32],
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
            .map(|known| (known.key.clone(), known.secret_sha256));
        let (key, expected) = match known {
            Some(known) => known,
            None => match self.store.find_key(id).await {
                Ok(found) => {
                    let (key, secret_sha256) = found.ok_or(KeyError::Invalid)?;
                    self.remember(&key, secret_sha256, now_ms);
                    (key, secret_sha256)
                }
                // Cached answers are still served while the store is away; a key that was good shortly before still is.
                Err(problem) => self.known_before(id, now_ms).ok_or(problem)?,
            },
        };
        if !bool::from(presented.ct_eq(&expected)) {
            return Err(KeyError::Invalid);
        }
        if key.revoked_ms.is_some() {
            Err(KeyError::Revoked)
        } else {
            Ok(key)
        }
    }

    fn known_before(&self, id: &str, now_ms: i64) -> Option<(VirtualKey, [u8; 32])> {
        let memory = self.memory();
        let known = memory
            .get(id)
            .filter(|known| known.until_ms + TRUSTED_WITHOUT_STORE_MS > now_ms)?;
        Some((known.key.clone(), known.secret_sha256))
    }

    /// Forgets all remembered keys, so that a revocation works at once.
    pub fn forget(&self) {
        self.memory().clear();
    }

    fn remember(&self, key: &VirtualKey, secret_sha256: [u8; 32], now_ms: i64) {
        let mut memory = self.memory();
        if memory.len() >= MOST_REMEMBERED {
            memory.clear();
        }
        memory.insert(
            key.id.clone(),
            Remembered {
                key: key.clone(),
                secret_sha256,
                until_ms: now_ms + REMEMBERED_MS,
            },
        );
    }

    fn memory(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    use super::split_token;

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
