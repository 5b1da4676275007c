//! Opens this gateway's spool, where its database is shared and there is a place for one.

use super::SpoolFile;
use crate::{config::Config, store::OpenStore};
use std::sync::Arc;
use weir_engine::engine::Engine;

/// Most that a gateway may leave on its machine's disk while the database is away: some hundred thousand requests.
const SPOOL_BYTES: u64 = 256 * 1024 * 1024;

/// A file on this machine for what a shared database does not take while it is away. Without one it waits in memory, and
/// goes with the process.
pub(crate) fn open(engine: &Arc<Engine>, config: &Config, store: &OpenStore) -> Option<Arc<SpoolFile>> {
    if matches!(store, OpenStore::Sqlite(_)) {
        return None;
    }
    let Some(folder) = &config.spool else {
        tracing::warn!(
            "there is no folder for what cannot be recorded while the database is away, so it waits in memory; name one in database.spool"
        );
        return None;
    };
    let most_bytes = config.file.database.spool_bytes.unwrap_or(SPOOL_BYTES);
    match SpoolFile::create(folder, &engine.gateway_id, most_bytes) {
        Ok(file) => {
            let file = Arc::new(file);
            engine.use_spool(file.clone());
            Some(file)
        }
        Err(problem) => {
            tracing::warn!(
                folder = %folder.display(), %problem,
                "what cannot be recorded while the database is away waits in memory, because this folder cannot be written; name another in database.spool"
            );
            None
        }
    }
}
