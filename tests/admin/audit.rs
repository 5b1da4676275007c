//! The log of changes over the operations: who and why, undo, conflicts with what differs, and a chain that shows tampering.

use crate::stage::Stage;
use serde_json::{Value, json};
use weir_contract::ErrorCode;

fn cap(dollars: i64) -> Value {
    json!({
        "name": "daily", "scope": {"kind": "user", "value": "ana"}, "period": "day", "time_zone": "UTC",
        "limit_nanousd": dollars * 1_000_000_000,
        "steps": [{"percent": 80, "action": "notify"}, {"percent": 100, "action": "refuse"}], "enabled": true,
    })
}

async fn save(stage: &Stage, dollars: i64, expected: i64) -> i64 {
    let saved = stage
        .ok(
            "caps.save",
            json!({"cap": cap(dollars), "expected_version": expected}),
        )
        .await;
    saved["version"].as_i64().unwrap()
}

async fn log(stage: &Stage) -> Vec<Value> {
    let page = stage.ok("audit.list", json!({"limit": 200})).await;
    page["changes"].as_array().unwrap().clone()
}

async fn limit(stage: &Stage) -> Option<i64> {
    let caps = stage.ok("caps.list", json!({})).await;
    let cap = caps.as_array().unwrap().first()?;
    cap["cap"]["limit_nanousd"]
        .as_i64()
        .map(|nanousd| nanousd / 1_000_000_000)
}

#[tokio::test]
async fn a_change_is_logged_and_undone_and_the_undo_too() {
    let stage = Stage::new().await;
    let first = save(&stage, 100, 0).await;
    save(&stage, 25, first).await;
    let changes = log(&stage).await;
    assert_eq!(changes.len(), 2);
    let newest = &changes[0];
    assert_eq!(newest["change"]["command"], "caps.save");
    assert_eq!(newest["change"]["actor"]["user"], "ada");
    assert_eq!(
        newest["differences"],
        json!([{"path": "limit_nanousd", "before": "100000000000", "after": "25000000000"}])
    );
    assert!(
        !newest.to_string().contains("\"ana\""),
        "people stand there as marks: {newest}"
    );
    assert_eq!(newest["undo"]["kind"], "possible");
    assert_eq!(changes[1]["undo"]["kind"], "impossible", "changed since");

    let undone = stage
        .ok("audit.undo", json!({"seq": 2, "reason": "too low"}))
        .await;
    assert_eq!(undone["change"]["undoes"], 2);
    assert_eq!(undone["change"]["reason"], "too low");
    assert_eq!(undone["change"]["command"], "audit.undo");
    assert_eq!(limit(&stage).await, Some(100));
    let again = stage.fails("audit.undo", json!({"seq": 2, "reason": ""})).await;
    assert_eq!(again.code, ErrorCode::Conflict);
    assert!(again.message.contains("by change 3"), "{again}");
    // An undo is a change like any other.
    stage.ok("audit.undo", json!({"seq": 3, "reason": ""})).await;
    assert_eq!(limit(&stage).await, Some(25));
    let caps = stage.ok("caps.list", json!({})).await;
    assert_eq!(
        caps[0]["cap"]["scope"]["value"], "ana",
        "the undo put back the person, not the mark"
    );
}

