//! The one way to a database. A test goes it and looks at the steps; a connection goes it and stays.

use super::{
    Options,
    steps::{
        Record,
        certificate::{Shown, look},
        reach::reach,
        resolve::resolve,
        tunnel::Tunnel,
    },
};
use std::path::PathBuf;
use weir_contract::model::profile::{ConnectionProfile, StepKind, StepOutcome, TestStep, TlsMode};
use weir_store_postgres::{AttachedRole, LoginError, Route, Session, SessionState, log_in};

/// A certificate that ends so soon should be renewed now.
const EXPIRY_SOON_DAYS: i64 = 21;
const DAY_MS: i64 = 86_400_000;
/// Further off, and periods of caps begin at another time on the gateways than people see here.
const CLOCK_OFF_MS: i64 = 1_000;
/// Slower, and pages that ask several questions feel it.
const SLOW_MS: u128 = 150;

/// How the way ended.
pub struct Walked {
    /// Every step, in order.
    pub steps: Vec<TestStep>,
    /// There; none when a step failed.
    pub(super) arrived: Option<Arrived>,
}

impl Walked {
    /// The first step that failed, in a sentence.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let failed = self
            .steps
            .iter()
            .find(|step| step.outcome == StepOutcome::Failed)?;
        Some(format!(
            "{}: {}. {}",
            failed.kind.word(),
            failed.said,
            failed.advice
        ))
    }

    /// Leaves again, and keeps what was found.
    pub async fn leave(self) -> Vec<TestStep> {
        if let Some(arrived) = self.arrived {
            arrived.session.close().await;
        }
        self.steps
    }
}

/// What is open at the end of the way.
pub(super) struct Arrived {
    pub(super) route: Route,
    pub(super) tunnel: Option<Tunnel>,
    pub(super) session: Session,
    pub(super) state: SessionState,
}

/// Goes from the host's name to a session of the role that reads.
pub async fn walk(profile: &ConnectionProfile, options: &Options) -> Walked {
    let mut record = Record::begin();
    let arrived = go(&mut record, profile, options).await;
    Walked {
        steps: record.finish(),
        arrived,
    }
}

async fn go(record: &mut Record, profile: &ConnectionProfile, options: &Options) -> Option<Arrived> {
    let tunnel = match &profile.ssh {
        None => {
            if !resolve(record, &profile.host, profile.port).await
                || !reach(record, &profile.host, profile.port).await
            {
                return None;
            }
            record.skip(StepKind::Ssh, "the profile has no tunnel");
            None
        }
        Some(ssh) => {
            record.skip(StepKind::Dns, "left to ssh and its configuration");
            record.skip(StepKind::Tcp, "left to ssh and its configuration");
            match Tunnel::open(&options.ssh, ssh, &profile.host, profile.port).await {
                Ok(tunnel) => {
                    record.ok(StepKind::Ssh, format!("{} forwards", ssh.host));
                    Some(tunnel)
                }
                Err(problem) => {
                    record.fail(
                        StepKind::Ssh,
                        problem,
                        "Log in once with ssh in a terminal, so that the host is known and the key is in the agent; Weir answers no questions of ssh.",
                    );
                    return None;
                }
            }
        }
    };
    let route = route(profile, options, tunnel.as_ref());
    let expiry = certificate(record, profile, tunnel.as_ref()).await?;
    let mut session = enter(record, profile, options, &route, expiry).await?;
    let state = match session.look(|| options.clock.now_ms()).await {
        Ok(state) => state,
        Err(problem) => {
            record.fail(StepKind::Rights, problem.to_string(), "Try again.");
            return None;
        }
    };
    if judge(record, &state) {
        return Some(Arrived {
            route,
            tunnel,
            session,
            state,
        });
    }
    session.close().await;
    None
}

fn route(profile: &ConnectionProfile, options: &Options, tunnel: Option<&Tunnel>) -> Route {
    let file = |path: &str| (!path.is_empty()).then(|| PathBuf::from(path));
    Route {
        host: profile.host.clone(),
        port: profile.port,
        tunnel: tunnel.map(|tunnel| tunnel.folder().to_owned()),
        database: profile.database.clone(),
        user: profile.user.clone(),
        password: options
            .secrets
            .secret(&super::password_source(profile, &profile.user)),
        tls: profile.tls,
        ca_file: file(&profile.ca_file),
        client_cert: file(&profile.client_cert_file).zip(file(&profile.client_key_file)),
        window: String::new(),
    }
}

/// Until when the server's certificate is valid, or that there shall be none. None at the outside when the way ends here.
async fn certificate(
    record: &mut Record,
    profile: &ConnectionProfile,
    tunnel: Option<&Tunnel>,
) -> Option<Option<i64>> {
    if profile.tls == TlsMode::Disable {
        return Some(None);
    }
    let socket = tunnel.map(|tunnel| tunnel.folder().join(format!(".s.PGSQL.{}", profile.port)));
    match look(&profile.host, profile.port, socket).await {
        Ok(Shown::Certificate(expiry)) => Some(expiry),
        Ok(Shown::NoTls) => {
            record.fail(
                StepKind::Tls,
                "the server speaks no TLS",
                "Switch ssl on in the server. Where it cannot have any, an SSH tunnel encrypts the way to its host.",
            );
            None
        }
        Err(problem) => {
            record.fail(
                StepKind::Tls,
                format!("the server did not answer the question for TLS: {problem}"),
                "Check that a Postgres listens on this host and port, and not something else.",
            );
            None
        }
    }
}

