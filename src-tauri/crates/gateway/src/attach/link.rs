//! Whether the database still answers: asked every second, and the way gone anew when it does not.

use super::{
    session::Attached,
    steps::tunnel::Tunnel,
    walk::{Arrived, Walked, walk},
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};
use weir_contract::model::profile::LostLink;
use weir_engine::store::StoreError;
use weir_store_postgres::{AttachedRole, PostgresStore, Route, Session, open_attached};

/// Between two questions, and between two tries to come back.
const EVERY: Duration = Duration::from_secs(1);
/// A database that does not answer a question of no work for so long is away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// One try to come back. Short, because a packet that was lost is sent again later and later.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(3);
/// But so many times longer than an answer takes, at least: TLS, the log-in and the look around are some twenty questions, and
/// a connection is made for each role.
const QUESTIONS: u32 = 40;
/// One try with ssh, which logs in to one host after the other.
const TUNNEL_COMES_BACK_WITHIN: Duration = Duration::from_secs(20);
/// Pages are told to look again at least so often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// What is known of the connection without asking.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) as_of_ms: i64,
    pub(super) lost: Option<LostLink>,
    pub(super) config_version: i64,
    pub(super) role: String,
    pub(super) unlocked_until_ms: Option<i64>,
}

/// Starts the task that keeps the link. It holds the session and the tunnel, and ends with the window.
pub(super) fn keep(attached: &Arc<Attached>, session: Session, tunnel: Option<Tunnel>) -> JoinHandle<()> {
    let mut stopping = attached.stop.subscribe();
    let weak = Arc::downgrade(attached);
    tokio::spawn(async move {
        tokio::select! {
            () = run(&weak, session, tunnel) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    })
}

async fn run(attached: &Weak<Attached>, mut session: Session, mut tunnel: Option<Tunnel>) {
    let mut told = Instant::now();
    // The shortest time in which it has answered; unknown before the first.
    let mut distance: Option<Duration> = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(attached) = attached.upgrade() else {
            return;
        };
        lock_when_over(&attached).await;
        let asked = Instant::now();
        let answer = timeout(ANSWERS_WITHIN, session.beat()).await;
        let problem = match answer {
            Ok(Ok(version)) => {
                let took = asked.elapsed();
                distance = Some(distance.map_or(took, |known| known.min(took)));
                if note_beat(&attached, version) || told.elapsed() >= LOOK_AGAIN {
                    attached.tell();
                    told = Instant::now();
                }
                continue;
            }
            Ok(Err(StoreError::Unavailable(problem))) => problem,
            Ok(Err(other)) => other.to_string(),
            Err(_) => "it did not answer within 2 s".to_owned(),
        };
        drop(session);
        let has_ended = tunnel.as_mut().is_some_and(|tunnel| !tunnel.is_alive());
        drop(tunnel.take());
        let problem = if has_ended {
            format!("the SSH tunnel has ended; {problem}")
        } else {
            problem
        };
        (session, tunnel) = come_back(&attached, problem, distance.unwrap_or_default()).await;
        told = Instant::now();
    }
}

/// Takes down that the database answered. True when that is news.
fn note_beat(attached: &Attached, version: i64) -> bool {
    let now_ms = attached.options.clock.now_ms();
    let mut standing = attached.standing();
    standing.as_of_ms = now_ms;
    let is_news = standing.config_version != version;
    standing.config_version = version;
    is_news
}

async fn lock_when_over(attached: &Attached) {
    let clock = &attached.options.clock;
    let is_over = {
        let ways = attached.ways.read().await;
        ways.unlocked
            .as_ref()
            .is_some_and(|unlocked| unlocked.lock.is_over(clock.now_ms(), clock.monotonic_us()))
    };
    if is_over {
        attached.lock("its time was over").await;
    }
}

/// Says that the database is away, locks the window, and goes the way again until it ends there. `distance` is the shortest time
/// in which the database has answered.
async fn come_back(attached: &Attached, problem: String, distance: Duration) -> (Session, Option<Tunnel>) {
    tracing::warn!(connection = %attached.profile.title(), problem, "the database does not answer; reconnecting");
    attached.standing().lost = Some(LostLink { attempt: 0, problem });
    attached.tell();
    attached.lock("the connection was lost").await;
    let within = match attached.profile.ssh {
        Some(_) => TUNNEL_COMES_BACK_WITHIN,
        None => COMES_BACK_WITHIN.max(distance * QUESTIONS),
    };
    loop {
        let problem = match timeout(within, again(attached)).await {
            Ok(Ok(back)) => {
                tracing::info!(connection = %attached.profile.title(), "the database answers again");
                return back;
            }
            Ok(Err(problem)) => problem,
            Err(_) => format!("no connection within {} s", within.as_secs()),
        };
        if let Some(lost) = &mut attached.standing().lost {
            lost.attempt += 1;
            lost.problem = problem;
        }
        attached.tell();
        tokio::time::sleep(EVERY).await;
    }
}

async fn again(attached: &Attached) -> Result<(Session, Option<Tunnel>), String> {
    let walked: Walked = walk(&attached.profile, &attached.options).await;
    let problem = walked.problem();
    let Arrived {
        route,
        tunnel,
        mut session,
        state,
    } = walked.arrived.ok_or_else(|| problem.unwrap_or_default())?;
    let route = Route {
        window: attached.window.clone(),
        ..route
    };
    attached.end_left_over(&route).await?;
    let reading = open_attached(&route, AttachedRole::Viewer)
        .await
        .map_err(|problem| problem.to_string())?;
    let version = session.beat().await.map_err(|problem| problem.to_string())?;
    {
        let mut ways = attached.ways.write().await;
        ways.route = route;
        let before = std::mem::replace(&mut ways.reading, reading);
        close_beside(before);
    }
    {
        let mut standing = attached.standing();
        standing.as_of_ms = attached.options.clock.now_ms();
        standing.lost = None;
        standing.config_version = version;
        standing.role = state.role;
    }
    attached.tell();
    Ok((session, tunnel))
}

/// Logs a store out without anybody waiting for it: its server may be gone.
pub(super) fn close_beside(store: PostgresStore) {
    tokio::spawn(async move {
        // What it says at its end is known already: that the server is gone.
        let _ = timeout(CLOSED_WITHIN, store.close()).await;
    });
}
