//! Provider keys: in the operating system's keychain where there is one that works, else in this session's memory.
//!
//! A key is never written to a file, a database or a log. All keychain calls happen on one thread of their own: the
//! Linux keychain speaks D-Bus with its own runtime, and a locked one may wait for a person.

mod vault;

use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};
use vault::Vault;
use weir_contract::model::catalog::KeySource;
use weir_engine::provider::SecretSource;
use weir_gateway::config::Environment;

/// How long a call to a provider, or the opening of a profile, may wait for the keychain.
const READ_WAIT: Duration = Duration::from_secs(3);
/// How long a person has to unlock the keychain when a key is saved.
const WRITE_WAIT: Duration = Duration::from_secs(60);

enum Ask {
    Usable(mpsc::Sender<bool>),
    Read(String, mpsc::Sender<Option<SecretString>>),
    Write(String, SecretString, mpsc::Sender<Result<(), String>>),
    Delete(String, mpsc::Sender<()>),
}

/// Where a secret went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It survives this window.
    Keychain,
    /// It is forgotten when the window closes.
    Session,
}

impl Place {
    /// The word in `GatewayStatus::secret_store`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Place::Keychain => "keychain",
            Place::Session => "session",
        }
    }
}

/// The keys of this window.
pub struct SecretStore {
    environment: Environment,
    session: Mutex<HashMap<String, SecretString>>,
    keychain: mpsc::Sender<Ask>,
}

impl SecretStore {
    /// The keychain of this computer. Returns at once; the keychain is tried in the background by a real write and read.
    #[must_use]
    pub fn open(environment: Environment) -> SecretStore {
        SecretStore::over(environment, Box::new(vault::Keyring))
    }

    fn over(environment: Environment, vault: Box<dyn Vault>) -> SecretStore {
        let (keychain, asked) = mpsc::channel();
        // When the thread cannot be made, every question goes unanswered and the session's memory is used.
        let _ = thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || serve(vault.as_ref(), &asked));
        SecretStore {
            environment,
            session: Mutex::default(),
            keychain,
        }
    }

    /// Where keys go at the moment. Waits up to 3 s for a keychain that is still being tried.
    #[must_use]
    pub fn place(&self) -> Place {
        match self.ask(READ_WAIT, Ask::Usable) {
            Some(true) => Place::Keychain,
            _ => Place::Session,
        }
    }

    /// Keeps a secret under this name and says where. It can be used at once. Blocks up to a minute while a person unlocks the keychain.
    pub fn set(&self, name: &str, secret: SecretString) -> Place {
        self.session().insert(name.to_owned(), secret.clone());
        match self.ask(WRITE_WAIT, |reply| Ask::Write(name.to_owned(), secret, reply)) {
            Some(Ok(())) => Place::Keychain,
            Some(Err(problem)) => {
                tracing::warn!(
                    name,
                    problem,
                    "the keychain did not take the key; it is kept until the window closes"
                );
                Place::Session
            }
            None => Place::Session,
        }
    }

    /// Forgets the secret of this name, here and in the keychain. Blocks up to a minute, as [`SecretStore::set`].
    pub fn forget(&self, name: &str) {
        self.session().remove(name);
        // A keychain that does not answer keeps an entry that nothing names any more.
        let _ = self.ask(WRITE_WAIT, |reply| Ask::Delete(name.to_owned(), reply));
    }

    fn get(&self, name: &str) -> Option<SecretString> {
        if let Some(known) = self.session().get(name) {
            return Some(known.clone());
        }
        let found = self
            .ask(READ_WAIT, |reply| Ask::Read(name.to_owned(), reply))
            .flatten()?;
        self.session().insert(name.to_owned(), found.clone());
        Some(found)
    }

    fn ask<Reply>(&self, wait: Duration, question: impl FnOnce(mpsc::Sender<Reply>) -> Ask) -> Option<Reply> {
        let (reply, answer) = mpsc::channel();
        self.keychain.send(question(reply)).ok()?;
        answer.recv_timeout(wait).ok()
    }

    fn session(&self) -> std::sync::MutexGuard<'_, HashMap<String, SecretString>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretSource for SecretStore {
    fn secret(&self, source: &KeySource) -> Option<SecretString> {
        match source {
            KeySource::None => None,
            KeySource::Env(_) => self.environment.secret(source),
            KeySource::Keychain(name) => self.get(name),
        }
    }
}

