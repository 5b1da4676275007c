//! A stage for outages: gateways, a server of their own, callers of four kinds, and ways to take the server away.

use crate::fleet::Fleet;
use serde_json::json;
use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use support::{postgres::TestDatabase, postgres_server::Frozen, stage::chat};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, UnixStream},
    sync::watch,
};

pub(crate) const AWAY_FOR: Duration = Duration::from_secs(60);
/// Until a server that gives no answer is noticed, and until it is noticed that it does again, with room for a busy machine.
pub(crate) const NOTICED_WITHIN: Duration = Duration::from_secs(10);
pub(crate) const GATEWAYS: usize = 3;
/// The one that is killed in the middle.
pub(crate) const KILLED: usize = 2;
/// Of a limit on one user.
pub(crate) const MOST: usize = 12;
pub(crate) const WINDOW: Duration = Duration::from_secs(5);

/// One cap lets calls pass, another, on one user, does not.
pub(crate) fn rules() -> String {
    let cap = |name: &str, scope: &str, away: &str| {
        format!(
            "[[caps]]\nname = \"{name}\"\nscope = {scope}\nperiod = \"day\"\ntime_zone = \"UTC\"\nlimit_nanousd = 1000000000000\n\
             steps = [{{ percent = 100, action = \"refuse\" }}]\nenabled = true\nwhen_store_is_away = \"{away}\"\n"
        )
    };
    format!(
        "{}{}[[limits]]\nname = \"of-each-user\"\nsubject = \"event\"\nmeasure = \"requests\"\nendpoint_class = \"model_calls\"\nmost = {MOST}\nwindow_seconds = {}\nenabled = true\nshadow = false\n",
        cap("open", "{ kind = \"global\" }", "allow"),
        cap("closed", "{ kind = \"user\", value = \"careful\" }", "refuse"),
        WINDOW.as_secs()
    )
}

/// How the database goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// All of its processes stand still: connections stay open and nobody answers.
    Frozen,
    /// It is ended without warning and started again.
    Stopped,
    /// No byte comes through, and open connections stay dead afterwards.
    CutOff,
}

/// What keeps it away.
pub(crate) enum Absence {
    Frozen(Frozen),
    Stopped,
    CutOff,
}

/// A network between gateways and server that can swallow all.
pub(crate) struct Network {
    pub(crate) url: String,
    pub(crate) cuts: watch::Sender<bool>,
}

impl Network {
    pub(crate) async fn to(database: &TestDatabase) -> Network {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket: PathBuf = database.server().folder().join(".s.PGSQL.5432");
        let (cuts, cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (socket, mut cut) = (socket.clone(), cut.clone());
                tokio::spawn(async move {
                    let carrying = async {
                        let mut server = UnixStream::connect(socket).await.ok()?;
                        copy_bidirectional(&mut client, &mut server).await.ok()
                    };
                    tokio::select! {
                        biased;
                        // Held open for ever, and silent.
                        () = async { drop(cut.wait_for(|cut| *cut).await) } => std::future::pending::<()>().await,
                        _ = carrying => {}
                    }
                });
            }
        });
        Network {
            url: format!("postgres://weir@127.0.0.1:{port}/own?sslmode=disable"),
            cuts,
        }
    }
}

/// What one caller was told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) at: Duration,
    pub(crate) took: Duration,
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    pub(crate) id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bought,
    Cached,
    Careful,
    Limited,
}

pub(crate) struct Scene {
    pub(crate) way: Way,
    pub(crate) fleet: Fleet,
    pub(crate) network: Option<Network>,
    pub(crate) began: Instant,
    pub(crate) told: Mutex<Vec<Told>>,
    /// Asked, and nobody answered: the gateway was killed.
    pub(crate) unanswered: Mutex<usize>,
    pub(crate) ends: AtomicBool,
    pub(crate) is_killed: AtomicBool,
}

impl Scene {
    pub(crate) async fn set(way: Way) -> Scene {
        let database = TestDatabase::on_its_own_server().await;
        let network = match way {
            Way::CutOff => Some(Network::to(&database).await),
            Way::Frozen | Way::Stopped => None,
        };
        let url = network
            .as_ref()
            .map_or_else(|| database.url(), |network| network.url.clone());
        let fleet = Fleet::start_on(database, url, GATEWAYS, &rules()).await;
        Scene {
            way,
            fleet,
            network,
            began: Instant::now(),
            told: Mutex::default(),
            unanswered: Mutex::default(),
            ends: AtomicBool::new(false),
            is_killed: AtomicBool::new(false),
        }
    }

