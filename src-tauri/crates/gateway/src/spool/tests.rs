//! The spool's files: order, bounds, torn ends, and what dead gateways leave.

use super::{SpoolFile, private};
use serde_json::json;
use std::{fs, io::Write, path::Path};
use weir_engine::spool::{Spool, SpoolError, Spooled, decode, encode};

const MOST: u64 = 1 << 20;

fn entry(id: &str) -> Spooled {
    let record = json!({"Record": {
        "row": {
            "id": id, "started_ms": 1, "duration_us": 2, "first_byte_us": 1, "upstream_us": 1, "endpoint": "chat_completions",
            "streamed": false, "key_id": "k", "team": "", "user": "ana", "session": "", "event": "", "tags": ["a"],
            "client_ip": "", "intent": "task", "requested_model": "auto", "tier": null, "provider": "fake", "model": "nano",
            "simulated": false, "cache": "miss", "variants": [], "status": "ok", "http_status": 200, "error": "",
            "attempts": 1, "tokens": {"input": 1, "cache_read": 0, "cache_write": 0, "output": 2, "reasoning": 0},
            "cost_nanousd": 85000, "saved_nanousd": 0, "cost_basis": "settled", "price_id": "", "price_unknown": false,
        },
        "trace": [], "request_body": null, "response_body": null, "settlements": [], "hit_key": null,
    }});
    serde_json::from_value(record).unwrap()
}

fn ids(entries: &[Spooled]) -> Vec<String> {
    let id = |entry: &Spooled| match entry {
        Spooled::Record(record) => record.row.id.clone(),
        Spooled::Reservation(reservation) => reservation.id.clone(),
    };
    entries.iter().map(id).collect()
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_torn_or_changed_entry_is_none() {
    let (one, two) = (entry("one"), entry("two"));
    let mut bytes = encode(&one).unwrap();
    let first = bytes.len();
    bytes.extend(encode(&two).unwrap());
    assert_eq!(decode(&bytes), Some((one, first)));
    assert_eq!(decode(&bytes[first..]), Some((two, bytes.len() - first)));
    for cut in 0..first {
        assert_eq!(decode(&bytes[..cut]), None, "cut after {cut} bytes");
    }
    for at in 0..first {
        let mut changed = bytes[..first].to_vec();
        changed[at] ^= 1;
        assert_eq!(decode(&changed), None, "changed at {at}");
    }
}

#[tokio::test]
async fn what_is_kept_comes_back_in_order_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let spool = SpoolFile::create(folder.path(), "g", MOST).unwrap();
    for number in 0..10 {
        spool.keep(&entry(&number.to_string())).await.unwrap();
    }
    assert_eq!(spool.waiting(), 10);
    let batch = spool.oldest(4).await.unwrap();
    assert_eq!(ids(&batch.entries), ["0", "1", "2", "3"]);
    // The store failed: the same again.
    assert_eq!(ids(&spool.oldest(4).await.unwrap().entries), ["0", "1", "2", "3"]);
    spool.forget(batch.until_bytes).await.unwrap();
    assert_eq!(spool.waiting(), 6);
    spool.keep(&entry("10")).await.unwrap();
    let rest = spool.oldest(100).await.unwrap();
    assert_eq!(ids(&rest.entries), ["4", "5", "6", "7", "8", "9", "10"]);
    spool.forget(rest.until_bytes).await.unwrap();
    assert_eq!(
        (spool.waiting(), fs::metadata(&spool.path).unwrap().len()),
        (0, 0)
    );
    spool.keep(&entry("11")).await.unwrap();
    assert_eq!(ids(&spool.oldest(100).await.unwrap().entries), ["11"]);
    spool.remove().unwrap();
    assert_eq!(files(folder.path()), 0);
}

/// More than is read at once: many entries, and one that is larger than that by itself.
#[tokio::test]
async fn a_long_spool_is_read_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let spool = SpoolFile::create(folder.path(), "g", u64::MAX).unwrap();
    let large = |mark: &str| mark.repeat(700_000);
    let names = [
        "first".to_owned(),
        large("many"),
        large("b"),
        large("c"),
        "last".to_owned(),
    ];
    for name in &names {
        spool.keep(&entry(name)).await.unwrap();
    }
    assert!(
        ids(&spool.oldest(usize::MAX).await.unwrap().entries) == names,
        "all at once"
    );
    for name in &names {
        let batch = spool.oldest(1).await.unwrap();
        assert!(ids(&batch.entries) == [name.clone()], "one after another");
        spool.forget(batch.until_bytes).await.unwrap();
    }
    assert_eq!(spool.waiting(), 0);
    assert!(spool.oldest(1).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn a_full_spool_refuses_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let each = encode(&entry("0")).unwrap().len() as u64;
    let spool = SpoolFile::create(folder.path(), "g", 3 * each + 1).unwrap();
    for number in 0..3 {
        spool.keep(&entry(&number.to_string())).await.unwrap();
    }
    let full = spool.keep(&entry("3")).await.unwrap_err();
    assert!(matches!(full, SpoolError::Full(_)), "{full}");
    let batch = spool.oldest(100).await.unwrap();
    assert_eq!(ids(&batch.entries), ["0", "1", "2"]);
    spool.forget(batch.until_bytes).await.unwrap();
    spool.keep(&entry("4")).await.unwrap();
}

#[tokio::test]
async fn only_what_a_dead_gateway_left_is_taken_over_and_a_torn_end_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let spool = SpoolFile::create(folder.path(), "living", MOST).unwrap();
    spool.keep(&entry("of the living")).await.unwrap();
    let mut dead = encode(&entry("whole")).unwrap();
    dead.extend(&encode(&entry("torn")).unwrap()[..40]);
    let path = folder.path().join("dead.weir-spool");
    private()
        .create(true)
        .open(&path)
        .unwrap()
        .write_all(&dead)
        .unwrap();
    fs::write(folder.path().join("other.txt"), "not a spool").unwrap();
    let left = SpoolFile::left_behind(folder.path()).unwrap();
    assert_eq!(left.len(), 1);
    // Nobody else gets it meanwhile.
    assert!(SpoolFile::left_behind(folder.path()).unwrap().is_empty());
    let batch = left[0].oldest(usize::MAX).await.unwrap();
    assert_eq!(ids(&batch.entries), ["whole"]);
    left[0].forget(batch.until_bytes).await.unwrap();
    assert!(left[0].oldest(usize::MAX).await.unwrap().entries.is_empty());
    left[0].remove().unwrap();
    assert!(!path.exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&spool.path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