/// Logs in: this decides whether the server is the right one, and then whether we are.
async fn enter(
    record: &mut Record,
    profile: &ConnectionProfile,
    options: &Options,
    route: &Route,
    expiry_ms: Option<i64>,
) -> Option<Session> {
    let logged_in = log_in(route, AttachedRole::Viewer).await;
    if let Err(LoginError::Untrusted(problem)) = &logged_in {
        let until = words_of_expiry(expiry_ms, options.clock.now_ms());
        record.fail(
            StepKind::Tls,
            format!("the server did not prove that it is {} ({problem}){until}", profile.host),
            "Name the authority's file (CA), and the host as it stands in the certificate. If it has expired, it must be renewed on the server.",
        );
        return None;
    }
    encryption(record, profile, expiry_ms, options.clock.now_ms());
    match logged_in {
        Ok(session) => {
            record.ok(
                StepKind::Login,
                format!("{} is logged in to {}", profile.user, profile.database),
            );
            Some(session)
        }
        Err(problem) => {
            let advice = if route.password.is_some() {
                "Check user, password and database, and what pg_hba.conf allows from here."
            } else {
                "No password is known for this user at this place: type it into the profile, unless the server lets in by certificate."
            };
            record.fail(StepKind::Login, problem.to_string(), advice);
            None
        }
    }
}

fn encryption(record: &mut Record, profile: &ConnectionProfile, expiry_ms: Option<i64>, now_ms: i64) {
    let until = words_of_expiry(expiry_ms, now_ms);
    match profile.tls {
        TlsMode::Disable => record.warn(
            StepKind::Tls,
            format!("not encrypted, because: {}", profile.tls_reason),
            "Use verify-full as soon as the server has a certificate.",
        ),
        TlsMode::Require | TlsMode::VerifyCa => record.warn(
            StepKind::Tls,
            format!(
                "encrypted, but the server need not prove that it is {}, because: {}{until}",
                profile.host, profile.tls_reason
            ),
            "Use verify-full.",
        ),
        TlsMode::VerifyFull if expiry_ms.is_some_and(|at| at - now_ms < EXPIRY_SOON_DAYS * DAY_MS) => record
            .warn(
                StepKind::Tls,
                format!("the server proved that it is {}{until}", profile.host),
                "Have the server's certificate renewed before it ends.",
            ),
        TlsMode::VerifyFull => record.ok(
            StepKind::Tls,
            format!("the server proved that it is {}{until}", profile.host),
        ),
    }
}

fn words_of_expiry(expiry_ms: Option<i64>, now_ms: i64) -> String {
    match expiry_ms.map(|at| (at - now_ms).div_euclid(DAY_MS)) {
        None => String::new(),
        Some(days) if days < 0 => format!("; its certificate ended {} days ago", -days),
        Some(days) => format!("; its certificate is valid for {days} more days"),
    }
}

/// The steps that one look around answers. False when one of them failed.
fn judge(record: &mut Record, state: &SessionState) -> bool {
    if state.schema_step == 0 {
        record.fail(
            StepKind::Rights,
            format!("{} sees no tables of Weir in this database", state.role),
            "Check the database's name. In a new one run `weir-gateway roles` and `weir-gateway migrate`, and log in as weir_viewer.",
        );
        return false;
    }
    if !state.writable.is_empty() {
        let some: Vec<&str> = state.writable.iter().take(3).map(String::as_str).collect();
        record.fail(
            StepKind::Rights,
            format!("{} may not only read; it may use {}", state.role, some.join(", ")),
            "A locked window must be read only by its role: log in as weir_viewer, and name the other role as the one to unlock with.",
        );
        return false;
    }
    if state.schema_step < state.known_step {
        record.ok(
            StepKind::Rights,
            format!("{} reads, and may change nothing", state.role),
        );
        record.fail(
            StepKind::Schema,
            format!("step {} of {}", state.schema_step, state.known_step),
            "The database is older than this Weir: run `weir-gateway migrate`, or use an older window.",
        );
        return false;
    }
    if !state.unreadable.is_empty() {
        record.fail(
            StepKind::Rights,
            format!("{} may not read {}", state.role, state.unreadable.join(", ")),
            "Run `weir-gateway roles`, then `weir-gateway migrate`, which grants what each role needs.",
        );
        return false;
    }
    record.ok(
        StepKind::Rights,
        format!("{} reads, and may change nothing", state.role),
    );
    let schema = format!(
        "step {}, PostgreSQL {}{}",
        state.schema_step,
        state.server,
        if state.is_standby { ", a standby" } else { "" }
    );
    if state.schema_step > state.known_step {
        record.warn(
            StepKind::Schema,
            schema,
            "The database is newer than this Weir: update it when you can.",
        );
    } else {
        record.ok(StepKind::Schema, schema);
    }
    clocks(record, state);
    true
}

fn clocks(record: &mut Record, state: &SessionState) {
    let ahead = state.clock_ahead_ms;
    let said = if ahead >= 0 {
        format!("the server's clock is {ahead} ms ahead of this machine's")
    } else {
        format!("the server's clock is {} ms behind this machine's", -ahead)
    };
    if ahead.abs() > CLOCK_OFF_MS {
        record.warn(
            StepKind::Clock,
            said,
            "Let both follow a time server; times on the pages are off by as much.",
        );
    } else {
        record.ok(StepKind::Clock, said);
    }
    let round_trip = state.round_trip;
    let said = format!("a question takes {:.1} ms", round_trip.as_secs_f64() * 1e3);
    if round_trip.as_millis() > SLOW_MS {
        record.warn(
            StepKind::Latency,
            said,
            "Pages will feel slow; a window nearer to the database would be faster.",
        );
    } else {
        record.ok(StepKind::Latency, said);
    }
}
