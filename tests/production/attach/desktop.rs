//! An attached window in a process of its own, on a machine of its own, beside a server that it reaches by a real network.

use super::profile_at;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use support::{
    network::{Network, SERVER},
    postgres::TestDatabase,
    roles::set_up_in,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    sync::oneshot,
};
use weir_contract::{ApiError, Command as _, command::keys::KeysCreate, model::profile::AttachedState};

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;
pub(super) type Answer = Result<Value, ApiError>;

/// The process, the network and the database.
pub(super) struct Desktop {
    pub(super) network: Network,
    pub(super) database: TestDatabase,
    process: Child,
    questions: tokio::sync::Mutex<ChildStdin>,
    waiting: Waiting,
    number: AtomicU64,
}

impl Desktop {
    /// Connected and unlocked.
    pub(super) async fn attach() -> Desktop {
        let network = Network::lay();
        let database = TestDatabase::on_a_server_at(SERVER, network.on_server()).await;
        let database = set_up_in(database).await;
        let profile = serde_json::to_string(&profile_at(SERVER, 5432, &database)).unwrap();
        let enter = network.on_desktop();
        let mut process = Command::new(&enter[0])
            .args(&enter[1..])
            .arg(env!("CARGO_BIN_EXE_attached_window"))
            .arg(profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(support::SOON, lines.next_line());
        assert!(
            first.await.expect("it connects soon").unwrap().is_some(),
            "it did not connect; its own words are above"
        );
        let waiting = Waiting::default();
        let answered = waiting.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let answer: Value = serde_json::from_str(&line).unwrap();
                let number = answer["number"].as_u64().unwrap();
                if let Some(asked) = answered.lock().unwrap().remove(&number) {
                    let _ = asked.send(answer);
                }
            }
        });
        let desktop = Desktop {
            network,
            database,
            questions: tokio::sync::Mutex::new(process.stdin.take().unwrap()),
            process,
            waiting,
            number: AtomicU64::new(0),
        };
        desktop.unlock().await;
        desktop
    }

    /// Asks, and gives what will be the answer: the question is on its way when this returns.
    async fn ask(&self, mut question: Value) -> oneshot::Receiver<Value> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        question["number"] = json!(number);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(number, answer);
        let line = format!("{question}\n");
        self.questions
            .lock()
            .await
            .write_all(line.as_bytes())
            .await
            .unwrap();
        answered
    }

    pub(super) async fn unlock(&self) {
        told(self.ask(json!({"do": "unlock"})).await).await.unwrap();
    }

    pub(super) async fn state(&self) -> AttachedState {
        let said = told(self.ask(json!({"do": "state"})).await).await.unwrap();
        serde_json::from_value(said).unwrap()
    }

    /// An operation of a page.
    pub(super) async fn call(&self, name: &str, arguments: Value) -> Answer {
        let question = json!({"do": "call", "name": name, "arguments": arguments});
        told(self.ask(question).await).await
    }

    /// Sends off an act that would be done twice if it came twice: a new key of this name.
    pub(super) async fn send(&self, name: &str) -> impl Future<Output = Answer> + use<> {
        let key = KeysCreate {
            name: name.to_owned(),
            ..KeysCreate::default()
        };
        let question = json!({"do": "call", "name": KeysCreate::NAME, "arguments": key});
        told(self.ask(question).await)
    }

    /// How often it was done: the keys, which must be as many as the rows in the log.
    pub(super) fn done(&self, name: &str) -> u32 {
        let figures = self.database.sql(&format!(
            "SELECT (SELECT count(*) FROM weir.virtual_keys WHERE name = '{name}') || ' ' ||
                    (SELECT count(*) FROM weir.changes WHERE command = 'keys.create' AND after LIKE '%\"{name}\"%')"
        ));
        let (keys, logged) = figures.split_once(' ').unwrap();
        assert_eq!(keys, logged, "{name}: each is in the log once");
        keys.parse().unwrap()
    }

    pub(super) fn signal(&self, signal: &str) {
        kill(signal, &self.process.id().unwrap().to_string());
    }

    /// Signals the server's process that makes the window's changes.
    pub(super) fn signal_changing_session(&self, signal: &str) {
        let changing = "SELECT pid FROM pg_stat_activity WHERE usename = 'weir_admin'";
        kill(signal, &self.database.sql(changing));
    }

    /// Ends all sessions of the window, as a server does that has not heard of it for long.
    pub(super) fn end_sessions(&self) -> i64 {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename IN ('weir_viewer', 'weir_admin')";
        self.database.sql(end).parse().unwrap()
    }
}

fn kill(signal: &str, process: &str) {
    let sent = std::process::Command::new("kill")
        .args([signal, process])
        .status();
    assert!(sent.unwrap().success());
}

/// The answer, however long it takes: the window itself must see to it that it comes.
async fn told(answered: oneshot::Receiver<Value>) -> Answer {
    let answer = tokio::time::timeout(Duration::from_secs(60), answered).await;
    let mut answer = answer
        .expect("nobody is left without an answer")
        .expect("the window runs");
    match answer["problem"].take() {
        Value::Null => Ok(answer["value"].take()),
        problem => Err(serde_json::from_value(problem).unwrap()),
    }
}
