//! Text as Postgres can hold it: everything but the zero byte, which JSON and so a client may send.

use std::borrow::Cow;

/// The text with each zero byte replaced by U+FFFD, the sign for what cannot be shown.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The same of several.
pub(crate) fn all_storable(texts: &[String]) -> Vec<Cow<'_, str>> {
    texts.iter().map(|text| storable(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::storable;

    #[test]
    fn only_zero_bytes_change() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        assert_eq!(storable("a\u{1F600}b"), "a\u{1F600}b");
    }
}