fn serve(vault: &dyn Vault, asked: &mpsc::Receiver<Ask>) {
    let usable = probe(vault);
    // A reply that nobody waits for any more is dropped; the asker has gone on without the keychain.
    for ask in asked {
        match ask {
            Ask::Usable(reply) => drop(reply.send(usable)),
            Ask::Read(name, reply) => {
                let found = if usable {
                    vault.read(&name).ok().flatten()
                } else {
                    None
                };
                drop(reply.send(found.map(SecretString::from)));
            }
            Ask::Write(name, secret, reply) => {
                let outcome = if usable {
                    vault.write(&name, secret.expose_secret())
                } else {
                    Err("no keychain works on this computer".to_owned())
                };
                drop(reply.send(outcome));
            }
            Ask::Delete(name, reply) => {
                if usable && let Err(problem) = vault.delete(&name) {
                    tracing::debug!(problem, "there was nothing to remove from the keychain");
                }
                let _ = reply.send(());
            }
        }
    }
}

/// A keychain that answers may still be locked or read-only, so only a real write and read count.
fn probe(vault: &dyn Vault) -> bool {
    const NAME: &str = "weir-probe";
    let written = vault.write(NAME, "written to see whether the keychain works");
    let read = vault.read(NAME);
    let _ = vault.delete(NAME);
    match (written, read) {
        (Ok(()), Ok(Some(_))) => true,
        (written, read) => {
            let problem = written
                .err()
                .or(read.err())
                .unwrap_or_else(|| "what was written could not be read".to_owned());
            tracing::info!(
                problem,
                "no working keychain: provider keys are kept until the window closes"
            );
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<HashMap<String, String>>>);
    impl Vault for Memory {
        fn write(&self, name: &str, secret: &str) -> Result<(), String> {
            self.0.lock().unwrap().insert(name.to_owned(), secret.to_owned());
            Ok(())
        }
        fn read(&self, name: &str) -> Result<Option<String>, String> {
            Ok(self.0.lock().unwrap().get(name).cloned())
        }
        fn delete(&self, name: &str) -> Result<(), String> {
            self.0.lock().unwrap().remove(name);
            Ok(())
        }
    }

    struct Locked;
    impl Vault for Locked {
        fn write(&self, _: &str, _: &str) -> Result<(), String> {
            Err("locked".to_owned())
        }
        fn read(&self, _: &str) -> Result<Option<String>, String> {
            Err("locked".to_owned())
        }
        fn delete(&self, _: &str) -> Result<(), String> {
            Err("locked".to_owned())
        }
    }

    fn read(store: &SecretStore, name: &str) -> Option<String> {
        let secret = store.secret(&KeySource::Keychain(name.to_owned()))?;
        Some(secret.expose_secret().to_owned())
    }

    #[test]
    fn a_working_keychain_outlives_the_store_and_keeps_no_probe() {
        let vault = Memory::default();
        let first = SecretStore::over(Environment::default(), Box::new(vault.clone()));
        assert_eq!(first.place(), Place::Keychain);
        assert_eq!(first.set("openai", SecretString::from("sk-1")), Place::Keychain);
        drop(first);
        assert_eq!(vault.0.lock().unwrap().len(), 1, "the probe is removed again");
        let second = SecretStore::over(Environment::default(), Box::new(vault));
        assert_eq!(read(&second, "openai").as_deref(), Some("sk-1"));
        assert_eq!(read(&second, "anthropic"), None);
        second.forget("openai");
        assert_eq!(read(&second, "openai"), None, "neither here nor in the keychain");
    }

    #[test]
    fn a_locked_keychain_falls_back_to_the_session() {
        let store = SecretStore::over(Environment::default(), Box::new(Locked));
        assert_eq!(store.place(), Place::Session);
        assert_eq!(store.set("openai", SecretString::from("sk-1")), Place::Session);
        assert_eq!(
            read(&store, "openai").as_deref(),
            Some("sk-1"),
            "it must be usable at once"
        );
    }

    #[test]
    fn a_key_from_the_environment_is_read_there() {
        let pairs = [("OPENAI_API_KEY".to_owned(), "sk-env".to_owned())];
        let store = SecretStore::over(
            Environment::from_pairs(pairs.into_iter()),
            Box::new(Memory::default()),
        );
        let found = store
            .secret(&KeySource::Env("OPENAI_API_KEY".to_owned()))
            .unwrap();
        assert_eq!(found.expose_secret(), "sk-env");
    }
}
