//! DUR-2: gateways are killed, and Postgres is ended as a power cut would, a hundred times in all, in the middle of calls and
//! streams. No answered call loses its row, no bought one its charge, and no reservation stays open.

use crate::{
    accounts::{check_accounts, until_whole},
    fleet::Fleet,
    outage_scene::rules,
};
use serde_json::json;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use support::{
    postgres::TestDatabase,
    process::Serving,
    stage::{chat, with},
};
use tokio::sync::RwLock;

const GATEWAYS: usize = 3;
const CALLERS: usize = 12;
const KILLS_OF_GATEWAYS: usize = 90;
const KILLS_OF_POSTGRES: usize = 10;

struct Scene {
    fleet: Fleet,
    gateways: Vec<RwLock<Serving>>,
    /// Whoever starts a gateway reads it; whoever takes Postgres away writes it.
    postgres: RwLock<()>,
    answered: Mutex<Vec<String>>,
    unanswered: AtomicUsize,
    /// Calls that no gateway took: it was dead already, or could not know the key.
    missed: AtomicUsize,
    ends: AtomicBool,
}

impl Scene {
    async fn set() -> Scene {
        let database = TestDatabase::on_its_own_server().await;
        let url = database.url();
        let mut fleet = Fleet::start_on(database, url, GATEWAYS, &rules()).await;
        fleet.upstream.set_latency(Duration::from_millis(40));
        fleet.upstream.set_event_pause(Duration::from_millis(20));
        let gateways = std::mem::take(&mut fleet.gateways);
        Scene {
            fleet,
            gateways: gateways.into_iter().map(RwLock::new).collect(),
            postgres: RwLock::default(),
            answered: Mutex::default(),
            unanswered: AtomicUsize::default(),
            missed: AtomicUsize::default(),
            ends: AtomicBool::default(),
        }
    }

    /// Asks the gateways in turn, every other time as a stream.
    async fn ask_on(&self, caller: usize) {
        for number in 0.. {
            if self.ends.load(Ordering::Relaxed) {
                return;
            }
            let gateway = &self.gateways[(caller + number) % GATEWAYS];
            let base = gateway.read().await.base.clone();
            let body = chat("fake/nano", &format!("{caller} {number}"));
            let asked = self
                .fleet
                .client
                .post(format!("{base}/v1/chat/completions"))
                .bearer_auth(&self.fleet.key)
                .header("x-weir-event", format!("free {caller} {number}"))
                .json(&with(body, json!({"stream": number % 2 == 1})));
            let answer = async {
                let answer = match asked.send().await {
                    Ok(answer) => answer,
                    Err(problem) => {
                        let missed = if problem.is_connect() {
                            &self.missed
                        } else {
                            &self.unanswered
                        };
                        missed.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                };
                let Some(id) = answer.headers().get("x-weir-request-id") else {
                    // A gateway that has just begun cannot know the key while Postgres is away.
                    assert_eq!(answer.status(), 503);
                    self.missed.fetch_add(1, Ordering::Relaxed);
                    return;
                };
                let id = id.to_str().unwrap().to_owned();
                match answer.bytes().await {
                    Ok(_) => self.answered.lock().unwrap().push(id),
                    Err(_) => drop(self.unanswered.fetch_add(1, Ordering::Relaxed)),
                }
            };
            answer.await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn kill(&self, gateway: usize) {
        for round in 0..KILLS_OF_GATEWAYS / GATEWAYS {
            // Now soon, now late after it began to serve.
            tokio::time::sleep(Duration::from_millis(
                50 + (round * 7_919 + gateway * 131) as u64 % 450,
            ))
            .await;
            let mut serving = self.gateways[gateway].write().await;
            serving.child.kill().await.unwrap();
            let _there = self.postgres.read().await;
            *serving = self.fleet.gateway().await;
        }
    }

    async fn take_postgres(&self) {
        let server = self.fleet.database.server();
        for round in 0..KILLS_OF_POSTGRES {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let _away = self.postgres.write().await;
            server.halt().unwrap();
            tokio::time::sleep(Duration::from_millis(100 * (round as u64 % 4))).await;
            tokio::task::spawn_blocking(|| server.resume())
                .await
                .unwrap()
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dur_2_a_hundred_kills_lose_nothing() {
    let scene = Scene::set().await;
    let began = Instant::now();
    let killing = async {
        let gateways = futures::future::join_all((0..GATEWAYS).map(|gateway| scene.kill(gateway)));
        futures::join!(gateways, scene.take_postgres());
        scene.ends.store(true, Ordering::Relaxed);
        Instant::now()
    };
    let asking = futures::future::join_all((0..CALLERS).map(|caller| scene.ask_on(caller)));
    let (well, _) = futures::join!(killing, asking);
    let Scene {
        mut fleet,
        gateways,
        answered,
        unanswered,
        missed,
        ..
    } = scene;
    fleet.gateways = gateways.into_iter().map(RwLock::into_inner).collect();
    let (answered, unanswered) = (answered.into_inner().unwrap(), unanswered.into_inner());
    println!(
        "{} kills in {:?}, {} calls were taken by none",
        KILLS_OF_GATEWAYS + KILLS_OF_POSTGRES,
        well - began,
        missed.into_inner()
    );
    assert!(
        unanswered > KILLS_OF_GATEWAYS / 4,
        "{unanswered}: the kills hit nothing"
    );
    until_whole(&fleet, &answered, well, "a hundred kills").await;
    fleet.stop().await;
    check_accounts(&fleet, answered.len(), unanswered, "a hundred kills");
}
