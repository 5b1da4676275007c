//! Single flight: of many identical calls under way at once, one buys the answer and the others wait for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// The waiting places of all flights under way, by cache key.
type UnderWay<T> = Arc<Mutex<HashMap<String, watch::Receiver<Option<Arc<T>>>>>>;

/// Calls under way, by cache key. `T` is what a flight ends with.
pub struct Flights<T> {
    under_way: UnderWay<T>,
}

/// What joining a flight gives.
pub enum Seat<T> {
    /// You buy the answer and must land the flight.
    Leader(Leader<T>),
    /// Somebody else is buying it.
    Follower(Follower<T>),
}

/// The duty to land a flight. Dropping it lands the flight without a result, and a follower takes over.
pub struct Leader<T> {
    key: String,
    under_way: UnderWay<T>,
    result: watch::Sender<Option<Arc<T>>>,
    /// Dropped when the flight has landed.
    beside: Option<Box<dyn Send + Sync>>,
}

/// A place in somebody else's flight.
pub struct Follower<T>(watch::Receiver<Option<Arc<T>>>);

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Flights {
            under_way: Arc::default(),
        }
    }
}

impl<T> Flights<T> {
    /// Joins the flight of this key, or starts it.
    #[must_use]
    pub fn join(&self, key: &str) -> Seat<T> {
        let mut under_way = lock(&self.under_way);
        if let Some(receiver) = under_way.get(key) {
            return Seat::Follower(Follower(receiver.clone()));
        }
        let (result, receiver) = watch::channel(None);
        under_way.insert(key.to_owned(), receiver);
        Seat::Leader(Leader {
            key: key.to_owned(),
            under_way: self.under_way.clone(),
            result,
            beside: None,
        })
    }
}

impl<T> Leader<T> {
    /// Holds this until the flight has landed.
    pub fn hold(&mut self, beside: impl Send + Sync + 'static) {
        self.beside = Some(Box::new(beside));
    }

    /// Gives the result to all who wait. Later calls start a new flight.
    pub fn land(self, result: T) {
        self.result.send_replace(Some(Arc::new(result)));
    }
}

impl<T> Drop for Leader<T> {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.key);
        drop(self.beside.take());
    }
}

impl<T> Follower<T> {
    /// The result; none when the leader was lost, in which case join again.
    pub async fn wait(mut self) -> Option<Arc<T>> {
        let landed = self.0.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }
}

fn lock<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the map was held cannot leave it half-changed: every change is one insert or one remove.
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thousand_calls_have_one_leader() {
        let flights: Flights<u32> = Flights::default();
        let Seat::Leader(leader) = flights.join("k") else {
            panic!("the first call leads")
        };
        let followers: Vec<_> = (0..999)
            .map(|_| match flights.join("k") {
                Seat::Follower(follower) => tokio::spawn(follower.wait()),
                Seat::Leader(_) => panic!("there is a leader already"),
            })
            .collect();
        leader.land(7);
        for follower in followers {
            assert_eq!(
                follower.await.ok().flatten().as_deref(),
                Some(&7),
                "every follower gets the result"
            );
        }
        assert!(
            matches!(flights.join("k"), Seat::Leader(_)),
            "a landed flight is over"
        );
    }

    #[tokio::test]
    async fn a_lost_leader_frees_its_followers() {
        let flights: Flights<u32> = Flights::default();
        let Seat::Leader(leader) = flights.join("k") else {
            panic!("the first call leads")
        };
        let Seat::Follower(follower) = flights.join("k") else {
            panic!("the second follows")
        };
        drop(leader);
        assert_eq!(follower.wait().await, None);
        assert!(
            matches!(flights.join("k"), Seat::Leader(_)),
            "somebody can take over"
        );
    }
}
