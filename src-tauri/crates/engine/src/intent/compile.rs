//! The checks each part of a rule passes before it runs, and the error that names the part at fault.

use super::{GENERAL, cache_key, rule::IntentRule};
use regex::{Regex, RegexBuilder};

/// One compiled pattern may take this much memory; a hostile `(\w{99}){99}` is an error instead of a stall.
const PATTERN_LIMIT_BYTES: usize = 1 << 20;
const NEST_LIMIT: u32 = 50;
const LONGEST_PATTERN_BYTES: usize = 2000;
const LONGEST_NAME_BYTES: usize = 64;
const HEAVIEST_WEIGHT: u32 = 100;

/// Why a rule cannot be used: which intent, which part of it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("intent \"{intent}\", {part}: {problem}")]
pub struct IntentRuleError {
    /// The intent's name as configured.
    pub intent: String,
    /// The part at fault, e.g. `pattern "summ(ary"`.
    pub part: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

impl IntentRuleError {
    pub(super) fn new(rule: &IntentRule, part: impl Into<String>, problem: impl Into<String>) -> Self {
        IntentRuleError {
            intent: rule.name.clone(),
            part: part.into(),
            problem: problem.into(),
        }
    }
}

/// A source text without its ` ^N`, and its weight.
pub(super) struct Weighted {
    pub(super) source: String,
    pub(super) weight: u32,
}

/// Checks what needs no compiling: name, tiers, something to match on, the key template's form.
pub(super) fn check_shape(rule: &IntentRule) -> Result<(), IntentRuleError> {
    let fault = |part: &str, problem: String| Err(IntentRuleError::new(rule, part, problem));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if rule.name.is_empty() || rule.name.len() > LONGEST_NAME_BYTES || !rule.name.chars().all(plain) {
        return fault(
            "name",
            format!("use 1 to {LONGEST_NAME_BYTES} lower-case letters, digits and '_'"),
        );
    }
    if rule.name == GENERAL {
        return fault(
            "name",
            format!("\"{GENERAL}\" is what no rule recognises; choose another name"),
        );
    }
    if rule.lowest_tier > rule.highest_tier {
        let (lowest, highest) = (rule.lowest_tier, rule.highest_tier);
        return fault(
            "lowest_tier",
            format!("{lowest} is above highest_tier {highest}; swap them"),
        );
    }
    if let Some(template) = &rule.cache_key {
        let part = format!("cache_key \"{template}\"");
        let pieces =
            cache_key::pieces(template).map_err(|problem| IntentRuleError::new(rule, &part, problem))?;
        if !pieces
            .iter()
            .any(|piece| matches!(piece, cache_key::Piece::Entity(_)))
        {
            return fault(
                &part,
                "name at least one {entity}, or every request would share one answer".into(),
            );
        }
    }
    Ok(())
}

/// Splits a trailing ` ^N` off. In a regular expression a space before `^` could never match, so the
/// suffix takes nothing away from the pattern language.
pub(super) fn weighted(
    rule: &IntentRule,
    part: &str,
    text: &str,
    default: u32,
) -> Result<Weighted, IntentRuleError> {
    let fault = |problem: String| IntentRuleError::new(rule, format!("{part} \"{text}\""), problem);
    let (source, weight) = match text.rsplit_once(" ^") {
        Some((source, digits)) if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) => {
            let weight = digits.parse().ok().filter(|weight| *weight <= HEAVIEST_WEIGHT);
            (
                source,
                weight.ok_or_else(|| fault(format!("a weight goes from 0 to {HEAVIEST_WEIGHT}")))?,
            )
        }
        _ => (text, default),
    };
    if !source.chars().any(char::is_alphanumeric) {
        return Err(fault(
            "it has no letter or digit to look for; write a word".into(),
        ));
    }
    if source.len() > LONGEST_PATTERN_BYTES {
        return Err(fault(format!(
            "it is longer than {LONGEST_PATTERN_BYTES} bytes; split it"
        )));
    }
    Ok(Weighted {
        source: source.to_owned(),
        weight,
    })
}

