//! A window's connection to a shared database: it reads, is unlocked for a while, locks itself, and comes back when lost.

use super::{
    link::{self, Standing},
    unlock::{Unlocked, refused},
    walk::{Arrived, walk},
};
use crate::actor::actor_of;
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};
use tokio::{
    sync::{RwLock, watch},
    task::JoinHandle,
};
use weir_admin::{Admin, Occasion, Offline};
use weir_contract::{
    ApiError, Command, ErrorCode,
    command::{
        requests::RequestsGet,
        semantic::{SemanticNever, SemanticPairs},
    },
    model::{
        gateway::{GatewayStatus, ProfileKind},
        profile::{AttachedState, ConnectionProfile, TestStep},
    },
};
use weir_engine::{clock::Clock, provider::SecretSource};
use weir_store_postgres::{AttachedRole, PostgresStore, Route, open_attached};

/// How long a page waits for an answer: the server ends a reading statement after 5 s, and a page asks several.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(10);
const CHANGE_WITHIN: Duration = Duration::from_secs(40);

/// Operations that show what people asked, which the role that reads may not see.
const SHOWS_QUESTIONS: [&str; 3] = [RequestsGet::NAME, SemanticPairs::NAME, SemanticNever::NAME];

/// What a connection needs of the process around it.
#[derive(Clone)]
pub struct Options {
    /// The keychain, or this session's memory.
    pub secrets: Arc<dyn SecretSource>,
    pub clock: Arc<dyn Clock>,
    /// The program `ssh`.
    pub ssh: PathBuf,
}

/// The connection of one window.
pub struct Attached {
    pub(super) profile: ConnectionProfile,
    pub(super) options: Options,
    /// Held for as long as it takes to copy a handle, never during a question to the database.
    pub(super) ways: RwLock<Ways>,
    pub(super) standing: Mutex<Standing>,
    pub(super) changed: watch::Sender<u64>,
    pub(super) stop: watch::Sender<bool>,
    /// What the server calls its connections; see [`Route`].
    pub(super) window: String,
    /// Since nothing of its changes was left open at the server for sure.
    pub(super) has_been_unlocked: AtomicBool,
    /// The task that holds session and tunnel.
    link: Mutex<Option<JoinHandle<()>>>,
    started_ms: i64,
}

/// What is open now.
pub(super) struct Ways {
    pub(super) route: Route,
    pub(super) reading: PostgresStore,
    pub(super) unlocked: Option<Unlocked>,
}

impl Attached {
    /// Goes the way, and stays. The steps are given in both cases.
    pub async fn connect(
        profile: ConnectionProfile,
        options: Options,
    ) -> (Vec<TestStep>, Result<Arc<Attached>, ApiError>) {
        let walked = walk(&profile, &options).await;
        let problem = walked.problem();
        let Some(arrived) = walked.arrived else {
            let problem = problem.unwrap_or_default();
            return (walked.steps, Err(ApiError::new(ErrorCode::Unavailable, problem)));
        };
        let made = Attached::stay(profile, options, arrived).await;
        (walked.steps, made)
    }

    async fn stay(
        profile: ConnectionProfile,
        options: Options,
        arrived: Arrived,
    ) -> Result<Arc<Attached>, ApiError> {
        let Arrived {
            route,
            tunnel,
            mut session,
            state,
        } = arrived;
        let window = uuid::Uuid::new_v4().simple().to_string();
        let route = Route {
            window: window.clone(),
            ..route
        };
        let reading = open_attached(&route, AttachedRole::Viewer)
            .await
            .map_err(weir_admin::from_store)?;
        let version = session.beat().await.map_err(weir_admin::from_store)?;
        let now_ms = options.clock.now_ms();
        let attached = Arc::new(Attached {
            profile,
            options,
            ways: RwLock::new(Ways {
                route,
                reading,
                unlocked: None,
            }),
            standing: Mutex::new(Standing {
                as_of_ms: now_ms,
                lost: None,
                config_version: version,
                role: state.role,
                unlocked_until_ms: None,
            }),
            changed: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            window,
            has_been_unlocked: AtomicBool::new(false),
            link: Mutex::new(None),
            started_ms: now_ms,
        });
        let link = link::keep(&attached, session, tunnel);
        *attached.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
        Ok(attached)
    }

    /// The profile that it was made from.
    #[must_use]
    pub fn profile(&self) -> &ConnectionProfile {
        &self.profile
    }

