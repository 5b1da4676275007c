//! Embeds anew, in the background, what another embedder has embedded. Calls and searches go on meanwhile.

use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use weir_engine::{
    cache::semantic::running::embed_again, engine::Engine, search::embed_items_again, store::StoreError,
};

/// How often it is looked whether there is anything; also the pause after a failure.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until told to stop. Not in housekeeping: an embedder that hangs must not keep this gateway from giving signs of life.
pub(crate) async fn run(engine: Arc<Engine>, mut stopping: watch::Receiver<bool>) {
    loop {
        let more = tokio::select! {
            more = some(&engine) => more,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let pause = if matches!(more, Ok(true)) {
            Duration::ZERO
        } else {
            LOOK
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Some of it. Of the gateways on one database only the longest known does it, so that nothing is paid for twice.
async fn some(engine: &Engine) -> Result<bool, StoreError> {
    let known = engine.store.list_gateways().await?;
    let leads = known
        .first()
        .is_none_or(|first| first.report.id == engine.gateway_id);
    if !leads {
        return Ok(false);
    }
    let questions = embed_again(engine).await?;
    let items = embed_items_again(engine).await?;
    if questions || items {
        engine.changed();
    }
    Ok(questions || items)
}
