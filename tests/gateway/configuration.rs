//! What can be wrong with a configuration: one clear paragraph and exit code 1, each time.

use std::{net::TcpListener, path::Path, process::Stdio};
use support::process::{run, run_to_failure};
use tokio::io::{AsyncBufReadExt, BufReader};

fn write(folder: &Path, text: &str) {
    std::fs::write(folder.join("weir.toml"), text).unwrap();
}

async fn serve(folder: &Path, environment: &[(&str, &str)]) -> String {
    let mut all = vec![("WEIR_LISTEN", "127.0.0.1:0")];
    all.extend_from_slice(environment);
    run_to_failure(folder, &["serve", "--config", "weir.toml"], &all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_file_are_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str]); 9] = [
        (
            "[gateway]\nlistne = \"127.0.0.1:1\"\n",
            &["weir.toml", "listne", "listen"],
        ),
        ("[gateway\n", &["weir.toml"]),
        ("default_provider = \"nope\"\n", &["nope", "simulated"]),
        (
            "[providers.x]\nprotocol = \"telepathy\"\n",
            &["telepathy", "openai"],
        ),
        (
            "[providers.x]\nprotocol = \"openai\"\nbase_url = \"ftp://x\"\n",
            &["\"x\"", "https://"],
        ),
        (
            "[providers.x]\nprotocol = \"openai\"\nbase_url = \"http://169.254.169.254/v1\"\n",
            &["\"x\"", "metadata"],
        ),
        ("[tiers]\nT9 = [\"simulated/sim-nano\"]\n", &["T9", "T3"]),
        ("[tiers]\nT0 = [\"nobody/x\"]\n", &["nobody"]),
        ("[gateway]\nlisten = \"0.0.0.0:0\"\n", &["allow_remote"]),
    ];
    for (text, names) in cases {
        write(folder.path(), text);
        let problem = run_to_failure(folder.path(), &["serve", "--config", "weir.toml"], &[]).await;
        for name in names {
            assert!(problem.contains(name), "{text}\n{name} is not in: {problem}");
        }
        let checked = run(folder.path(), &["check", "--config", "weir.toml"], &[]).await;
        let listens = text.contains("0.0.0.0");
        assert!(
            listens || checked.status.code() == Some(1),
            "check finds it too: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_or_provider_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let problem = run_to_failure(folder.path(), &["serve", "--config", "nowhere.toml"], &[]).await;
    assert!(problem.contains("nowhere.toml"), "{problem}");
    write(folder.path(), "");
    let problem = serve(folder.path(), &[("WEIR_PROVIDER", "openai")]).await;
    assert!(
        problem.contains("openai") && problem.contains("OPENAI_API_KEY"),
        "{problem}"
    );
    let problem = serve(folder.path(), &[("WEIR_LISTEN", "everywhere")]).await;
    assert!(
        problem.contains("everywhere") && problem.contains("127.0.0.1:8787"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let problem = serve(folder.path(), &[("WEIR_LISTEN", &address.to_string())]).await;
    assert!(
        problem.contains(&address.port().to_string()) && problem.contains("taken"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "");
    std::fs::write(folder.path().join("file"), "x").unwrap();
    std::fs::write(
        folder.path().join("corrupt.db"),
        "this was never a database\n".repeat(1_000),
    )
    .unwrap();
    let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    for (name, why) in [("file/weir.db", "file/weir.db"), ("corrupt.db", "corrupt.db")] {
        let problem = serve(folder.path(), &[("WEIR_DATABASE", &url(name))]).await;
        assert!(problem.contains(why), "{name}: {problem}");
    }
    for wrong in ["weir.db", "mysql://x"] {
        let problem = serve(folder.path(), &[("WEIR_DATABASE", wrong)]).await;
        assert!(problem.contains("sqlite:///"), "{wrong}: {problem}");
    }
}

/// Another program that keeps the database locked; Python's standard library is at hand where these tests run.
const LOCK: &str = "import sqlite3, sys, time\n\
                    c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                    c.execute('create table if not exists t (x)')\n\
                    c.execute('begin exclusive')\n\
                    print('locked', flush=True)\n\
                    time.sleep(120)\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "");
    let path = folder.path().join("locked.db");
    let mut holder = tokio::process::Command::new("python3");
    holder
        .args(["-c", LOCK])
        .arg(&path)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut holder = holder.spawn().expect("python3 is needed for this test");
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("locked"));
    let problem = serve(
        folder.path(),
        &[("WEIR_DATABASE", &format!("sqlite://{}", path.display()))],
    )
    .await;
    assert!(problem.contains("locked"), "{problem}");
}
