//! Alert rules and what they raised.
use super::command;
use crate::model::alert::{AlertEvent, AlertPreview, AlertRule, AlertRuleState, SnoozeOf};

command! {
    /// All rules with what each raised last.
    AlertsList = "alerts.list" {} -> Vec<AlertRuleState>
}
command! {
    /// Creates a rule (version 0) or replaces the version named.
    AlertsSave = "alerts.save" { rule: AlertRule, expected_version: i64 } -> AlertRuleState
}
command! {
    /// Removes a rule. What it raised stays in the history.
    AlertsDelete = "alerts.delete" { name: String, expected_version: i64 } -> ()
}
command! {
    /// Keeps a rule or a channel quiet until a time, at most 30 days ahead; none ends it. A rule whose condition still holds
    /// then is told then; what a snoozed channel misses stands in the history.
    AlertsSnooze = "alerts.snooze" { of: SnoozeOf, name: String, until_ms: Option<i64> } -> ()
}
command! {
    /// How often this rule would have told something in the last 30 days. Nothing is saved or sent.
    AlertsPreview = "alerts.preview" { rule: AlertRule } -> AlertPreview
}
command! {
    /// What was raised and how its deliveries went, newest first. `before_id` is the id of the last one of the page before.
    AlertsHistory = "alerts.history" { before_id: Option<i64>, limit: u32 } -> Vec<AlertEvent>
}
