//! What the engine asks of versioned configuration.

use super::StoreError;
use crate::change::Act;
use async_trait::async_trait;

/// One configuration item: a cap, a limit, a rollout, a provider … as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigItem {
    /// `cap`, `limit`, `rollout`, `provider`, `setting`.
    pub kind: String,
    pub name: String,
    /// The number of the change that made it so; numbers rise over all items.
    pub version: i64,
    pub body: String,
}

/// Versioned configuration. Every change is also kept in an insert-only log with what was before, and in the log of changes.
#[async_trait]
pub trait ConfigStore {
    /// The number of the newest change; 0 at the very start.
    async fn config_version(&self) -> Result<i64, StoreError>;
    async fn config_items(&self) -> Result<Vec<ConfigItem>, StoreError>;
    /// Creates (`expected_version` 0) or replaces; returns the new version.
    async fn save_config(
        &self,
        kind: &str,
        name: &str,
        body: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError>;
    async fn delete_config(
        &self,
        kind: &str,
        name: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError>;
}
