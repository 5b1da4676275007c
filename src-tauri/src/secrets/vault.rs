//! What the secret store asks of a keychain, and the operating system's own.

/// The service under which the keychain files Weir's entries.
const SERVICE: &str = "dev.weir.desktop";

/// A keychain. Errors are sentences for the log and never hold a secret.
pub(super) trait Vault: Send {
    fn write(&self, name: &str, secret: &str) -> Result<(), String>;
    fn read(&self, name: &str) -> Result<Option<String>, String>;
    fn delete(&self, name: &str) -> Result<(), String>;
}

/// Keychain on macOS, Credential Manager on Windows, Secret Service elsewhere.
pub(super) struct Keyring;

impl Vault for Keyring {
    fn write(&self, name: &str, secret: &str) -> Result<(), String> {
        entry(name)?
            .set_password(secret)
            .map_err(|problem| sentence(&problem))
    }

    fn read(&self, name: &str) -> Result<Option<String>, String> {
        match entry(name)?.get_password() {
            Ok(secret) => Ok(Some(secret)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(problem) => Err(sentence(&problem)),
        }
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        entry(name)?
            .delete_credential()
            .map_err(|problem| sentence(&problem))
    }
}

fn entry(name: &str) -> Result<keyring::Entry, String> {
    // `Entry::new` hides why there is no keychain, `store_status` tells.
    if let Err(problem) = keyring::Entry::store_status() {
        return Err(sentence(problem));
    }
    keyring::Entry::new(SERVICE, name).map_err(|problem| sentence(&problem))
}

/// `Display` only: `Debug` of some variants carries the bytes of the secret.
fn sentence(problem: &keyring::Error) -> String {
    problem.to_string()
}