    pub(crate) fn go_away(&self) -> Absence {
        let server = self.fleet.database.server();
        match self.way {
            Way::Frozen => Absence::Frozen(server.freeze().unwrap()),
            Way::Stopped => {
                server.halt().unwrap();
                Absence::Stopped
            }
            Way::CutOff => {
                self.network.as_ref().unwrap().cuts.send_replace(true);
                Absence::CutOff
            }
        }
    }

    pub(crate) async fn come_back(&self, absence: Absence) {
        match absence {
            Absence::Frozen(frozen) => drop(frozen),
            Absence::Stopped => {
                let server = self.fleet.database.server();
                let resumed = tokio::task::spawn_blocking(|| server.resume()).await;
                resumed.unwrap().unwrap();
            }
            Absence::CutOff => {
                self.network.as_ref().unwrap().cuts.send_replace(false);
            }
        }
    }

    /// Asks one gateway in turn for something new, something cached, something of the careful user, something limited.
    pub(crate) async fn ask_on(&self, caller: usize) {
        let gateway = caller % GATEWAYS;
        for number in 0.. {
            if self.ends.load(Ordering::Relaxed)
                || gateway == KILLED && self.is_killed.load(Ordering::Relaxed)
            {
                return;
            }
            let kind = [Kind::Bought, Kind::Cached, Kind::Careful, Kind::Limited][number % 4];
            self.ask(gateway, kind, &format!("{caller} {number}")).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    pub(crate) async fn ask(&self, gateway: usize, kind: Kind, text: &str) {
        let at = self.began.elapsed();
        let mut body = chat("fake/nano", if kind == Kind::Cached { "the same" } else { text });
        if kind == Kind::Careful {
            body["user"] = json!("careful");
        }
        let mut request = self
            .fleet
            .client
            .post(format!(
                "{}/v1/chat/completions",
                self.fleet.gateways[gateway].base
            ))
            .bearer_auth(&self.fleet.key)
            .json(&body);
        // Each kind has an event of its own, so that only the limited ones meet the limit.
        let event = if kind == Kind::Limited {
            "limited".to_owned()
        } else {
            format!("free {text}")
        };
        request = request.header("x-weir-event", event);
        let answer = async {
            let answer = request.send().await.ok()?;
            let status = answer.status().as_u16();
            let id = answer
                .headers()
                .get("x-weir-request-id")?
                .to_str()
                .ok()?
                .to_owned();
            answer.bytes().await.ok()?;
            Some((status, id))
        };
        let Some((status, id)) = answer.await else {
            assert!(gateway == KILLED, "{gateway} did not answer");
            *self.unanswered.lock().unwrap() += 1;
            return;
        };
        self.told.lock().unwrap().push(Told {
            at,
            took: self.began.elapsed().saturating_sub(at),
            kind,
            status,
            id,
        });
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// Those who asked within this span.
    pub(crate) fn told_between(&self, from: Duration, to: Duration) -> Vec<Told> {
        let told = self.told().into_iter();
        told.filter(|told| told.at >= from && told.at + told.took < to)
            .collect()
    }
}

/// Before, during and after, with the times at which it went and came.
pub(crate) async fn play(scene: &Scene) -> (Duration, Duration) {
    let asking = (0..2 * GATEWAYS).map(|caller| scene.ask_on(caller));
    let directing = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        let absence = scene.go_away();
        let gone = scene.began.elapsed();
        tokio::time::sleep(AWAY_FOR / 2).await;
        scene.is_killed.store(true, Ordering::Relaxed);
        scene.fleet.signal(KILLED, "-KILL");
        tokio::time::sleep(AWAY_FOR / 2).await;
        scene.come_back(absence).await;
        let back = scene.began.elapsed();
        tokio::time::sleep(NOTICED_WITHIN + Duration::from_secs(4)).await;
        scene.ends.store(true, Ordering::Relaxed);
        (gone, back)
    };
    let (_, times) = futures::join!(futures::future::join_all(asking), directing);
    times
}
