//! What a clear means, in words. Plain data.

use crate::format;
use weir_contract::model::cache::{CacheExtent, CacheSelector};

/// The word to type before everything is cleared.
pub const WORD: &str = "clear";

/// Builds the selector from the form; the error says what is missing.
///
/// # Errors
/// When the kind needs a value and none was given.
pub fn selector(kind: &str, value: &str) -> Result<CacheSelector, String> {
    let value = value.trim();
    let needed = |what: &str| {
        if value.is_empty() {
            Err(format!("Say which {what}."))
        } else {
            Ok(value.to_owned())
        }
    };
    match kind {
        "intent" => needed("intent").map(CacheSelector::Intent),
        "model" => needed("model").map(CacheSelector::Model),
        "prefix" => needed("beginning of the label").map(CacheSelector::Prefix),
        "entry" => needed("entry's key").map(CacheSelector::Entry),
        _ => Ok(CacheSelector::All),
    }
}

/// What the selector means.
#[must_use]
pub fn describe(selector: &CacheSelector) -> String {
    match selector {
        CacheSelector::All => "every cached answer".to_owned(),
        CacheSelector::Entry(key) => format!("the entry {}", key.chars().take(12).collect::<String>()),
        CacheSelector::Intent(intent) => format!("the answers of intent \"{intent}\""),
        CacheSelector::Model(model) => format!("the answers of model \"{model}\""),
        CacheSelector::Prefix(prefix) => format!("the entries whose label starts with \"{prefix}\""),
    }
}

/// The button that names its act.
#[must_use]
pub fn act(extent: CacheExtent) -> String {
    format!("Delete {}", format::plural(extent.entries, "entry", "entries"))
}

/// True when the act may be done: everything needs the word, the rest only something to delete.
#[must_use]
pub fn may_clear(selector: &CacheSelector, extent: CacheExtent, typed: &str) -> bool {
    extent.entries > 0 && (*selector != CacheSelector::All || typed.trim().eq_ignore_ascii_case(WORD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_needs_the_word() {
        let some = CacheExtent {
            entries: 1_204,
            ..CacheExtent::default()
        };
        assert!(!may_clear(&CacheSelector::All, some, ""));
        assert!(may_clear(&CacheSelector::All, some, " Clear "));
        assert!(may_clear(&CacheSelector::Intent("faq".into()), some, ""));
        assert!(!may_clear(
            &CacheSelector::Intent("faq".into()),
            CacheExtent::default(),
            ""
        ));
        assert_eq!(act(some), "Delete 1,204 entries");
    }

    #[test]
    fn a_selector_needs_its_value() {
        assert!(selector("intent", " ").is_err());
        assert_eq!(
            selector("prefix", "task:"),
            Ok(CacheSelector::Prefix("task:".into()))
        );
        assert_eq!(selector("all", ""), Ok(CacheSelector::All));
    }
}
