//! The configuration of one intent, as written in the configuration file; nothing compiled.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use weir_contract::model::tier::Tier;

/// One intent: how it is recognised, which tiers may serve it and how its answers are cached.
///
/// Phrases, patterns and `not` may end in ` ^N` (a space, a caret, a number 0–100): the weight of a match.
/// Without it a phrase weighs 3, a pattern 4 and a `not` 20. An intent needs 3 to be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentRule {
    /// Stable name, written into rows and keys: lower-case letters, digits and `_`.
    pub name: String,
    /// One sentence for the settings page.
    #[serde(default)]
    pub description: String,
    /// The cheapest tier that answers well enough.
    #[serde(default = "cheapest")]
    pub lowest_tier: Tier,
    /// The dearest tier that may be used.
    #[serde(default = "dearest")]
    pub highest_tier: Tier,
    /// Whole-word phrases, any case, any run of white space between words.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Regular expressions, any case. They see lower-case text with single spaces and no line breaks.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Regular expressions that speak against the intent: its near misses.
    #[serde(default)]
    pub not: Vec<String>,
    /// Values to pick out of the text.
    #[serde(default)]
    pub entities: Vec<EntityRule>,
    /// Key template such as `task:{object}:base`; none means that only the exact text is a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_key: Option<String>,
    /// How long an answer of this intent may be served from the cache.
    #[serde(default)]
    pub cache_ttl: CacheTtl,
}

/// A regular expression whose named groups are entities, e.g. `base plan for (?P<object>[a-z ]+)`.
///
/// The text of its match outside the groups is taken to be meaning-free by the key guard, so a rule with
/// a `cache_key` may have no open wildcard there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityRule {
    /// The expression; it needs at least one named group.
    pub pattern: String,
}

/// How long a cached answer lives. In the configuration: `"short"`, `"day"`, `"month"` or seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheTtl {
    /// One hour.
    #[default]
    Short,
    /// 24 hours.
    Day,
    /// 30 days.
    Month,
    /// A chosen number of seconds, at least 1.
    Seconds(u64),
}

/// The longest life that may be configured: one year.
const LONGEST_SECONDS: u64 = 365 * 24 * 3600;

impl CacheTtl {
    /// The life in seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        match self {
            CacheTtl::Short => 3600,
            CacheTtl::Day => 24 * 3600,
            CacheTtl::Month => 30 * 24 * 3600,
            CacheTtl::Seconds(seconds) => seconds,
        }
    }
}

impl Serialize for CacheTtl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            CacheTtl::Short => serializer.serialize_str("short"),
            CacheTtl::Day => serializer.serialize_str("day"),
            CacheTtl::Month => serializer.serialize_str("month"),
            CacheTtl::Seconds(seconds) => serializer.serialize_u64(*seconds),
        }
    }
}

impl<'de> Deserialize<'de> for CacheTtl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Seconds(i64),
            Name(String),
        }
        const ALLOWED: &str = "cache_ttl takes \"short\" (1 h), \"day\" (24 h), \"month\" (30 days) or seconds from 1 to 31536000";
        let written = Written::deserialize(deserializer).map_err(|_| D::Error::custom(ALLOWED))?;
        match written {
            Written::Seconds(seconds) => match u64::try_from(seconds) {
                Ok(seconds) if (1..=LONGEST_SECONDS).contains(&seconds) => Ok(CacheTtl::Seconds(seconds)),
                _ => Err(D::Error::custom(format!("{ALLOWED}; {seconds} is outside"))),
            },
            Written::Name(name) => match name.as_str() {
                "short" => Ok(CacheTtl::Short),
                "day" => Ok(CacheTtl::Day),
                "month" => Ok(CacheTtl::Month),
                _ => Err(D::Error::custom(format!("{ALLOWED}; \"{name}\" is none of them"))),
            },
        }
    }
}

fn cheapest() -> Tier {
    Tier::T0
}

fn dearest() -> Tier {
    Tier::T3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_needs_only_a_name_and_knows_its_defaults() {
        let rule: IntentRule = toml::from_str("name = \"x\"").unwrap();
        assert_eq!((rule.lowest_tier, rule.highest_tier), (Tier::T0, Tier::T3));
        assert_eq!(rule.cache_ttl.seconds(), 3600);
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = toml::from_str::<IntentRule>("name = \"x\"\nphrase = []")
            .unwrap_err()
            .to_string();
        assert!(error.contains("phrase") && error.contains("phrases"), "{error}");
    }

    #[test]
    fn each_life_is_read_and_written_back() {
        for (written, seconds) in [
            ("\"short\"", 3600),
            ("\"day\"", 86_400),
            ("\"month\"", 2_592_000),
            ("90", 90),
        ] {
            let ttl: CacheTtl = serde_json::from_str(written).unwrap();
            assert_eq!(ttl.seconds(), seconds);
            assert_eq!(serde_json::to_string(&ttl).unwrap(), written);
        }
    }

    #[test]
    fn a_wrong_life_says_what_is_allowed() {
        for wrong in ["\"week\"", "0", "-5", "99999999999", "1.5", "true"] {
            let error = serde_json::from_str::<CacheTtl>(wrong).unwrap_err().to_string();
            assert!(error.contains("\"month\" (30 days)"), "{wrong}: {error}");
        }
    }
}
