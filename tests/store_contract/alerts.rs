//! Alerts: raised once, delivered by one, and remembered.

use crate::sample::{START_MS, act_of};
use std::{collections::HashSet, sync::Arc};
use tokio::task::JoinSet;
use weir_contract::model::alert::{DeliveryState, SnoozeOf};
use weir_engine::store::{DeliveryOutcome, NewAlert, NewDelivery, Snooze, Store};

fn alert(rule: &str, key: &str, window_start_ms: i64, channels: &[&str]) -> NewAlert {
    let delivery = |channel: &&str| NewDelivery {
        channel: (*channel).to_owned(),
        state: DeliveryState::Waiting,
        attempts: 0,
        note: String::new(),
    };
    NewAlert {
        rule: rule.to_owned(),
        key: key.to_owned(),
        window_start_ms,
        kind: "disk_low".to_owned(),
        subject: "disk".to_owned(),
        title: "t".to_owned(),
        message: "m".to_owned(),
        page: "overview".to_owned(),
        raised_ms: START_MS,
        deliveries: channels.iter().map(delivery).collect(),
    }
}

pub(crate) async fn an_alert_is_raised_once(store: Arc<dyn Store>) {
    let mut raising = JoinSet::new();
    for _ in 0..64 {
        let store = store.clone();
        raising.spawn(async move { store.raise_alert(alert("r", "k", 1, &["a"])).await.unwrap() });
    }
    let new = raising
        .join_all()
        .await
        .into_iter()
        .filter(|is_new| *is_new)
        .count();
    assert_eq!(new, 1);
    for (rule, key, window) in [("r", "k", 2), ("r", "other", 1), ("other", "k", 1)] {
        assert!(store.raise_alert(alert(rule, key, window, &[])).await.unwrap());
    }
    let all = store.alert_history(None, 10).await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(all[3].deliveries.len(), 1);
    let older = store.alert_history(Some(all[1].id), 10).await.unwrap();
    assert_eq!(older, all[2..]);
}

pub(crate) async fn a_delivery_is_taken_on_by_one(store: Arc<dyn Store>) {
    store.raise_alert(alert("r", "k", 1, &["a", "b"])).await.unwrap();
    let mut claiming = JoinSet::new();
    for _ in 0..32 {
        let store = store.clone();
        claiming.spawn(async move { store.claim_delivery(START_MS, START_MS + 60_000).await.unwrap() });
    }
    let claimed: Vec<_> = claiming.join_all().await.into_iter().flatten().collect();
    let channels: HashSet<_> = claimed.iter().map(|due| due.delivery.channel.clone()).collect();
    assert_eq!((claimed.len(), channels.len()), (2, 2));
    assert!(
        claimed
            .iter()
            .all(|due| due.delivery.attempts == 1 && due.event.message == "m")
    );
    assert_eq!(
        store.claim_delivery(START_MS + 59_999, i64::MAX).await.unwrap(),
        None
    );
    let again = store
        .claim_delivery(START_MS + 60_000, START_MS + 120_000)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.delivery.attempts, 2, "whoever had it died with it");
    let late = DeliveryOutcome {
        id: again.delivery.id,
        attempts: 1,
        state: DeliveryState::GivenUp,
        next_attempt_ms: 0,
        note: "late".to_owned(),
    };
    store.finish_delivery(late.clone()).await.unwrap();
    let state = |all: &[weir_contract::model::alert::AlertEvent]| {
        let deliveries = all[0].deliveries.iter();
        deliveries
            .clone()
            .find(|one| one.id == again.delivery.id)
            .unwrap()
            .clone()
    };
    let all = store.alert_history(None, 1).await.unwrap();
    assert_eq!(
        state(&all).state,
        DeliveryState::Waiting,
        "a newer attempt is under way"
    );
    let done = DeliveryOutcome {
        attempts: 2,
        state: DeliveryState::Delivered,
        note: "answered 200".to_owned(),
        ..late
    };
    store.finish_delivery(done).await.unwrap();
    let all = store.alert_history(None, 1).await.unwrap();
    assert_eq!(
        (
            state(&all).state,
            state(&all).note.as_str(),
            state(&all).last_attempt_ms
        ),
        (DeliveryState::Delivered, "answered 200", Some(START_MS + 60_000))
    );
}

pub(crate) async fn the_newest_of_each_is_known(store: Arc<dyn Store>) {
    for window in 0..3 {
        store
            .raise_alert(alert("one", "k", window, &["a"]))
            .await
            .unwrap();
        store
            .raise_alert(alert("two", "k", window, &["b"]))
            .await
            .unwrap();
    }
    let newest = store.newest_alerts().await.unwrap();
    let of: Vec<_> = newest
        .iter()
        .map(|event| (event.rule.as_str(), event.window_start_ms))
        .collect();
    assert_eq!(of, [("one", 2), ("two", 2)]);
    let deliveries = store.newest_deliveries().await.unwrap();
    let of: Vec<_> = deliveries
        .iter()
        .map(|one| (one.channel.as_str(), one.event_id))
        .collect();
    assert_eq!(of, [("a", newest[0].id), ("b", newest[1].id)]);
    assert_eq!(store.expire_alerts(START_MS).await.unwrap(), 0);
    assert_eq!(store.expire_alerts(START_MS + 1).await.unwrap(), 6);
    assert!(store.newest_deliveries().await.unwrap().is_empty());
}

pub(crate) async fn snoozes_end_by_themselves(store: Arc<dyn Store>) {
    let snooze = |of, until_ms| Snooze {
        of,
        name: "x".to_owned(),
        until_ms,
    };
    let (rule, channel) = (snooze(SnoozeOf::Rule, 50), snooze(SnoozeOf::Channel, 90));
    store.set_snooze(rule.clone(), &act_of("ada", 10)).await.unwrap();
    store
        .set_snooze(channel.clone(), &act_of("ada", 10))
        .await
        .unwrap();
    assert_eq!(store.snoozes(49).await.unwrap(), [channel.clone(), rule]);
    assert_eq!(store.snoozes(50).await.unwrap(), [channel]);
    store
        .set_snooze(snooze(SnoozeOf::Channel, 0), &act_of("ada", 10))
        .await
        .unwrap();
    assert!(store.snoozes(51).await.unwrap().is_empty());
    let never = Snooze {
        name: "never snoozed".to_owned(),
        ..snooze(SnoozeOf::Rule, 0)
    };
    store.set_snooze(never, &act_of("ada", 10)).await.unwrap();
    assert_eq!(
        store.changes_after(0, 10).await.unwrap().len(),
        3,
        "what changes nothing is not logged"
    );
}
