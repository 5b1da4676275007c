//! Writes what an import planned, by the same operations as the window, so that the same rules hold.

use super::{Item, Plan};
use serde_json::{Value, json};
use weir_admin::{Admin, from_store};
use weir_contract::{
    ApiError,
    model::{
        alert::{AlertChannel, AlertRule},
        cap::Cap,
        catalog::ProviderConfig,
        change::{Difference, differences},
        limit::Limit,
        rollout::Rollout,
    },
};

/// What an import does to one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub kind: &'static str,
    pub name: String,
    pub deed: Deed,
    /// The version that is there; 0 for none.
    version: i64,
    value: Value,
}

/// What becomes of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    Create,
    /// The fields that become others.
    Change(Vec<Difference>),
    /// It is there already, the same.
    Nothing,
}

/// Compares the plan with what is there. Nothing is written. What is there and not in the plan stays.
///
/// # Errors
/// `InvalidArgument` names the first item that cannot be read, failures of the database.
pub async fn steps(admin: &Admin, plan: &Plan) -> Result<Vec<Step>, ApiError> {
    let present = admin.store.config_items().await.map_err(from_store)?;
    let mut steps = Vec::with_capacity(plan.items.len());
    for item in &plan.items {
        // As it will be written, so that a field left out and its default are no difference.
        let value = normal(item)?;
        let there = present
            .iter()
            .find(|one| one.kind == item.kind && one.name == item.name);
        let deed = match there {
            None => Deed::Create,
            Some(there) => {
                let found = differences(Some(&there.body), Some(&value.to_string()));
                if found.is_empty() {
                    Deed::Nothing
                } else {
                    Deed::Change(found)
                }
            }
        };
        steps.push(Step {
            kind: item.kind,
            name: item.name.clone(),
            deed,
            version: there.map_or(0, |there| there.version),
            value,
        });
    }
    Ok(steps)
}

/// Writes the steps, one by one; each is a change of its own in the log of changes, and can be undone there.
///
/// # Errors
/// The first operation that refused, with how many were done before it. Repeating the import goes on where it stopped.
pub async fn write(admin: &Admin, steps: &[Step]) -> Result<usize, ApiError> {
    let mut done = 0;
    for step in steps.iter().filter(|step| step.deed != Deed::Nothing) {
        let (command, args) = command_of(step);
        if let Err(problem) = weir_admin::call(admin, command, args).await {
            return Err(ApiError::new(
                problem.code,
                format!(
                    "{} \"{}\": {problem} ({done} items were written before it; correct it and import again)",
                    step.kind, step.name
                ),
            ));
        }
        done += 1;
    }
    Ok(done)
}

fn command_of(step: &Step) -> (&'static str, Value) {
    let saved = |field: &str| json!({field: step.value, "expected_version": step.version});
    match step.kind {
        "provider" => ("providers.save", saved("provider")),
        "alert_channel" => ("channels.save", saved("channel")),
        "alert_rule" => ("alerts.save", saved("rule")),
        "limit" => ("limits.save", saved("limit")),
        "rollout" => ("rollouts.save", saved("rollout")),
        "setting" => ("providers.set_default", json!({"name": step.value})),
        _ => ("caps.save", saved("cap")),
    }
}

/// The item as its type writes it.
fn normal(item: &Item) -> Result<Value, ApiError> {
    let value = item.value.clone();
    let read = match item.kind {
        "provider" => typed::<ProviderConfig>(value),
        "alert_channel" => typed::<AlertChannel>(value),
        "alert_rule" => typed::<AlertRule>(value),
        "limit" => typed::<Limit>(value),
        "rollout" => typed::<Rollout>(value),
        "setting" => typed::<String>(value),
        _ => typed::<Cap>(value),
    };
    read.map_err(|problem| ApiError::invalid(format!("{} \"{}\": {problem}", item.kind, item.name)))
}

fn typed<T: serde::de::DeserializeOwned + serde::Serialize>(value: Value) -> Result<Value, String> {
    let value: T = serde_json::from_value(value).map_err(|problem| problem.to_string())?;
    serde_json::to_value(value).map_err(|problem| problem.to_string())
}
