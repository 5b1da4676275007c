//! A budget of LiteLLM as a cap of Weir.

use super::super::Item;
use serde_json::{Value, json};
use weir_contract::NanoUsd;

/// The budget as a cap on all spend, and what it is in words.
pub(super) fn cap(budget: &Value, duration: Option<&str>) -> Result<(Item, String), String> {
    let text = match budget {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err("is no amount of dollars".to_owned()),
    };
    let limit = NanoUsd::parse_decimal(&text)?;
    let hours = |text: &str, unit: u64| {
        text.parse::<u64>()
            .ok()
            .map(|number| number * unit)
            .filter(|hours| (1..=744).contains(hours))
    };
    let (period, said) = match duration {
        None => {
            return Err(
                "it has no budget_duration, and a cap in Weir has a period; make one on the budgets page"
                    .to_owned(),
            );
        }
        Some("1d" | "24h") => (json!("day"), "a calendar day in UTC".to_owned()),
        Some("7d" | "168h") => (json!("week"), "a calendar week in UTC".to_owned()),
        Some("30d" | "31d" | "1mo") => (json!("month"), "a calendar month in UTC".to_owned()),
        Some(other) => {
            let rolling = other
                .strip_suffix('h')
                .and_then(|number| hours(number, 1))
                .or_else(|| other.strip_suffix('d').and_then(|number| hours(number, 24)));
            let rolling = rolling.ok_or_else(|| {
                format!(
                    "budget_duration {other}: a cap's period is a day, a week, a month, or up to 744 hours"
                )
            })?;
            (json!({"rolling_hours": rolling}), format!("any {rolling} hours"))
        }
    };
    let value = json!({
        "name": "litellm-budget", "scope": {"kind": "global"}, "period": period, "time_zone": "UTC", "limit_nanousd": limit,
        "steps": [{"percent": 80, "action": "notify"}, {"percent": 100, "action": "refuse"}], "enabled": true,
    });
    let item = Item {
        kind: "cap",
        name: "litellm-budget".to_owned(),
        value,
    };
    Ok((item, format!("the cap litellm-budget: {limit} in {said}")))
}
