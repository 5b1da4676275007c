//! `semantic.save`: creates an intent's rule or replaces the version named.

use super::KIND;
use crate::{Admin, config};
use weir_contract::{ApiError, command::semantic::SemanticSave};

/// Longest name of an intent.
const LONGEST: usize = 128;

/// Saves the rule, applies it at once and returns its version.
///
/// # Errors
/// `InvalidArgument` naming the field, `Conflict` when somebody changed it first, failures of the database.
pub async fn save(admin: &Admin, command: SemanticSave) -> Result<i64, ApiError> {
    let rule = &command.rule;
    if rule.intent.len() > LONGEST {
        return Err(ApiError::invalid(format!(
            "rule.intent: it is longer than {LONGEST} bytes"
        )));
    }
    rule.check()
        .map_err(|problem| ApiError::invalid(format!("rule.{problem}")))?;
    config::save(admin, KIND, &rule.intent, rule, command.expected_version).await
}
