//! A rollout's form as plain data.

use weir_contract::model::{
    rollout::{Rollout, RolloutState, VariantChange},
    tier::Tier,
};

/// All of everybody, in hundredths of a percent.
pub const EVERYBODY: u16 = 10_000;

/// Moves a share by whole percents, held between nobody and everybody.
#[must_use]
pub fn nudge(basis_points: u16, percent: i32) -> u16 {
    let moved = i32::from(basis_points) + percent * 100;
    moved.clamp(0, i32::from(EVERYBODY)) as u16
}

/// Reads a typed percentage such as `12.5`.
///
/// # Errors
/// When it is no number from 0 to 100 with at most two decimals.
pub fn parse_percent(text: &str) -> Result<u16, String> {
    let wrong = || format!("\"{text}\" is not a percentage from 0 to 100 with at most two decimals.");
    let trimmed = text.trim().trim_end_matches('%').trim();
    let (whole, fraction) = trimmed.split_once('.').unwrap_or((trimmed, ""));
    if whole.is_empty()
        || fraction.len() > 2
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return Err(wrong());
    }
    let hundredths: u32 = format!("{whole}{fraction:0<2}").parse().map_err(|_| wrong())?;
    u16::try_from(hundredths)
        .ok()
        .filter(|share| *share <= EVERYBODY)
        .ok_or_else(wrong)
}

/// The share as the number field shows it: `12.5`.
#[must_use]
pub fn percent_text(basis_points: u16) -> String {
    crate::format::basis_points(basis_points)
        .trim_end_matches(['%', '\u{a0}'])
        .to_owned()
}

/// Share of the last day's requests that met the new variant, as a ratio.
#[must_use]
pub fn measured(state: &RolloutState) -> Option<f64> {
    let all = state.new_requests + state.old_requests;
    (all > 0).then(|| state.new_requests as f64 / all as f64)
}

/// What the new variant changes, in words.
#[must_use]
pub fn change_words(change: &VariantChange) -> String {
    let mut words = Vec::new();
    if let Some(model) = &change.model {
        words.push(format!("serves {model}"));
    }
    if let Some(tier) = change.lowest_tier {
        words.push(format!("lowest tier {tier}"));
    }
    if let Some(tier) = change.highest_tier {
        words.push(format!("highest tier {tier}"));
    }
    if change.system_prefix.is_some() {
        words.push("puts text before the system prompt".to_owned());
    }
    if let Some(cache) = change.cache {
        words.push(format!("cache {}", if cache { "on" } else { "off" }));
    }
    if let Some(seconds) = change.cache_ttl_seconds {
        words.push(format!("keeps answers {}", crate::format::seconds(seconds)));
    }
    let what = if words.is_empty() {
        "changes nothing yet".to_owned()
    } else {
        words.join(", ")
    };
    let whom = change.intent.as_ref().map_or_else(
        || "all requests".to_owned(),
        |intent| format!("requests of intent \"{intent}\""),
    );
    format!("For {whom}: {what}.")
}

/// The form's content as text; empty changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    pub name: String,
    pub description: String,
    pub intent: String,
    pub model: String,
    pub lowest_tier: String,
    pub highest_tier: String,
    pub system_prefix: String,
    /// Empty, `on` or `off`.
    pub cache: String,
    pub cache_ttl_seconds: String,
}

impl Draft {
    /// The form of an existing rollout.
    #[must_use]
    pub fn of(rollout: &Rollout) -> Draft {
        let change = rollout.change.clone();
        let tier = |tier: Option<Tier>| tier.map_or_else(String::new, |tier| tier.to_string());
        Draft {
            name: rollout.name.clone(),
            description: rollout.description.clone(),
            intent: change.intent.unwrap_or_default(),
            model: change.model.unwrap_or_default(),
            lowest_tier: tier(change.lowest_tier),
            highest_tier: tier(change.highest_tier),
            system_prefix: change.system_prefix.unwrap_or_default(),
            cache: change
                .cache
                .map_or("", |cache| if cache { "on" } else { "off" })
                .to_owned(),
            cache_ttl_seconds: change
                .cache_ttl_seconds
                .map_or_else(String::new, |seconds| seconds.to_string()),
        }
    }

    /// Reads the form; share and switch are edited apart from it.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn read(&self, basis_points: u16, enabled: bool) -> Result<Rollout, String> {
        if self.name.trim().is_empty() {
            return Err("Give the rollout a short name; it also decides who is in.".to_owned());
        }
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let cache_ttl_seconds = match self.cache_ttl_seconds.trim() {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|_| "The time to keep answers is a whole number of seconds.".to_owned())?,
            ),
        };
        let (lowest_tier, highest_tier) = (Tier::parse(&self.lowest_tier), Tier::parse(&self.highest_tier));
        if lowest_tier
            .zip(highest_tier)
            .is_some_and(|(lowest, highest)| lowest > highest)
        {
            return Err("The lowest tier must not be above the highest.".to_owned());
        }
        Ok(Rollout {
            name: self.name.trim().to_owned(),
            description: self.description.trim().to_owned(),
            basis_points,
            enabled,
            change: VariantChange {
                intent: text(&self.intent),
                model: text(&self.model),
                lowest_tier,
                highest_tier,
                // Spaces and line ends belong to a prompt.
                system_prefix: (!self.system_prefix.is_empty()).then(|| self.system_prefix.clone()),
                cache: match self.cache.as_str() {
                    "on" => Some(true),
                    "off" => Some(false),
                    _ => None,
                },
                cache_ttl_seconds,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_between_nobody_and_everybody() {
        assert_eq!(nudge(50, -1), 0);
        assert_eq!(nudge(9_900, 5), EVERYBODY);
        assert_eq!(nudge(1_250, 5), 1_750);
    }

    #[test]
    fn typed_percentages_are_exact() {
        assert_eq!(parse_percent("12.5"), Ok(1_250));
        assert_eq!(parse_percent(" 100 % "), Ok(EVERYBODY));
        assert_eq!(parse_percent("0.01"), Ok(1));
        for wrong in ["", "101", "-1", "1.234", "a", "99999999999"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
        assert_eq!(percent_text(1_250), "12.5");
    }

    #[test]
    fn a_rollout_survives_its_form() {
        let change = VariantChange {
            intent: Some("faq".into()),
            highest_tier: Some(Tier::T1),
            system_prefix: Some(" be brief\n".into()),
            cache: Some(false),
            cache_ttl_seconds: Some(60),
            ..VariantChange::default()
        };
        let rollout = Rollout {
            name: "a".into(),
            description: "b".into(),
            basis_points: 7,
            enabled: true,
            change,
        };
        assert_eq!(Draft::of(&rollout).read(7, true), Ok(rollout));
        let upside_down = Draft {
            name: "a".into(),
            lowest_tier: "T3".into(),
            highest_tier: "T0".into(),
            ..Draft::default()
        };
        assert!(upside_down.read(0, true).is_err());
    }
}
