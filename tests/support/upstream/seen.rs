//! A request as the fake provider saw it.

use serde_json::Value;

/// One request.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Value,
    pub model: String,
    pub stream: bool,
    /// False for lists of models, which cost nothing.
    pub paid: bool,
}

impl Seen {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}
