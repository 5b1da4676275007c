//! OUT-3: a disk that is full. What is cached is served, what would have to be written is refused, nothing is lost or broken, and
//! it goes on by itself once there is room.

use serde_json::Value;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{
    eventually, http_client,
    process::{Serving, binary, run},
    said::Said,
    stage::chat,
    upstream::Upstream,
};

/// Long enough that a few hundred fill what the database's files hold already.
const QUESTION_BYTES: usize = 20_000;
/// A call ends by then, full disk or not.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A program that makes a disk of 20 MB for itself alone, puts the database there, and becomes the gateway.
fn on_a_small_disk(folder: &Path) -> PathBuf {
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    let program = folder.join("on-a-small-disk");
    let script = format!(
        "#!/bin/sh\nexec unshare $([ \"$(id -u)\" = 0 ] || echo --user --map-root-user) --mount sh -c \\\n\
         'mount -t tmpfs -o size=20m none \"$0\" && cp weir.db \"$0\" && exec \"$@\"' '{}' '{}' \"$@\"\n",
        disk.display(),
        binary().display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    program
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    let mut piece = vec![1; 1 << 20];
    while !piece.is_empty() {
        if file.write_all(&piece).is_err() {
            piece.truncate(piece.len() / 2);
        }
    }
}

struct Caller {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Caller {
    async fn ask(&self, number: usize) -> Said {
        let text = format!("{number} {}", "weir ".repeat(QUESTION_BYTES / 5));
        let request = self
            .client
            .post(format!("{}/v1/chat/completions", self.base))
            .bearer_auth(&self.key)
            .json(&chat("openai/nano", &text));
        let answer = tokio::time::timeout(ENDS_WITHIN, request.send()).await;
        Said::read(answer.expect("every call ends").unwrap()).await
    }

    async fn get(&self, path: &str) -> Said {
        let request = self.client.get(format!("{}{path}", self.base));
        Said::read(request.bearer_auth(&self.key).send().await.unwrap()).await
    }
}

async fn figure(database: &Path, sql: &str) -> String {
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let found: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_is_over_by_itself() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let owned = |database: PathBuf| {
        vec![
            ("WEIR_DATABASE", format!("sqlite://{}", database.display())),
            ("WEIR_LISTEN", "127.0.0.1:0".to_owned()),
            ("WEIR_PROVIDER", "openai".to_owned()),
            ("OPENAI_API_KEY", "sk-real".to_owned()),
            ("OPENAI_BASE_URL", format!("{}/v1", upstream.origin())),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
        ]
    };
    fn borrowed<'a>(owned: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
        owned
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect()
    }
    let before = owned(folder.path().join("weir.db"));
    let arguments = ["key", "create", "--name", "disk", "--json"];
    let made = run(folder.path(), &arguments, &borrowed(&before)).await;
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let small = owned(disk.join("weir.db"));
    let program = on_a_small_disk(folder.path());
    let mut serving = Serving::start_binary(&program, folder.path(), &[], &borrowed(&small)).await;
    let caller = Caller {
        client: http_client(),
        base: serving.base.clone(),
        key: made["key"].as_str().unwrap().to_owned(),
    };
    // The disk as the gateway sees it.
    let inside = PathBuf::from(format!("/proc/{}/root", serving.child.id().unwrap()))
        .join(disk.strip_prefix("/").unwrap());
    let mut answered = 0;
    for number in 0..3 {
        caller.ask(number).await.expect(200);
        answered += 1;
    }

    fill(&inside.join("filler"));
    let mut refused = Vec::new();
    for number in 3..600 {
        let said = caller.ask(number).await;
        match said.status {
            200 => answered += 1,
            503 => refused.push(said.json()["error"]["message"].to_string()),
            other => panic!("{other}: {}", said.text()),
        }
        if refused.len() == 10 {
            break;
        }
    }
    assert!(refused.len() == 10, "{answered} answers fit on a full disk");
    assert!(refused[0].contains("disk is full"), "{}", refused[0]);
    let cached = caller.ask(0).await.expect(200);
    assert_eq!(cached.cache(), "response", "what is cached is served");
    caller.get("/v1/models").await.expect(200);
    caller.get("/metrics").await.expect(200);
    caller.get("/health/live").await.expect(200);
    let ready = caller.get("/health/ready").await;
    assert_eq!(ready.status, 503, "{}", ready.text());

    fs::remove_file(inside.join("filler")).unwrap();
    let since = Instant::now();
    eventually("it is ready again", || async {
        (caller.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    println!("{answered} answered; ready again after {:?}", since.elapsed());
    caller.ask(1_000).await.expect(200);
    answered += 1;

    // Every answer has its row, the cached one too, and what was paid is in the ledger.
    let copy = folder.path().join("copy.db");
    eventually("all rows are there", || async {
        for ending in ["", "-wal"] {
            fs::copy(
                inside.join(format!("weir.db{ending}")),
                folder.path().join(format!("copy.db{ending}")),
            )
            .ok()?;
        }
        let rows = "SELECT CAST(count(*) AS TEXT) FROM requests WHERE http_status = 200";
        (figure(&copy, rows).await == (answered + 1).to_string()).then_some(())
    })
    .await;
    assert_eq!(upstream.calls(), answered, "nothing was bought that was refused");
    assert_eq!(figure(&copy, "PRAGMA integrity_check").await, "ok");
    assert_eq!(
        figure(&copy, "SELECT CAST(count(*) AS TEXT) FROM reservations").await,
        "0",
        "nothing is left open"
    );
    serving.terminate().await;
    assert_eq!(serving.ended().await, Some(0));
}
