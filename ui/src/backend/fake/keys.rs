//! Virtual keys of the fake.

use super::{
    seed,
    shelf::{Shelf, find},
};
use weir_contract::{
    ApiError, NanoUsd,
    command::keys::{CreatedKey, KeysCreate, KeysRotate, KeysUpdate},
    model::key::{KeyState, PreviousSecret, VirtualKey},
};

impl Shelf {
    /// All keys; made-up spend for those that were used.
    pub(super) fn key_states(&self) -> Vec<KeyState> {
        let state = |key: &VirtualKey| KeyState {
            caps: Vec::new(),
            limits: self
                .limits
                .iter()
                .filter(|state| state.limit.enabled && state.limit.subject.as_str() == "key")
                .map(|state| state.limit.name.clone())
                .collect(),
            month_spent_nanousd: NanoUsd(key.last_used_ms.map_or(0, |_| 4_180_000_000)),
            key: key.clone(),
        };
        self.keys.iter().map(state).collect()
    }

    pub(super) fn create_key(&mut self, create: KeysCreate) -> Result<CreatedKey, ApiError> {
        let id = format!("{:04x}", 0x4d00 + self.keys.len());
        let made = VirtualKey {
            owner: create.owner,
            scopes: create.scopes,
            expires_ms: create.expires_ms,
            limit: create.limit,
            created_ms: self.now_ms,
            last_used_ms: None,
            ..seed::key(&id, &create.name, &create.team, 0, None)
        };
        self.keys.insert(0, made.clone());
        let secret = format!("sk-weir-{id}-made-up-and-worthless-{}", made.last_four);
        Ok(CreatedKey { key: made, secret })
    }

    pub(super) fn update_key(&mut self, update: KeysUpdate) -> Result<VirtualKey, ApiError> {
        let key = find(&mut self.keys, &update.id, |key| &key.id)?;
        super::shelf::bump(&mut key.version, update.expected_version)?;
        key.name = update.name;
        key.owner = update.owner;
        key.team = update.team;
        key.scopes = update.scopes;
        key.expires_ms = update.expires_ms;
        key.limit = update.limit;
        Ok(key.clone())
    }

    pub(super) fn rotate_key(&mut self, rotate: &KeysRotate) -> Result<CreatedKey, ApiError> {
        let until_ms = self.now_ms + i64::from(rotate.overlap_seconds) * 1_000;
        let key = find(&mut self.keys, &rotate.id, |key| &key.id)?;
        key.previous = Some(PreviousSecret {
            last_four: std::mem::replace(&mut key.last_four, "7Kd0".to_owned()),
            fingerprint: std::mem::replace(&mut key.fingerprint, "c04f9a12".to_owned()),
            until_ms,
        });
        let secret = format!("sk-weir-{}-made-up-and-worthless-{}", key.id, key.last_four);
        Ok(CreatedKey {
            key: key.clone(),
            secret,
        })
    }

    pub(super) fn end_overlap(&mut self, id: &str) -> Result<VirtualKey, ApiError> {
        let key = find(&mut self.keys, id, |key| &key.id)?;
        key.previous = None;
        Ok(key.clone())
    }

    pub(super) fn revoke_key(&mut self, id: &str) -> Result<VirtualKey, ApiError> {
        let now_ms = self.now_ms;
        let key = find(&mut self.keys, id, |key| &key.id)?;
        key.revoked_ms = Some(now_ms);
        Ok(key.clone())
    }
}
