//! What a clear means, in words. Plain data.

use crate::format;
use weir_contract::model::cache::{CacheClearRow, CacheExtent, CacheSelector, ClearState};

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
        "source" => needed("source").map(CacheSelector::Source),
        "user" => needed("user").map(CacheSelector::User),
        "entry" => needed("entry's key").map(CacheSelector::Entry),
        _ => Ok(CacheSelector::All),
    }
}

/// The button that names its act.
#[must_use]
pub fn act(extent: CacheExtent, purge: bool) -> String {
    let verb = if purge { "Purge" } else { "Clear" };
    let entries = format::plural(extent.entries, "entry", "entries");
    if extent.collection_items == 0 {
        return format!("{verb} {entries}");
    }
    let items = format::plural(extent.collection_items, "collection item", "collection items");
    format!("{verb} {entries} and delete {items}")
}

/// What has to be typed first: a word for everything, and for what cannot be undone.
#[must_use]
pub fn word(selector: &CacheSelector, purge: bool) -> Option<&'static str> {
    if purge {
        Some("purge")
    } else {
        (*selector == CacheSelector::All).then_some("clear")
    }
}

/// True when the act may be done: with its word, if it has one. A purge is for what was cleared before, too, so it may be done
/// where nothing is served.
#[must_use]
pub fn may_clear(selector: &CacheSelector, extent: CacheExtent, typed: &str, purge: bool) -> bool {
    (purge || extent.entries > 0 || extent.collection_items > 0)
        && word(selector, purge).is_none_or(|word| typed.trim().eq_ignore_ascii_case(word))
}

/// What a clear has come to, in a word.
#[must_use]
pub fn state_word(state: ClearState) -> &'static str {
    match state {
        ClearState::Cleared => "cleared",
        ClearState::Undone => "undone",
        ClearState::Purged => "purged",
    }
}

/// `on 3 of 4 gateways`; nothing where no gateway lives.
#[must_use]
pub fn followed(clear: &CacheClearRow) -> String {
    if clear.gateways == 0 {
        return "no gateway runs".to_owned();
    }
    format!(
        "on {} of {}",
        format::count(clear.confirmed),
        format::plural(clear.gateways, "gateway", "gateways")
    )
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
        let none = CacheExtent::default();
        let faq = CacheSelector::Intent("faq".into());
        assert!(!may_clear(&CacheSelector::All, some, "", false));
        assert!(may_clear(&CacheSelector::All, some, " Clear ", false));
        assert!(may_clear(&faq, some, "", false));
        assert!(!may_clear(&faq, none, "", false));
        assert_eq!(act(some, false), "Clear 1,204 entries");
        let items = CacheExtent {
            collection_items: 1,
            ..CacheExtent::default()
        };
        assert!(may_clear(&CacheSelector::Source("wiki".into()), items, "", false));
        assert_eq!(act(items, false), "Clear 0 entries and delete 1 collection item");
    }

    #[test]
    fn what_cannot_be_undone_needs_its_word() {
        let none = CacheExtent::default();
        let ana = CacheSelector::User("ana".into());
        assert!(!may_clear(&ana, none, "", true));
        assert!(!may_clear(&ana, none, "clear", true));
        assert!(may_clear(&ana, none, "purge", true));
        assert_eq!(act(none, true), "Purge 0 entries");
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
