//! Whether a cap makes sense, beyond what its types can say. The page and the engine ask the same question.

use super::{Cap, CapAction, CapPeriod, CapScope, CapSubject, LONGEST_ROLLING_HOURS};

/// Most steps of one cap.
const MOST_STEPS: usize = 10;
/// Most tiers that one cap steps down: there are four.
const MOST_STEPS_DOWN: usize = 3;

impl Cap {
    /// Checks name, period and steps.
    ///
    /// # Errors
    /// The field, what is wrong with it and what to write instead, as one sentence.
    pub fn check(&self) -> Result<(), String> {
        // What is spent under a cap is kept under its name, and an equals sign and a value where each value counts.
        if self.name.is_empty() || self.name.contains('=') {
            return Err(format!(
                "name: {:?} is empty or holds \"=\"; use a short name such as \"global-daily\"",
                self.name
            ));
        }
        if let CapPeriod::RollingHours(hours) = self.period
            && !(1..=LONGEST_ROLLING_HOURS).contains(&hours)
        {
            return Err(format!(
                "period: {hours} rolling hours is not between 1 and {LONGEST_ROLLING_HOURS} (31 days)"
            ));
        }
        self.check_each_step()?;
        self.check_repeats()?;
        self.check_order()?;
        self.check_dynamic()
    }

