//! Backups over the operations: by hand, by the day, thinned out, and said to be overdue.

use crate::stage::{NOW_MS, Stage};
use serde_json::json;
use weir_admin::backups;
use weir_contract::model::backup::BackupReason;
use weir_engine::store::{BackupStore, Store};

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn a_day_has_one_backup_and_old_days_go() {
    let stage = Stage::new().await;
    let empty = stage.ok("backups.list", json!({})).await;
    assert_eq!(
        (&empty["backups"], &empty["is_overdue"]),
        (&json!([]), &json!(true))
    );
    let by_hand = stage.ok("backups.make", json!({})).await;
    assert_eq!(by_hand["reason"], "manual");
    assert!(by_hand["bytes"].as_i64().unwrap() > 4_096);

    let store: &dyn Store = stage.admin.store.as_ref();
    for day in 0..20 {
        let now_ms = NOW_MS + 1 + day * DAY_MS;
        assert!(backups::round(store, now_ms).await.unwrap(), "day {day}");
        assert!(
            !backups::round(store, now_ms + DAY_MS - 1).await.unwrap(),
            "once a day"
        );
    }
    let kept = stage.store.list_backups().await.unwrap();
    let dailies = kept
        .iter()
        .filter(|backup| backup.reason == BackupReason::Daily)
        .count();
    // 21 September to 10 October 2026: seven days, of the weeks before two more ends, of September its own.
    assert!((8..=10).contains(&dailies), "{kept:#?}");
    assert!(
        kept.iter().any(|backup| backup.reason == BackupReason::Manual),
        "what somebody made stays"
    );
    assert_eq!(kept[0].taken_ms, NOW_MS + 1 + 19 * DAY_MS, "newest first");
    let now = stage.ok("backups.list", json!({})).await;
    assert_eq!(now["is_overdue"], false);
    assert_eq!(now["backups"][0]["bytes"].as_i64().unwrap(), kept[0].bytes);
}
