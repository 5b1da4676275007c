//! `keys.create`: makes a virtual key and shows its secret once.

use super::rules;
use crate::{Admin, caps, config, from_store};
use sha2::{Digest, Sha256};
use weir_contract::{
    ApiError, ErrorCode,
    command::{
        caps::CapsSave,
        keys::{CreatedKey, KeysCreate, NewKeyCap},
    },
    model::{
        cap::{Cap, CapManner, CapScope, CapStep, CapSubject},
        key::VirtualKey,
    },
};
use weir_engine::keyring::fingerprint;

/// What every virtual key starts with.
pub const KEY_PREFIX: &str = "sk-weir-";
/// Characters of the public part, each of `a-z0-9`.
pub const ID_LENGTH: usize = 12;
/// Characters of the secret part, each of `A-Za-z0-9`: 256 bits.
pub const SECRET_LENGTH: usize = 43;

const ID_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Makes a key; the database keeps the SHA-256 of its secret part.
///
/// # Errors
/// `InvalidArgument` naming the field; failures of the database or of the system's randomness.
pub async fn create(admin: &Admin, command: KeysCreate) -> Result<CreatedKey, ApiError> {
    let now_ms = admin.clock.now_ms();
    let fresh = NewSecret::draw()?;
    let key = VirtualKey {
        id: random_text(ID_ALPHABET, ID_LENGTH)?,
        version: 1,
        name: command.name.trim().to_owned(),
        owner: command.owner.trim().to_owned(),
        team: command.team.trim().to_owned(),
        scopes: rules::tidy(command.scopes),
        expires_ms: command.expires_ms,
        limit: command.limit,
        last_four: fresh.last_four().to_owned(),
        fingerprint: fingerprint(&fresh.sha256),
        previous: None,
        created_ms: now_ms,
        revoked_ms: None,
        last_used_ms: None,
    };
    rules::validate(&key, now_ms)?;
    // The cap first: a key must not work for a moment without the cap that was asked for.
    let cap = match command.cap {
        Some(cap) => Some(save_cap(admin, &key, cap).await?),
        None => None,
    };
    if let Err(problem) = admin.store.insert_key(&key, &fresh.sha256, &admin.act()).await {
        if let Some((name, version)) = cap {
            config::delete(admin, caps::KIND, &name, version).await?;
        }
        return Err(from_store(problem));
    }
    // No reload here: a new key is looked up when it is first presented, and a failure would lose the secret.
    Ok(CreatedKey {
        secret: fresh.token(&key.id),
        key,
    })
}

/// A secret that nobody has seen yet.
pub(super) struct NewSecret {
    text: String,
    pub(super) sha256: [u8; 32],
}

impl NewSecret {
    pub(super) fn draw() -> Result<NewSecret, ApiError> {
        let text = random_text(SECRET_ALPHABET, SECRET_LENGTH)?;
        let sha256 = Sha256::digest(text.as_bytes()).into();
        Ok(NewSecret { text, sha256 })
    }
    pub(super) fn last_four(&self) -> &str {
        &self.text[SECRET_LENGTH - 4..]
    }
    /// What the client presents.
    pub(super) fn token(&self, id: &str) -> String {
        format!("{KEY_PREFIX}{id}-{}", self.text)
    }
}

/// The cap that was asked for with a key; its name and version.
async fn save_cap(admin: &Admin, key: &VirtualKey, cap: NewKeyCap) -> Result<(String, i64), ApiError> {
    let cap = Cap {
        name: format!("key-{}", key.id),
        scope: CapScope::one(CapSubject::Key, &key.id),
        period: cap.period,
        time_zone: cap.time_zone,
        limit_nanousd: cap.limit_nanousd,
        steps: CapStep::tell_and_refuse(80),
        enabled: true,
        manner: CapManner::default(),
    };
    let name = cap.name.clone();
    let saved = caps::save(
        admin,
        CapsSave {
            cap,
            expected_version: 0,
        },
    )
    .await?;
    Ok((name, saved.version))
}

/// A short name that is not taken, of `a-z0-9`.
pub(crate) fn random_id() -> Result<String, ApiError> {
    random_text(ID_ALPHABET, ID_LENGTH)
}

/// Characters drawn evenly from the alphabet with the operating system's randomness.
fn random_text(alphabet: &[u8], length: usize) -> Result<String, ApiError> {
    // Bytes past the last whole multiple of the alphabet are drawn again; taking them would favour its first letters.
    let usable = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut random = [0_u8; 64];
    while text.len() < length {
        getrandom::fill(&mut random).map_err(|error| {
            ApiError::new(
                ErrorCode::Internal,
                format!("the operating system gives no randomness: {error}"),
            )
        })?;
        let even = random
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < usable);
        text.extend(
            even.map(|byte| char::from(alphabet[byte % alphabet.len()]))
                .take(length - text.len()),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{ID_ALPHABET, SECRET_ALPHABET, SECRET_LENGTH, random_text};
    use std::collections::HashSet;

    #[test]
    fn texts_have_their_length_and_alphabet_and_never_repeat() {
        let mut seen = HashSet::new();
        let mut letters = HashSet::new();
        for _ in 0..1_000 {
            let text = random_text(SECRET_ALPHABET, SECRET_LENGTH).unwrap();
            assert_eq!(text.len(), SECRET_LENGTH);
            letters.extend(text.bytes());
            assert!(seen.insert(text));
        }
        assert_eq!(letters, SECRET_ALPHABET.iter().copied().collect());
        assert!(
            random_text(ID_ALPHABET, 200)
                .unwrap()
                .bytes()
                .all(|byte| ID_ALPHABET.contains(&byte))
        );
    }

    #[test]
    fn a_secret_has_256_bits() {
        assert!((SECRET_LENGTH as f64) * (SECRET_ALPHABET.len() as f64).log2() >= 256.0);
    }
}
