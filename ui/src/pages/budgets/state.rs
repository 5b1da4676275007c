//! A cap's form: signals' plain content, and how it becomes a cap again.

use crate::format;
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapAction, CapPeriod, CapScope},
        tier::Tier,
    },
};

/// Up to here whole cents survive the way through the shell's JavaScript numbers to the last digit.
const HIGHEST_CAP: NanoUsd = NanoUsd(1_000_000_000 * NanoUsd::PER_USD);

/// The form's content as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapDraft {
    pub name: String,
    /// `global` or `T0` … `T3`.
    pub scope: String,
    pub period: String,
    pub time_zone: String,
    pub limit: String,
    pub action: String,
    pub alert_percent: String,
    pub enabled: bool,
}

impl CapDraft {
    /// The form of an existing cap.
    #[must_use]
    pub fn of(cap: &Cap) -> CapDraft {
        CapDraft {
            name: cap.name.clone(),
            scope: match &cap.scope {
                CapScope::Global => "global".to_owned(),
                CapScope::Tier(tier) => tier.as_str().to_owned(),
            },
            period: period_key(cap.period).to_owned(),
            time_zone: cap.time_zone.clone(),
            limit: format::with_cents(cap.limit_nanousd),
            action: action_key(cap.action).to_owned(),
            alert_percent: cap.alert_percent.to_string(),
            enabled: cap.enabled,
        }
    }

    /// An empty form.
    #[must_use]
    pub fn fresh() -> CapDraft {
        CapDraft {
            name: String::new(),
            scope: "global".to_owned(),
            period: "day".to_owned(),
            time_zone: "UTC".to_owned(),
            limit: String::new(),
            action: "refuse".to_owned(),
            alert_percent: "80".to_owned(),
            enabled: true,
        }
    }

    /// Reads the form.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn read(&self) -> Result<Cap, String> {
        if self.name.trim().is_empty() {
            return Err("Give the cap a short name, such as global-daily.".to_owned());
        }
        let limit_nanousd = NanoUsd::parse_decimal(&self.limit)?;
        if limit_nanousd < NanoUsd::ZERO {
            return Err("A cap cannot be negative; 0 refuses every paid call.".to_owned());
        }
        if limit_nanousd > HIGHEST_CAP {
            return Err("A cap is at most 1,000,000,000 dollars; switch it off to hold nothing.".to_owned());
        }
        let alert_percent = self
            .alert_percent
            .trim()
            .parse()
            .ok()
            .filter(|percent| (1..=100).contains(percent));
        let scope = Tier::parse(&self.scope).map_or(CapScope::Global, CapScope::Tier);
        let action = if self.action == "close_tier" {
            CapAction::CloseTier
        } else {
            CapAction::Refuse
        };
        if action == CapAction::CloseTier && scope == CapScope::Global {
            return Err("Only a tier's cap can close a tier; choose a tier, or refuse.".to_owned());
        }
        Ok(Cap {
            name: self.name.trim().to_owned(),
            scope,
            period: match self.period.as_str() {
                "week" => CapPeriod::Week,
                "month" => CapPeriod::Month,
                _ => CapPeriod::Day,
            },
            time_zone: self.time_zone.trim().to_owned(),
            limit_nanousd,
            action,
            alert_percent: alert_percent.ok_or("The alert is a whole percentage from 1 to 100.")?,
            enabled: self.enabled,
        })
    }
}

/// The period's key in the form.
#[must_use]
pub fn period_key(period: CapPeriod) -> &'static str {
    match period {
        CapPeriod::Day => "day",
        CapPeriod::Week => "week",
        CapPeriod::Month => "month",
    }
}

fn action_key(action: CapAction) -> &'static str {
    match action {
        CapAction::Refuse => "refuse",
        CapAction::CloseTier => "close_tier",
    }
}

/// The cap in one sentence.
#[must_use]
pub fn sentence(cap: &Cap) -> String {
    let what = match &cap.scope {
        CapScope::Global => "All spend".to_owned(),
        CapScope::Tier(tier) => format!("Spend on {tier}"),
    };
    let then = match cap.action {
        CapAction::Refuse => "then requests are refused",
        CapAction::CloseTier => "then the tier closes and auto falls to the tiers below",
    };
    format!("{what}, per {}, {then}.", period_key(cap.period))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_survives_its_form() {
        let cap = Cap {
            name: "t3".into(),
            scope: CapScope::Tier(Tier::T3),
            period: CapPeriod::Month,
            time_zone: "Europe/Berlin".into(),
            limit_nanousd: NanoUsd(12_500_000_001),
            action: CapAction::CloseTier,
            alert_percent: 75,
            enabled: false,
        };
        assert_eq!(CapDraft::of(&cap).read(), Ok(cap));
    }

    #[test]
    fn wrong_forms_say_what_to_correct() {
        let good = CapDraft {
            name: "a".into(),
            limit: "5".into(),
            ..CapDraft::fresh()
        };
        assert!(good.read().is_ok());
        let highest = CapDraft {
            limit: "1000000000".into(),
            ..good.clone()
        };
        assert_eq!(highest.read().map(|cap| cap.limit_nanousd), Ok(HIGHEST_CAP));
        for wrong in [
            CapDraft {
                name: " ".into(),
                ..good.clone()
            },
            CapDraft {
                limit: "five".into(),
                ..good.clone()
            },
            CapDraft {
                limit: "-1".into(),
                ..good.clone()
            },
            CapDraft {
                limit: "1000000000.01".into(),
                ..good.clone()
            },
            CapDraft {
                alert_percent: "0".into(),
                ..good.clone()
            },
            CapDraft {
                alert_percent: "101".into(),
                ..good.clone()
            },
            CapDraft {
                action: "close_tier".into(),
                ..good.clone()
            },
        ] {
            assert!(wrong.read().is_err(), "{wrong:?}");
        }
    }
}
