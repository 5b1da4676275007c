//! A cap's form: signals' plain content, and how it becomes a cap again.

use super::{
    manner::MannerDraft,
    words::{in_page_words, period_key},
};
use crate::format;
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapAction, CapManner, CapPeriod, CapScope, CapStep, CapSubject},
        tier::Tier,
    },
};

/// Up to here whole cents survive the way through the shell's JavaScript numbers to the last digit.
const HIGHEST_CAP: NanoUsd = NanoUsd(1_000_000_000 * NanoUsd::PER_USD);

/// The form's content as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapDraft {
    pub name: String,
    /// `global`, or what spend is told apart by: `tier`, `user` …
    pub kind: String,
    /// Whose spend; empty for each on its own.
    pub value: String,
    /// `day`, `week`, `month` or `rolling`.
    pub period: String,
    /// Length of a rolling period.
    pub hours: String,
    pub time_zone: String,
    pub limit: String,
    /// For each of [`CapAction::ALL`]: the percentages at which it is taken, separated by commas.
    pub steps: [String; 5],
    pub enabled: bool,
    pub manner: MannerDraft,
}

impl CapDraft {
    /// The form of an existing cap.
    #[must_use]
    pub fn of(cap: &Cap) -> CapDraft {
        let kind = cap.scope.subject().map_or("global", CapSubject::as_str);
        let value = match &cap.scope {
            CapScope::One { value, .. } => value.clone(),
            CapScope::Global | CapScope::Each(_) => String::new(),
        };
        let hours = match cap.period {
            CapPeriod::RollingHours(hours) => hours.to_string(),
            CapPeriod::Day | CapPeriod::Week | CapPeriod::Month => "24".to_owned(),
        };
        CapDraft {
            name: cap.name.clone(),
            kind: kind.to_owned(),
            value,
            period: period_key(cap.period).to_owned(),
            hours,
            time_zone: cap.time_zone.clone(),
            limit: format::with_cents(cap.limit_nanousd),
            steps: CapAction::ALL.map(|action| percents_of(cap, action)),
            enabled: cap.enabled,
            manner: MannerDraft::of(cap.manner),
        }
    }

    /// An empty form.
    #[must_use]
    pub fn fresh() -> CapDraft {
        CapDraft {
            name: String::new(),
            kind: "global".to_owned(),
            value: String::new(),
            period: "day".to_owned(),
            hours: "24".to_owned(),
            time_zone: "UTC".to_owned(),
            limit: String::new(),
            steps: ["80", "", "", "", "100"].map(str::to_owned),
            enabled: true,
            manner: MannerDraft::of(CapManner::default()),
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
        let cap = Cap {
            name: self.name.trim().to_owned(),
            scope: self.scope()?,
            period: self.period()?,
            time_zone: self.time_zone.trim().to_owned(),
            limit_nanousd,
            steps: self.steps()?,
            enabled: self.enabled,
            manner: self.manner.read()?,
        };
        cap.check().map_err(|problem| in_page_words(&problem))?;
        Ok(cap)
    }

    fn scope(&self) -> Result<CapScope, String> {
        let Some(subject) = CapSubject::parse(&self.kind) else {
            return Ok(CapScope::Global);
        };
        let value = self.value.trim();
        if value.is_empty() {
            return Ok(CapScope::Each(subject));
        }
        if subject == CapSubject::Tier && Tier::parse(value).is_none() {
            return Err("A tier is T0, T1, T2 or T3; leave it empty for each tier on its own.".to_owned());
        }
        Ok(CapScope::one(subject, value))
    }

    fn period(&self) -> Result<CapPeriod, String> {
        Ok(match self.period.as_str() {
            "week" => CapPeriod::Week,
            "month" => CapPeriod::Month,
            "rolling" => {
                let hours = self.hours.trim().parse::<u16>();
                CapPeriod::RollingHours(
                    hours.map_err(|_| "The rolling hours are a whole number, such as 24.")?,
                )
            }
            _ => CapPeriod::Day,
        })
    }

    fn steps(&self) -> Result<Vec<CapStep>, String> {
        let mut steps = Vec::new();
        for (action, text) in CapAction::ALL.into_iter().zip(&self.steps) {
            for percent in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let percent = percent.trim_end_matches('%').trim_end().parse().map_err(|_| {
                    format!("\"{percent}\" is no percentage; write whole ones from 1 to 100, such as 60, 75.")
                })?;
                steps.push(CapStep::at(percent, action));
            }
        }
        steps.sort_unstable();
        Ok(steps)
    }
}

fn percents_of(cap: &Cap, action: CapAction) -> String {
    let mut percents: Vec<u8> = cap
        .steps
        .iter()
        .filter(|step| step.action == action)
        .map(|step| step.percent)
        .collect();
    percents.sort_unstable();
    let words: Vec<String> = percents.iter().map(u8::to_string).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_survives_its_form() {
        for scope in [
            CapScope::Global,
            CapScope::tier(Tier::T3),
            CapScope::one(CapSubject::Model, "openai/gpt-5"),
            CapScope::Each(CapSubject::User),
        ] {
            let of_the_answer = scope.subject().is_some_and(CapSubject::is_of_the_answer);
            let mut steps = CapStep::tell_and_refuse(75);
            if !of_the_answer {
                steps.extend([
                    CapStep::at(60, CapAction::StepDown),
                    CapStep::at(70, CapAction::StepDown),
                ]);
                steps.sort_unstable();
            }
            for period in [CapPeriod::Month, CapPeriod::RollingHours(5)] {
                let cap = Cap {
                    name: "t3".into(),
                    scope: scope.clone(),
                    period,
                    time_zone: "Europe/Berlin".into(),
                    limit_nanousd: NanoUsd(12_500_000_001),
                    steps: steps.clone(),
                    enabled: false,
                    manner: CapManner::default(),
                };
                assert_eq!(CapDraft::of(&cap).read(), Ok(cap));
            }
        }
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
        let change = |change: fn(&mut CapDraft)| {
            let mut wrong = good.clone();
            change(&mut wrong);
            wrong.read().expect_err("it is wrong")
        };
        for (problem, part) in [
            (change(|it| it.name = " ".into()), "short name"),
            (change(|it| it.limit = "five".into()), "five"),
            (change(|it| it.limit = "-1".into()), "negative"),
            (change(|it| it.limit = "1000000000.01".into()), "at most"),
            (change(|it| it.steps[0] = "0".into()), "0 is not between"),
            (change(|it| it.steps[0] = "eighty".into()), "eighty"),
            (change(|it| it.steps = Default::default()), "at least one step"),
            (
                change(|it| it.steps[1] = "10, 20, 30, 40".into()),
                "Step down at most 3",
            ),
            (
                change(|it| (it.kind, it.value) = ("tier".into(), "T9".into())),
                "T0, T1, T2 or T3",
            ),
            (
                change(|it| (it.kind, it.steps[2]) = ("model".into(), "50".into())),
                "notify and refuse, not close top tier",
            ),
            (
                change(|it| (it.period, it.hours) = ("rolling".into(), "day".into())),
                "whole number",
            ),
            (
                change(|it| (it.period, it.hours) = ("rolling".into(), "0".into())),
                "between 1 and 744",
            ),
        ] {
            assert!(problem.contains(part), "{problem} lacks {part}");
        }
    }
}
