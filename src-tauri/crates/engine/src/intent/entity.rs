//! Picks entity values out of a text, and remembers where they stood for the key guard.

use super::{cache_key::normal_value, compile, compile::IntentRuleError, rule::IntentRule};
use regex::Regex;
use std::{collections::BTreeMap, ops::Range};

/// The compiled entity expressions of one intent.
#[derive(Debug, Clone)]
pub(super) struct Entities(Vec<Regex>);

/// What was found: the values, and for each match its place and those of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) values: BTreeMap<String, String>,
    pub(super) matches: Vec<Match>,
}

/// One match of one entity expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) range: Range<usize>,
    pub(super) values: Vec<(String, Range<usize>)>,
}

impl Entities {
    /// Compiles and checks the entity rules of an intent.
    ///
    /// # Errors
    /// An expression is broken, too large, has no named group, or feeds a cache key with a wildcard
    /// outside its groups; or the key template names an entity that no expression yields.
    pub(super) fn compile(rule: &IntentRule) -> Result<Self, IntentRuleError> {
        let mut compiled = Vec::with_capacity(rule.entities.len());
        for entity in &rule.entities {
            let fault =
                |problem: &str| IntentRuleError::new(rule, format!("entity \"{}\"", entity.pattern), problem);
            let regex = compile::expression(rule, "entity", &entity.pattern)?;
            if regex.capture_names().flatten().next().is_none() {
                return Err(fault(
                    "it has no named group; write (?P<object>…) around the value",
                ));
            }
            if rule.cache_key.is_some() && has_open_wildcard(&entity.pattern) {
                return Err(fault(
                    "it feeds the cache key, so text outside its named groups must be literal words: a wildcard there could swallow what makes two questions differ",
                ));
            }
            compiled.push(regex);
        }
        let yielded = |name: &str| {
            compiled
                .iter()
                .any(|regex| regex.capture_names().flatten().any(|n| n == name))
        };
        if let Some(template) = &rule.cache_key {
            for name in key_entities(template) {
                if !yielded(name) {
                    let problem = format!("no entity expression has a group named {name}; add (?P<{name}>…)");
                    return Err(IntentRuleError::new(
                        rule,
                        format!("cache_key \"{template}\""),
                        problem,
                    ));
                }
            }
        }
        Ok(Entities(compiled))
    }

    /// The first value of each name in a normalised text; earlier expressions win.
    pub(super) fn find(&self, text: &str) -> Found {
        let mut found = Found::default();
        for regex in &self.0 {
            let Some(captures) = regex.captures(text) else {
                continue;
            };
            let named: Vec<_> = regex
                .capture_names()
                .flatten()
                .filter_map(|name| captures.name(name).map(|value| (name.to_owned(), value)))
                .filter(|(_, value)| !value.as_str().trim().is_empty())
                .collect();
            if named.is_empty() || named.iter().any(|(name, _)| found.values.contains_key(name)) {
                continue;
            }
            let range = captures.get(0).map_or(0..0, |whole| whole.range());
            let values = named
                .iter()
                .map(|(name, value)| (name.clone(), value.range()))
                .collect();
            found.matches.push(Match { range, values });
            found.values.extend(
                named
                    .into_iter()
                    .map(|(name, value)| (name, normal_value(value.as_str()))),
            );
        }
        found
    }
}

/// The entity names a template asks for; none if it is malformed.
pub(super) fn key_entities(template: &str) -> Vec<&str> {
    let pieces = super::cache_key::pieces(template).unwrap_or_default();
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            super::cache_key::Piece::Entity(name) => Some(name),
            super::cache_key::Piece::Literal(_) => None,
        })
        .collect()
}

/// Whether anything outside named groups can match more than the words written there.
fn has_open_wildcard(pattern: &str) -> bool {
    let characters: Vec<char> = pattern.chars().collect();
    let mut groups: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let named = groups.contains(&true);
        match characters[at] {
            '\\' => {
                let class = characters.get(at + 1).is_some_and(|c| "wWdDSpPB".contains(*c));
                if class && !named {
                    return true;
                }
                at += 1;
            }
            '(' => {
                let opening: String = characters[at..].iter().take(4).collect();
                groups.push(opening == "(?P<" || opening.starts_with("(?<"));
            }
            ')' => drop(groups.pop()),
            '.' if !named => return true,
            '[' => {
                let end = class_end(&characters, at);
                let content = &characters[at + 1..end];
                if !named
                    && content
                        .iter()
                        .any(|c| c.is_alphanumeric() || matches!(c, '^' | '\\'))
                {
                    return true;
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// The index of the `]` that closes the class opened at `start`, nested classes and escapes included.
fn class_end(characters: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < characters.len() {
        match characters[at] {
            '\\' => at += 1,
            '[' => depth += 1,
            // A `]` right after the opening stands for itself.
            ']' if at > start + 1 => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    characters.len()
}

#[cfg(test)]
mod tests {
    use super::super::rule::EntityRule;
    use super::*;

    fn rule(patterns: &[&str], cache_key: Option<&str>) -> IntentRule {
        let mut rule: IntentRule = toml::from_str("name = \"x\"").unwrap();
        rule.entities = patterns
            .iter()
            .map(|pattern| EntityRule {
                pattern: (*pattern).into(),
            })
            .collect();
        rule.cache_key = cache_key.map(str::to_owned);
        rule
    }

    #[test]
    fn values_are_normalised_and_the_first_expression_wins() {
        let rule = rule(
            &[
                "plan for (?P<object>[a-z ]+)",
                "for (?P<object>[a-z]+) in (?P<city>[a-z]+)",
            ],
            None,
        );
        let found = Entities::compile(&rule)
            .unwrap()
            .find("plan for  a   car ; for rent in rome");
        assert_eq!(found.values, BTreeMap::from([("object".into(), "a car".into())]));
        assert_eq!(found.matches.len(), 1);
    }

    #[test]
    fn an_expression_without_a_group_or_a_key_without_an_entity_is_an_error() {
        assert!(
            Entities::compile(&rule(&["plan"], None))
                .unwrap_err()
                .problem
                .contains("named group")
        );
        let error = Entities::compile(&rule(&["(?P<a>x)"], Some("k:{b}"))).unwrap_err();
        assert!(error.problem.contains("(?P<b>…)"), "{error}");
    }

    #[test]
    fn wildcards_outside_the_groups_may_not_feed_a_key() {
        for open in [
            "plan.*(?P<a>x)",
            r"\w+ (?P<a>x)",
            r"\d(?P<a>x)",
            "[a-z]+(?P<a>x)",
            "[^,](?P<a>x)",
            "(?P<a>x).",
            "[]a](?P<a>x)",
        ] {
            assert!(Entities::compile(&rule(&[open], None)).is_ok(), "{open}");
            assert!(
                Entities::compile(&rule(&[open], Some("k:{a}"))).is_err(),
                "{open}"
            );
        }
        for closed in [r"\bplan (?:for|to) (?P<a>[^.]+.\w)[.!?]*\s*$", r"a\.(?<a>x)"] {
            assert!(
                Entities::compile(&rule(&[closed], Some("k:{a}"))).is_ok(),
                "{closed}"
            );
        }
    }
}
