//! A cap as JSON or TOML holds it, in its present form and the one before.

use super::{Cap, CapDynamic, CapManner, CapMode, CapPeriod, CapScope, CapStep, StoreAway};
use crate::NanoUsd;
use serde::Deserialize;

/// The action of caps before they had steps. Both closed what the cap counts at the limit; a tier's cap so closes its tier.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnlyAction {
    Refuse,
    CloseTier,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapForm {
    name: String,
    scope: CapScope,
    period: CapPeriod,
    time_zone: String,
    limit_nanousd: NanoUsd,
    steps: Option<Vec<CapStep>>,
    action: Option<OnlyAction>,
    alert_percent: Option<u8>,
    enabled: bool,
    #[serde(default)]
    mode: CapMode,
    #[serde(default)]
    when_store_is_away: StoreAway,
    #[serde(default)]
    dynamic: Option<CapDynamic>,
}

impl TryFrom<CapForm> for Cap {
    type Error = String;

    fn try_from(form: CapForm) -> Result<Cap, String> {
        let steps = match (form.steps, form.action, form.alert_percent) {
            (Some(steps), None, None) => steps,
            (None, Some(OnlyAction::Refuse | OnlyAction::CloseTier), Some(percent)) => {
                CapStep::tell_and_refuse(percent.clamp(1, 100))
            }
            (Some(_), _, _) => {
                return Err(
                    "steps: give the steps alone; action and alert_percent are their older form".to_owned(),
                );
            }
            (None, _, _) => {
                return Err("steps: say what the cap does, such as [{\"percent\": 80, \"action\": \"notify\"}, {\"percent\": 100, \"action\": \"refuse\"}]".to_owned());
            }
        };
        Ok(Cap {
            name: form.name,
            scope: form.scope,
            period: form.period,
            time_zone: form.time_zone,
            limit_nanousd: form.limit_nanousd,
            steps,
            enabled: form.enabled,
            manner: CapManner {
                mode: form.mode,
                when_store_is_away: form.when_store_is_away,
                dynamic: form.dynamic,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        NanoUsd,
        model::{
            cap::{
                Cap, CapAction, CapDynamic, CapManner, CapMode, CapPeriod, CapScope, CapStep, CapSubject,
                StoreAway,
            },
            tier::Tier,
        },
    };

    fn json(scope: &str, rest: &str) -> String {
        format!(
            r#"{{"name":"a","scope":{scope},"period":"day","time_zone":"UTC","limit_nanousd":5000,{rest},"enabled":true}}"#
        )
    }

    fn read(text: &str) -> Result<Cap, String> {
        serde_json::from_str(text).map_err(|problem| problem.to_string())
    }

    #[test]
    fn caps_that_were_saved_before_are_still_read() {
        let old = read(&json(
            r#"{"kind":"global"}"#,
            r#""action":"refuse","alert_percent":75"#,
        ));
        let steps = vec![
            CapStep::at(75, CapAction::Notify),
            CapStep::at(100, CapAction::Refuse),
        ];
        assert_eq!(old.unwrap().steps, steps);
        let tier = read(&json(
            r#"{"kind":"tier","value":"T3"}"#,
            r#""action":"close_tier","alert_percent":75"#,
        ))
        .unwrap();
        assert_eq!((tier.scope, tier.steps), (CapScope::tier(Tier::T3), steps));
    }

    #[test]
    fn a_cap_survives_its_json() {
        let cap = Cap {
            name: "per-user".into(),
            scope: CapScope::Each(CapSubject::User),
            period: CapPeriod::RollingHours(24),
            time_zone: "Europe/Berlin".into(),
            limit_nanousd: NanoUsd(7),
            steps: vec![
                CapStep::at(60, CapAction::StepDown),
                CapStep::at(95, CapAction::CacheOnly),
            ],
            enabled: false,
            manner: CapManner {
                mode: CapMode::Balanced,
                when_store_is_away: StoreAway::Allow,
                dynamic: Some(CapDynamic::USUAL),
            },
        };
        let text = serde_json::to_string(&cap).unwrap();
        assert!(text.contains(r#""period":{"rolling_hours":24}"#), "{text}");
        assert_eq!(read(&text), Ok(cap));
    }

    #[test]
    fn a_cap_without_a_manner_is_strict_and_fails_closed() {
        let cap = read(&json(r#"{"kind":"global"}"#, r#""steps":[]"#)).unwrap();
        assert_eq!(cap.manner, CapManner::default());
        let text = serde_json::to_string(&cap).unwrap();
        assert!(
            text.contains(r#""mode":"strict","when_store_is_away":"refuse""#) && !text.contains("dynamic"),
            "{text}"
        );
        let problem = read(&json(r#"{"kind":"global"}"#, r#""steps":[],"mode":"loose""#)).unwrap_err();
        assert!(problem.contains("strict"), "{problem}");
    }

    #[test]
    fn half_a_form_is_refused_in_words() {
        for rest in [
            r#""action":"refuse""#,
            r#""alert_percent":80"#,
            r#""steps":[],"action":"refuse""#,
            r#""steps":[],"alert_percent":80"#,
        ] {
            let problem = read(&json(r#"{"kind":"global"}"#, rest)).unwrap_err();
            assert!(problem.contains("steps: "), "{rest}: {problem}");
        }
    }

    #[test]
    fn it_refuses_at_the_lowest_such_step_and_alerts_at_the_first_notice() {
        let mut cap = read(&json(
            r#"{"kind":"global"}"#,
            r#""action":"refuse","alert_percent":80"#,
        ))
        .unwrap();
        assert_eq!(
            (cap.refuses_at(), cap.alert_percent()),
            (Some(NanoUsd(5_000)), 80)
        );
        cap.steps[1].percent = 33;
        cap.limit_nanousd = NanoUsd(i64::MAX);
        assert_eq!(
            cap.refuses_at(),
            Some(NanoUsd((i128::from(i64::MAX) * 33 / 100) as i64))
        );
        cap.steps = vec![CapStep::at(70, CapAction::StepDown)];
        assert_eq!((cap.refuses_at(), cap.alert_percent()), (None, 70));
    }
}
