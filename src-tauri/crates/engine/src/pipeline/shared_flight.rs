//! Single flight among gateways: of identical calls that lead on several gateways at once, one buys, and the others find its
//! answer in the store.

use crate::{
    engine::Engine,
    settings::Settings,
    store::{FlightTurn, StoreError},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// How long it is waited before the next look, at first and at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));
/// How often a flight of one's own is put off. A gateway that dies leaves it, and others take over some seconds later.
const PUT_OFF_EVERY: Duration = Duration::from_secs(2);

/// What came of asking.
pub(super) enum Turn {
    /// This gateway buys. Held until the answer is in the store; none where gateways cannot agree.
    Buy(Option<SharedFlight>),
    /// The answer is in the store.
    Answered,
}

/// The duty to buy, for all gateways. Dropping it gives it up.
pub(super) struct SharedFlight {
    _lands: oneshot::Sender<()>,
}

/// Waits for this gateway's turn, or for the answer of another. A store that is away keeps nobody from buying.
pub(super) async fn turn(engine: &Arc<Engine>, settings: &Settings, key: &str) -> Turn {
    if !engine.store.shares_flights() {
        return Turn::Buy(None);
    }
    let mut pause = LOOKS.0;
    loop {
        match take(engine, &settings.app_version, key).await {
            Ok(FlightTurn::Taken) => {
                return Turn::Buy(Some(fly(engine, &settings.app_version, key)));
            }
            Ok(FlightTurn::Cached) => return Turn::Answered,
            Ok(FlightTurn::Waits) => {}
            Err(problem) => {
                tracing::debug!(%problem, "gateways cannot agree who buys; this one does");
                return Turn::Buy(None);
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LOOKS.1);
    }
}

async fn take(engine: &Engine, app_version: &str, key: &str) -> Result<FlightTurn, StoreError> {
    let now_ms = engine.clock.now_ms();
    let store = &engine.store;
    store
        .take_flight(key, &engine.gateway_id, app_version, now_ms)
        .await
}

/// Puts the end off until the flight is dropped, and lands it then.
fn fly(engine: &Arc<Engine>, app_version: &str, key: &str) -> SharedFlight {
    let (lands, mut landed) = oneshot::channel();
    let (flying, key, app_version) = (engine.clone(), key.to_owned(), app_version.to_owned());
    engine.tasks.spawn(async move {
        loop {
            tokio::select! {
                _ = &mut landed => break,
                () = tokio::time::sleep(PUT_OFF_EVERY) => {}
            }
            // One that fails is put off at the next time; at worst another gateway buys the same.
            let _ = take(&flying, &app_version, &key).await;
        }
        if let Err(problem) = flying.store.land_flight(&key, &flying.gateway_id).await {
            tracing::debug!(%problem, "a flight could not be landed; it ends by itself");
        }
    });
    SharedFlight { _lands: lands }
}
