//! Hears what other gateways and windows changed in a shared database.

use crate::store::OpenStore;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use weir_store_postgres::PostgresStore;

/// How long after a lost connection it listens again. Meanwhile housekeeping looks every second.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Tells whenever something was changed. With SQLite nobody speaks; looking every second is all there is.
pub(crate) fn listen(store: &OpenStore, changed: Arc<Notify>, mut stopping: watch::Receiver<bool>) {
    if let OpenStore::Postgres(store) = store {
        let store = store.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = hear(&store, &changed) => {}
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        });
    }
}

async fn hear(store: &PostgresStore, changed: &Notify) {
    loop {
        if let Ok(mut listener) = store.listen().await {
            // What was said before it listened.
            changed.notify_one();
            while listener.next().await.is_ok() {
                changed.notify_one();
            }
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}
