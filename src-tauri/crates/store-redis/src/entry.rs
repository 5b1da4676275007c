//! How an answer stands in Redis: a hash of its head, by which it is judged, and its body.

use serde::{Deserialize, Serialize};
use weir_contract::model::cache::CacheEntryRow;
use weir_engine::{
    cache::shared::{EntryMarks, clears::ClearMark},
    store::CacheEntry,
};

pub(crate) const HEAD: &str = "head";
pub(crate) const BODY: &str = "body";
/// Another version's entries are none of ours.
const FORMAT: u32 = 1;

/// What is known of an answer without its body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    format: u32,
    pub(crate) row: CacheEntryRow,
    app_version: String,
    tenant: String,
    pub(crate) marks: Option<EntryMarks>,
    pub(crate) made_at: ClearMark,
}

impl Head {
    pub(crate) fn of(entry: &CacheEntry, marks: Option<EntryMarks>, made_at: ClearMark) -> Head {
        Head {
            format: FORMAT,
            row: entry.row.clone(),
            app_version: entry.app_version.clone(),
            tenant: entry.tenant.clone(),
            marks,
            made_at,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// None for what Weir did not write, or another version of it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Head> {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|head: &Head| head.format == FORMAT)
    }

    /// The entry that was asked for; none when this is another one, or its body is not whole.
    pub(crate) fn entry(self, key: &str, body: Vec<u8>) -> Option<CacheEntry> {
        let is_whole = i64::try_from(body.len()) == Ok(self.row.bytes);
        (self.row.key == key && is_whole).then_some(CacheEntry {
            row: self.row,
            app_version: self.app_version,
            tenant: self.tenant,
            body,
        })
    }
}