    /// Runs an operation of the dashboard. Nothing is ever tried twice.
    ///
    /// # Errors
    /// `locked` for what changes something while the window is locked, `unavailable` while the database is away, and the
    /// operation's own.
    pub async fn call(&self, name: &str, args: Value) -> Result<Value, ApiError> {
        let reads = weir_admin::only_reads(name);
        if let Some(lost) = &self.standing().lost {
            return Err(ApiError::new(
                ErrorCode::Unavailable,
                format!(
                    "The database does not answer ({}); nothing was done. The window reconnects by itself.",
                    lost.problem
                ),
            ));
        }
        let admin = if reads && !SHOWS_QUESTIONS.contains(&name) {
            self.reader().await
        } else if reads {
            self.reader_of_questions(name).await?
        } else {
            self.writer().await?
        };
        let wait = if reads { READ_WITHIN } else { CHANGE_WITHIN };
        let answer = tokio::time::timeout(wait, weir_admin::call(&admin, name, args));
        // Whoever waits is told as soon as the connection is known to be gone.
        let answer = tokio::select! {
            answer = answer => answer.ok(),
            () = self.until_lost() => None,
        };
        match answer {
            Some(answer) => answer,
            None if reads => Err(ApiError::new(
                ErrorCode::Unavailable,
                "The database did not answer in time; the window asks again by itself.",
            )),
            None => Err(ApiError::new(
                ErrorCode::Unavailable,
                "The database did not answer in time. The change may have been made or not: look at the page again before you repeat it.",
            )),
        }
    }

    async fn until_lost(&self) {
        let mut changed = self.changed.subscribe();
        while self.standing().lost.is_none() {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// What runs now, from memory: it is told whether the database answers or not.
    #[must_use]
    pub fn status(&self) -> GatewayStatus {
        let standing = self.standing().clone();
        GatewayStatus {
            profile: ProfileKind::Attached,
            address: String::new(),
            port_note: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config_version: standing.config_version,
            database: self.profile.place(),
            started_ms: self.started_ms,
            degraded: Vec::new(),
            default_provider: String::new(),
            secret_store: String::new(),
            attached: Some(self.state()),
        }
    }

    /// How this window stands.
    #[must_use]
    pub fn state(&self) -> AttachedState {
        let standing = self.standing().clone();
        let profile = &self.profile;
        AttachedState {
            name: profile.name.clone(),
            environment: profile.environment,
            colour: profile.colour,
            place: profile.place(),
            tls: profile.tls,
            through_ssh: profile.ssh.is_some(),
            role: standing.role,
            can_unlock: !profile.admin_user.is_empty(),
            auto_lock_minutes: profile.auto_lock_minutes,
            unlocked_until_ms: standing.unlocked_until_ms,
            as_of_ms: standing.as_of_ms,
            lost: standing.lost,
        }
    }

    /// A number that rises with everything that the window may show.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Locks, logs out, ends the tunnel.
    pub async fn close(&self) {
        self.lock("the window was closed").await;
        self.stop.send_replace(true);
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(link) = link {
            // It ends at its next pause; ssh ends with it.
            let _ = link.await;
        }
        let reading = self.ways.read().await.reading.clone();
        link::close_beside(reading);
    }

    /// The operations that show questions: by the role that changes, while it may, because people's questions are shown to those
    /// alone who said why. A request without its text is shown to everybody.
    async fn reader_of_questions(&self, name: &str) -> Result<Admin, ApiError> {
        match self.writer().await {
            Ok(admin) => Ok(admin),
            Err(_) if name == RequestsGet::NAME => Ok(self.reader().await),
            Err(_) => Err(refused(
                "What people asked is shown while the window is unlocked: the role that reads may not see it.",
            )),
        }
    }

    /// The operations by the role that reads.
    async fn reader(&self) -> Admin {
        let store = self.ways.read().await.reading.clone();
        let role = self.standing().role.clone();
        self.admin(&store, &role)
    }

    pub(super) fn admin(&self, store: &PostgresStore, role: &str) -> Admin {
        let mut actor = actor_of("window", &self.profile.name);
        actor.role = role.to_owned();
        Admin {
            store: Arc::new(store.clone()),
            live: Arc::new(Offline),
            clock: self.options.clock.clone(),
            actor,
            occasion: Occasion::default(),
        }
    }

    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that the window shows has changed.
    pub(super) fn tell(&self) {
        self.changed.send_modify(|number| *number += 1);
    }
}
