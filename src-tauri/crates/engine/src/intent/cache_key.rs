//! Fills a key template with entities so that no two entity sets share a key.

use std::collections::BTreeMap;

/// Longer values are refused, not cut: a cut would let two questions share one answer.
const LONGEST_VALUE_BYTES: usize = 160;

/// A template taken apart: literal pieces and the entities between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Literal(&'t str),
    Entity(&'t str),
}

/// Fills `task:{object}:base`. `None` if the template is malformed, an entity is missing or empty, or a
/// value is longer than 160 bytes; the caller then keys on the exact text.
///
/// Values are trimmed, lower-cased and single-spaced; `:`, `{`, `}` and `%` in them are percent-escaped.
/// Two sets that differ (after this) in any entity of the template never fill to the same key.
#[must_use]
pub fn fill_cache_key(template: &str, entities: &BTreeMap<String, String>) -> Option<String> {
    let mut key = String::with_capacity(template.len() + 32);
    for piece in pieces(template).ok()? {
        match piece {
            Piece::Literal(text) => key.push_str(text),
            Piece::Entity(name) => {
                let value = normal_value(entities.get(name)?);
                if value.is_empty() || value.len() > LONGEST_VALUE_BYTES {
                    return None;
                }
                append_escaped(&mut key, &value);
            }
        }
    }
    Some(key)
}

/// A value as it stands in keys: trimmed, lower-case, single spaces.
pub(super) fn normal_value(value: &str) -> String {
    value
        .split_whitespace()
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Takes a template apart. The error is a sentence that says what to write instead.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let brace = rest.find(['{', '}']).unwrap_or(rest.len());
        if brace > 0 {
            pieces.push(Piece::Literal(&rest[..brace]));
        }
        rest = &rest[brace..];
        if let Some(opened) = rest.strip_prefix('{') {
            let end = opened.find('}').ok_or("a '{' is never closed; write {entity}")?;
            let name = &opened[..end];
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!(
                    "{{{name}}} is not an entity name; use letters, digits and '_'"
                ));
            }
            pieces.push(Piece::Entity(name));
            rest = &opened[end + 1..];
        } else if !rest.is_empty() {
            return Err("a '}' has no '{' before it; write {entity}".to_owned());
        }
    }
    check_separation(&pieces)?;
    Ok(pieces)
}

/// Values never contain a bare ':', so one entity per ':'-separated part makes filling injective.
fn check_separation(pieces: &[Piece<'_>]) -> Result<(), String> {
    let mut entity_in_part = None;
    for piece in pieces {
        match (piece, entity_in_part) {
            (Piece::Literal(text), _) if text.contains(':') => entity_in_part = None,
            (Piece::Literal(_), _) => {}
            (Piece::Entity(name), Some(before)) => {
                return Err(format!(
                    "put a ':' between {{{before}}} and {{{name}}}, or keys could collide"
                ));
            }
            (Piece::Entity(name), None) => entity_in_part = Some(*name),
        }
    }
    Ok(())
}

fn append_escaped(key: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            ':' => key.push_str("%3a"),
            '{' => key.push_str("%7b"),
            '}' => key.push_str("%7d"),
            '%' => key.push_str("%25"),
            _ => key.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn values_are_normalised_and_escaped() {
        let entities = set(&[("object", "  Buying:\n a {Car} 100% ")]);
        assert_eq!(
            fill_cache_key("task:{object}:base", &entities).as_deref(),
            Some("task:buying%3a a %7bcar%7d 100%25:base")
        );
    }

    #[test]
    fn missing_empty_and_endless_values_give_no_key() {
        let template = "task:{object}:base";
        assert_eq!(fill_cache_key(template, &set(&[])), None);
        assert_eq!(fill_cache_key(template, &set(&[("object", " \n ")])), None);
        assert_eq!(
            fill_cache_key(template, &set(&[("object", &"x".repeat(161))])),
            None
        );
        assert!(fill_cache_key(template, &set(&[("object", &"x".repeat(160))])).is_some());
    }

    #[test]
    fn a_malformed_template_says_what_to_write() {
        for (template, says) in [
            ("a:{b", "never closed"),
            ("a:b}", "no '{'"),
            ("a:{}", "not an entity name"),
            ("a:{b c}", "not an entity name"),
            ("{a}{b}", "put a ':'"),
            ("{a}-{b}", "put a ':'"),
        ] {
            let error = pieces(template).unwrap_err();
            assert!(error.contains(says), "{template}: {error}");
            assert_eq!(
                fill_cache_key(template, &set(&[("a", "1"), ("b", "2"), ("b c", "3")])),
                None
            );
        }
    }

    proptest! {
        #[test]
        fn different_entities_never_share_a_key(
            a in "[ab:%{}3A7bd ]{0,6}", b in "[ab:%{}3A7bd ]{0,6}", c in "[ab:%{}3A7bd ]{0,6}", d in "[ab:%{}3A7bd ]{0,6}",
        ) {
            let (left, right) = (set(&[("x", &a), ("y", &b)]), set(&[("x", &c), ("y", &d)]));
            let template = "k-{x}!:z:{y}";
            if let (Some(one), Some(two)) = (fill_cache_key(template, &left), fill_cache_key(template, &right)) {
                let same = normal_value(&a) == normal_value(&c) && normal_value(&b) == normal_value(&d);
                prop_assert_eq!(one == two, same);
            }
        }

        #[test]
        fn no_template_and_no_value_panics(template in "\\PC{0,40}", value in "\\PC{0,40}") {
            let _ = fill_cache_key(&template, &set(&[("a", &value)]));
        }
    }
}