/// Compiles one expression within the size limits.
pub(super) fn expression(rule: &IntentRule, part: &str, source: &str) -> Result<Regex, IntentRuleError> {
    let fault = |problem: String| IntentRuleError::new(rule, format!("{part} \"{source}\""), problem);
    let regex = RegexBuilder::new(&quick_boundaries(source))
        .case_insensitive(true)
        .size_limit(PATTERN_LIMIT_BYTES)
        .nest_limit(NEST_LIMIT)
        .build()
        .map_err(|error| fault(in_one_line(&error)))?;
    if regex.is_match("") {
        return Err(fault(
            "it matches the empty text and so every request; make a part of it required".into(),
        ));
    }
    Ok(regex)
}

fn in_one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(bytes) => {
            format!("it needs more than {bytes} bytes once compiled; shorten its repetitions")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("not a regular expression: {}", last.trim_start_matches("error: "))
        }
    }
}

/// Makes `\b` an ASCII boundary in ASCII patterns: the Unicode one drops the whole set to a matcher that
/// is many times slower as soon as the text has one non-ASCII character.
pub(super) fn quick_boundaries(source: &str) -> String {
    if !source.is_ascii() {
        return source.to_owned();
    }
    let mut quick = String::with_capacity(source.len() + 32);
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek().copied()) {
            ('\\', Some('b')) => {
                characters.next();
                let special = characters.peek() == Some(&'{');
                quick.push_str(if special { "\\b" } else { "(?-u:\\b)" });
            }
            ('\\', Some(escaped)) => {
                characters.next();
                quick.extend(['\\', escaped]);
            }
            _ => quick.push(character),
        }
    }
    quick
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str) -> IntentRule {
        toml::from_str(&format!("name = \"{name}\"")).unwrap()
    }

    #[test]
    fn names_tiers_and_templates_are_checked() {
        for name in ["", "Summarize", "a b", "a:b", "général", &"x".repeat(65)] {
            assert_eq!(check_shape(&rule(name)).unwrap_err().part, "name", "{name}");
        }
        assert!(
            check_shape(&rule("general"))
                .unwrap_err()
                .problem
                .contains("choose another")
        );
        let upside_down: IntentRule =
            toml::from_str("name = \"x\"\nlowest_tier = \"T2\"\nhighest_tier = \"T1\"").unwrap();
        assert!(
            check_shape(&upside_down)
                .unwrap_err()
                .to_string()
                .contains("T2 is above highest_tier T1")
        );
        for template in ["task:{object", "task:base"] {
            let keyed = IntentRule {
                cache_key: Some(template.into()),
                ..rule("x")
            };
            assert!(check_shape(&keyed).unwrap_err().part.contains(template));
        }
    }

    #[test]
    fn a_weight_is_split_off_and_bounded() {
        let read = |text: &str| weighted(&rule("x"), "phrase", text, 3).map(|w| (w.source, w.weight));
        assert_eq!(read("tl;dr ^7").unwrap(), ("tl;dr".into(), 7));
        assert_eq!(read("a ^b").unwrap(), ("a ^b".into(), 3));
        assert!(read("a ^101").unwrap_err().problem.contains("0 to 100"));
        assert!(read("a ^99999999999999").is_err());
        assert!(read("!? ^4").unwrap_err().problem.contains("write a word"));
        assert!(read(&"a".repeat(2001)).is_err());
    }

    #[test]
    fn a_hostile_or_broken_pattern_is_named() {
        let fails = |source: &str| expression(&rule("x"), "pattern", source).unwrap_err().to_string();
        assert!(fails("(\\w{99}){99}").contains("shorten its repetitions"));
        assert!(
            fails("summ(ary").starts_with("intent \"x\", pattern \"summ(ary\": not a regular expression")
        );
        assert!(fails("a*").contains("matches the empty text"));
        assert!(fails(&format!("{}a{}", "(".repeat(60), ")".repeat(60))).contains("nest"));
    }

    #[test]
    fn boundaries_become_ascii_only_in_ascii_patterns() {
        assert_eq!(
            quick_boundaries(r"\bplan\\b\b{start}"),
            r"(?-u:\b)plan\\b\b{start}"
        );
        let german = expression(&rule("x"), "pattern", r"\bübersetze\b").unwrap();
        assert!(german.is_match("bitte übersetze das"));
    }
}