    fn check_dynamic(&self) -> Result<(), String> {
        let Some(dynamic) = self.manner.dynamic else {
            return Ok(());
        };
        dynamic.check()?;
        if self.period != CapPeriod::Month {
            return Err("dynamic: only a cap per month looks ahead; set the period to month".to_owned());
        }
        if self.scope.subject().is_some_and(CapSubject::is_of_the_answer) {
            return Err(
                "dynamic: the cap of a tier or model cannot lower the ladder; use it for each user, a team or all spend"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn check_each_step(&self) -> Result<(), String> {
        if self.steps.is_empty() {
            return Err("steps: a cap needs at least one step; to only watch, notify at 80".to_owned());
        }
        if self.steps.len() > MOST_STEPS {
            return Err(format!("steps: at most {MOST_STEPS}"));
        }
        for step in &self.steps {
            if !(1..=100).contains(&step.percent) {
                return Err(format!("steps: {} is not between 1 and 100", step.percent));
            }
            if let Some(subject) = self.scope.subject()
                && subject.is_of_the_answer()
                && step.action.steers()
            {
                let kind = subject.as_str();
                return Err(format!(
                    "steps: the cap of a {kind} can notify and refuse, not {}; refusing closes the {kind}, and auto uses what is cheaper",
                    step.action.as_str()
                ));
            }
        }
        Ok(())
    }

    fn check_repeats(&self) -> Result<(), String> {
        let mut sorted = self.steps.clone();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let (action, percent) = (pair[0].action.as_str(), pair[0].percent);
            return Err(format!("steps: {action} at {percent} stands there twice"));
        }
        for (action, most) in [
            (CapAction::StepDown, MOST_STEPS_DOWN),
            (CapAction::CloseTopTier, 1),
            (CapAction::CacheOnly, 1),
            (CapAction::Refuse, 1),
        ] {
            if self.steps.iter().filter(|step| step.action == action).count() > most {
                let action = action.as_str();
                return Err(format!("steps: {action} at most {most} times"));
            }
        }
        Ok(())
    }

    /// A step above one after which nothing is bought would never act, and whoever wrote it meant something else.
    fn check_order(&self) -> Result<(), String> {
        for end in &self.steps {
            if !matches!(end.action, CapAction::Refuse | CapAction::CacheOnly) {
                continue;
            }
            let idle = |step: &&super::CapStep| {
                step.percent > end.percent && (step.action.steers() || end.action != CapAction::CacheOnly)
            };
            if let Some(step) = self.steps.iter().find(idle) {
                return Err(format!(
                    "steps: {} at {} would never act, since nothing is bought from {} percent on",
                    step.action.as_str(),
                    step.percent,
                    end.percent
                ));
            }
        }
        Ok(())
    }

    /// The cap's scope in words: `all spend`, `user ana`, `each user`.
    #[must_use]
    pub fn scope_in_words(&self) -> String {
        match &self.scope {
            CapScope::Global => "all spend".to_owned(),
            CapScope::One {
                subject: CapSubject::Tier,
                value,
            } => format!("tier {value}"),
            CapScope::One { subject, value } => format!("{} \"{value}\"", subject.as_str()),
            CapScope::Each(subject) => format!("each {}", subject.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        NanoUsd,
        model::{
            cap::{Cap, CapAction, CapDynamic, CapManner, CapPeriod, CapScope, CapStep, CapSubject},
            tier::Tier,
        },
    };
    use CapAction::{CacheOnly, CloseTopTier, Notify, Refuse, StepDown};

    fn with(steps: &[(u8, CapAction)]) -> Cap {
        Cap {
            name: "a".into(),
            scope: CapScope::Global,
            period: CapPeriod::Day,
            time_zone: "UTC".into(),
            limit_nanousd: NanoUsd(1),
            steps: steps
                .iter()
                .map(|(percent, action)| CapStep::at(*percent, *action))
                .collect(),
            enabled: true,
            manner: CapManner::default(),
        }
    }

    #[test]
    fn sound_steps_pass() {
        for steps in [
            &[(80, Notify)][..],
            &[(80, Notify), (100, Refuse)],
            &[
                (50, Notify),
                (80, Notify),
                (60, StepDown),
                (70, StepDown),
                (80, CloseTopTier),
                (90, CacheOnly),
                (100, Refuse),
            ],
        ] {
            assert_eq!(with(steps).check(), Ok(()), "{steps:?}");
        }
        let tier = Cap {
            scope: CapScope::tier(Tier::T3),
            ..with(&[(80, Notify), (100, Refuse)])
        };
        assert_eq!(tier.check(), Ok(()));
    }

    #[test]
    fn each_wrong_step_is_named() {
        let table: [(&[(u8, CapAction)], &str); 9] = [
            (&[], "at least one"),
            (&[(0, Notify)], "0 is not between"),
            (&[(101, Refuse)], "101 is not between"),
            (&[(80, Notify), (80, Notify)], "twice"),
            (&[(80, Refuse), (90, Refuse)], "refuse at most 1"),
            (
                &[(1, StepDown), (2, StepDown), (3, StepDown), (4, StepDown)],
                "step_down at most 3",
            ),
            (&[(90, StepDown), (80, Refuse)], "step_down at 90 would never act"),
            (&[(90, CloseTopTier), (80, CacheOnly)], "close_top_tier at 90"),
            (&[(90, Notify); 11], "at most 10"),
        ];
        for (steps, part) in table {
            let problem = with(steps).check().unwrap_err();
            assert!(
                problem.starts_with("steps: ") && problem.contains(part),
                "{problem}"
            );
        }
        for scope in [CapScope::tier(Tier::T3), CapScope::Each(CapSubject::Model)] {
            let wrong = Cap {
                scope,
                ..with(&[(80, StepDown)])
            };
            assert!(wrong.check().unwrap_err().contains("can notify and refuse"));
        }
        for name in ["", "daily=user:ana"] {
            let wrong = Cap {
                name: name.into(),
                ..with(&[(80, Notify)])
            };
            assert!(wrong.check().unwrap_err().starts_with("name: "));
        }
        for hours in [0, 745] {
            let wrong = Cap {
                period: CapPeriod::RollingHours(hours),
                ..with(&[(80, Notify)])
            };
            assert!(wrong.check().unwrap_err().starts_with("period: "));
        }
    }

    #[test]
    fn only_a_monthly_cap_of_a_caller_looks_ahead() {
        let ahead = |scope, period, dynamic| {
            let manner = CapManner {
                dynamic: Some(dynamic),
                ..CapManner::default()
            };
            let steps = with(&[(100, Refuse)]);
            Cap {
                scope,
                period,
                manner,
                ..steps
            }
            .check()
        };
        let usual = CapDynamic::USUAL;
        let user = || CapScope::Each(CapSubject::User);
        assert_eq!(ahead(user(), CapPeriod::Month, usual), Ok(()));
        assert!(
            ahead(user(), CapPeriod::Day, usual)
                .unwrap_err()
                .contains("month")
        );
        let model = CapScope::Each(CapSubject::Model);
        assert!(
            ahead(model, CapPeriod::Month, usual)
                .unwrap_err()
                .contains("ladder")
        );
        for wrong in [
            CapDynamic {
                from_percent: 49,
                ..usual
            },
            CapDynamic {
                every_percent: 4,
                ..usual
            },
            CapDynamic {
                most_tiers: 4,
                ..usual
            },
        ] {
            assert!(
                ahead(user(), CapPeriod::Month, wrong)
                    .unwrap_err()
                    .starts_with("dynamic: ")
            );
        }
    }
}