#[tokio::test]
async fn creations_and_removals_are_undone() {
    let stage = Stage::new().await;
    let first = save(&stage, 100, 0).await;
    stage
        .ok("caps.delete", json!({"name": "daily", "expected_version": first}))
        .await;
    assert_eq!(limit(&stage).await, None);
    stage.ok("audit.undo", json!({"seq": 2, "reason": ""})).await;
    assert_eq!(limit(&stage).await, Some(100));
    let undone = log(&stage).await;
    assert_eq!(
        undone[2]["undo"]["kind"], "impossible",
        "it was removed and put back since"
    );
    stage.ok("audit.undo", json!({"seq": 3, "reason": ""})).await;
    assert_eq!(limit(&stage).await, None);
    let missing = stage.fails("audit.undo", json!({"seq": 99, "reason": ""})).await;
    assert_eq!(missing.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_key_is_changed_back_and_never_unrevoked() {
    let stage = Stage::new().await;
    let made = stage
        .ok("keys.create", json!({"name": "a", "team": "", "owner": "ana"}))
        .await;
    let id = made["key"]["id"].as_str().unwrap().to_owned();
    let update = |name: &str, expected: i64| {
        json!({"id": id, "expected_version": expected, "name": name, "owner": "ben", "team": "",
               "scopes": {}, "expires_ms": null, "limit": null})
    };
    stage.ok("keys.update", update("b", 1)).await;
    let late = stage.fails("keys.update", update("c", 1)).await;
    assert_eq!(late.code, ErrorCode::Conflict);
    let fields = late.conflict.unwrap().fields;
    assert_eq!(fields.len(), 1);
    assert_eq!(
        (fields[0].theirs.as_deref(), fields[0].mine.as_deref()),
        (Some("b"), Some("c"))
    );
    stage.ok("audit.undo", json!({"seq": 2, "reason": ""})).await;
    let key = stage.store_key(&id).await;
    assert_eq!(
        (key.name.as_str(), key.owner.as_str(), key.version),
        ("a", "ana", 3)
    );
    stage.ok("keys.revoke", json!({"id": id})).await;
    let refused = stage.fails("audit.undo", json!({"seq": 4, "reason": ""})).await;
    assert_eq!(refused.code, ErrorCode::NotAllowed);
    let text = serde_json::to_string(&log(&stage).await).unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert!(
        !text.contains(&secret[20..]) && !text.contains("\"ana\"") && !text.contains("\"ben\""),
        "{text}"
    );
}

#[tokio::test]
async fn the_second_of_two_windows_sees_what_differs() {
    let stage = Stage::new().await;
    let read = save(&stage, 100, 0).await;
    let theirs = save(&stage, 50, read).await;
    let mut mine = cap(100);
    mine["enabled"] = json!(false);
    let error = stage
        .fails("caps.save", json!({"cap": mine, "expected_version": read}))
        .await;
    assert_eq!(error.code, ErrorCode::Conflict);
    let conflict = error.conflict.unwrap();
    assert_eq!((conflict.version, conflict.who.as_str()), (theirs, "test:ada"));
    let said: Vec<_> = conflict
        .fields
        .iter()
        .map(|field| {
            (
                field.path.as_str(),
                field.base.as_deref(),
                field.theirs.as_deref(),
                field.mine.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("enabled", Some("true"), Some("true"), Some("false")),
            (
                "limit_nanousd",
                Some("100000000000"),
                Some("50000000000"),
                Some("100000000000")
            ),
        ]
    );
    assert_eq!(limit(&stage).await, Some(50), "nothing was lost");
    let gone = stage
        .fails("caps.delete", json!({"name": "daily", "expected_version": read}))
        .await;
    assert!(gone.conflict.is_some() && limit(&stage).await == Some(50));
}

#[tokio::test]
async fn a_row_changed_behind_weirs_back_breaks_the_chain() {
    let stage = Stage::new().await;
    let first = save(&stage, 100, 0).await;
    save(&stage, 25, first).await;
    let sound = stage.ok("audit.verify", json!({})).await;
    assert_eq!((&sound["rows"], &sound["problem"]), (&json!(2), &Value::Null));
    let known = json!({"known_seq": 2, "known_sha256": sound["head_sha256"]});
    assert_eq!(
        stage.ok("audit.verify", known.clone()).await["problem"],
        Value::Null
    );
    let half = stage.fails("audit.verify", json!({"known_seq": 2})).await;
    assert_eq!(half.code, ErrorCode::InvalidArgument);

    // Who can write the file can take the triggers off; the chain still tells.
    for statement in [
        "DROP TRIGGER changes_are_never_updated",
        "UPDATE changes SET os_user = 'ben' WHERE seq = 1",
    ] {
        stage.meddle(statement).await;
    }
    let broken = stage.ok("audit.verify", json!({})).await;
    assert!(
        broken["problem"].as_str().unwrap().starts_with("row 1 "),
        "{broken}"
    );
    for statement in [
        "UPDATE changes SET os_user = 'ada' WHERE seq = 1",
        "DROP TRIGGER changes_are_never_deleted",
        "DELETE FROM changes WHERE seq = 2",
    ] {
        stage.meddle(statement).await;
    }
    assert_eq!(stage.ok("audit.verify", json!({})).await["problem"], Value::Null);
    let cut = stage.ok("audit.verify", known).await;
    assert!(cut["problem"].as_str().unwrap().contains("cut off"), "{cut}");
}
