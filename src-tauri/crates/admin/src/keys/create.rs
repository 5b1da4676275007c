//! `keys.create`: makes a virtual key and shows its secret once.

use crate::{Admin, check, from_store};
use sha2::{Digest, Sha256};
use weir_contract::{
    ApiError, ErrorCode,
    command::keys::{CreatedKey, KeysCreate},
    model::key::VirtualKey,
};

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
    let name = command.name.trim();
    let team = command.team.trim();
    if name.is_empty() {
        return Err(ApiError::invalid(
            "name: is empty; say who or what will use the key",
        ));
    }
    check::line("name", name, 64)?;
    check::line("team", team, 64)?;
    let id = random_text(ID_ALPHABET, ID_LENGTH)?;
    let secret = random_text(SECRET_ALPHABET, SECRET_LENGTH)?;
    let key = VirtualKey {
        last_four: secret[SECRET_LENGTH - 4..].to_owned(),
        name: name.to_owned(),
        team: team.to_owned(),
        created_ms: admin.clock.now_ms(),
        revoked_ms: None,
        last_used_ms: None,
        id,
    };
    let secret_sha256: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    admin
        .store
        .insert_key(&key, &secret_sha256)
        .await
        .map_err(from_store)?;
    // No reload here: a new key is looked up when it is first presented, and a failure would lose the secret.
    Ok(CreatedKey {
        secret: format!("{KEY_PREFIX}{}-{secret}", key.id),
        key,
    })
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
