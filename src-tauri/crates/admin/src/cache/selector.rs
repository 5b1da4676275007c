//! Checks which entries an operation means, before it does anything.

use weir_contract::{ApiError, model::cache::CacheSelector};

/// Refuses a selector with empty text: an empty prefix would mean every entry, and who means that says `all`.
/// Intents may be empty: requests without an intent have that one.
pub(super) fn check(selector: &CacheSelector) -> Result<(), ApiError> {
    let (kind, text) = match selector {
        CacheSelector::All | CacheSelector::Intent(_) => return Ok(()),
        CacheSelector::Entry(text) => ("entry", text),
        CacheSelector::Model(text) => ("model", text),
        CacheSelector::Prefix(text) => ("prefix", text),
        CacheSelector::Source(text) => ("source", text),
        CacheSelector::User(text) => ("user", text),
    };
    if text.is_empty() {
        return Err(ApiError::invalid(format!(
            "selector: the {kind} is empty; to mean every entry send {{\"kind\": \"all\"}}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CacheSelector, check};

    #[test]
    fn empty_text_never_means_everything() {
        assert!(check(&CacheSelector::All).is_ok());
        assert!(check(&CacheSelector::Prefix("expense:".into())).is_ok());
        for empty in [
            CacheSelector::Prefix(String::new()),
            CacheSelector::Entry(String::new()),
            CacheSelector::Model(String::new()),
        ] {
            assert!(check(&empty).unwrap_err().message.contains("all"), "{empty:?}");
        }
    }
}
