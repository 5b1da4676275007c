//! A text that must not be printed by accident.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A provider's key on its way to the keychain. It crosses between page and shell as it is, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself; where this is called, it must go no further than it has to.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;
    use crate::command::gateway::SecretsSet;

    #[test]
    fn a_command_that_carries_one_does_not_print_it() {
        let set = SecretsSet {
            provider: "openai".to_owned(),
            secret: Secret::from("sk-proj-abc".to_owned()),
        };
        let printed = format!("{set:?}");
        assert!(
            printed.contains("openai") && !printed.contains("abc"),
            "{printed}"
        );
        assert_eq!(
            serde_json::to_string(&set).unwrap(),
            r#"{"provider":"openai","secret":"sk-proj-abc"}"#
        );
    }
}
