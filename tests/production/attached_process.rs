//! What is behind an attached window, as a process of its own that can be stopped and put on another network. A test asks it
//! by lines of JSON, and gets each answer as a line with the number of its question.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failure must end the process, so that the test sees it"
)]

use secrecy::SecretString;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::mpsc;
use weir_contract::{
    ApiError,
    model::{catalog::KeySource, profile::ConnectionProfile},
};
use weir_engine::{clock::SystemClock, provider::SecretSource};
use weir_gateway::attach::{Attached, Options};

/// The tests' server asks for no password.
struct NoPasswords;

impl SecretSource for NoPasswords {
    fn secret(&self, _: &KeySource) -> Option<SecretString> {
        None
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let profile = std::env::args().nth(1).unwrap();
    let profile: ConnectionProfile = serde_json::from_str(&profile).unwrap();
    let options = Options {
        secrets: Arc::new(NoPasswords),
        clock: Arc::new(SystemClock::new()),
        ssh: PathBuf::from("ssh"),
    };
    let (steps, attached) = Attached::connect(profile, options).await;
    let attached = attached.unwrap_or_else(|problem| panic!("{problem}\n{steps:#?}"));
    println!("{}", json!({"connected": true}));
    let (hear, mut heard) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for question in std::io::stdin().lines() {
            hear.send(question.unwrap()).unwrap();
        }
    });
    // It ends with the test, however that ends.
    while let Some(question) = heard.recv().await {
        let question: Value = serde_json::from_str(&question).unwrap();
        let attached = attached.clone();
        tokio::spawn(async move {
            let (number, answer) = (question["number"].clone(), answer(&attached, &question).await);
            let line = match answer {
                Ok(value) => json!({"number": number, "value": value}),
                Err(problem) => json!({"number": number, "problem": problem}),
            };
            println!("{line}");
        });
    }
}

async fn answer(attached: &Attached, question: &Value) -> Result<Value, ApiError> {
    let plain = |state| serde_json::to_value(state).unwrap();
    match question["do"].as_str().unwrap() {
        "state" => Ok(plain(attached.state())),
        "unlock" => {
            let typed = attached.profile().name.clone();
            attached.unlock(&typed, 5, "a test").await.map(plain)
        }
        "call" => {
            let name = question["name"].as_str().unwrap();
            attached.call(name, question["arguments"].clone()).await
        }
        other => panic!("{other} is nothing that it can do"),
    }
}
