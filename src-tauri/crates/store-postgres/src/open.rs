//! Opens a database: trusted connection, bounded waits, the schema that this version needs.

use crate::{
    Inner, PostgresStore,
    error::from_sqlx,
    migrate,
    presence::{ANSWERS_WITHIN, Presence},
    requests::{RecordSink, RequestDays},
    reservations::OpeningSink,
    rollups::FoldTask,
    writer::Writer,
};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};
use std::{str::FromStr, sync::Arc, time::Duration};
use url::Url;
use weir_engine::store::StoreError;

/// Connections of one gateway: two write, one folds, one listens, the others read.
const CONNECTIONS: u32 = 10;
/// How long a call waits for a connection before it is told that there is none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that nobody used for so long is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// A connection that was used so lately is taken to live.
const UNTESTED: Duration = Duration::from_secs(1);
/// Connections are made anew once in a while, so that a failover or a new certificate is followed.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Why a URL cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

/// What connections are for; how long their statements may take follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A gateway's, or a script's.
    Gateway,
    /// Changing the schema.
    Migrations,
}

impl Purpose {
    /// Settings of each connection, in the server's own words.
    fn settings(self) -> [(&'static str, &'static str); 4] {
        let (statement, lock) = match self {
            Purpose::Gateway => ("30s", "1s"),
            // An index on a large table takes long; a lock on one that is in use must still not be waited for.
            Purpose::Migrations => ("0", "2s"),
        };
        [
            ("search_path", "weir"),
            ("statement_timeout", statement),
            ("lock_timeout", lock),
            ("idle_in_transaction_session_timeout", "10s"),
        ]
    }
}

/// Reads `postgres://user@host/database?sslmode=verify-full&sslrootcert=/path`. Without `sslmode`, a server that is not on this
/// machine must prove who it is.
///
/// # Errors
/// [`ConnectError`] in words that name the URL's part, never its password.
pub fn connect_options(url: &str, purpose: Purpose) -> Result<PgConnectOptions, ConnectError> {
    let wrong = |problem: &str| {
        ConnectError(format!(
            "the database URL is wrong ({problem}); it must look like postgres://user@host:5432/database?sslmode=verify-full"
        ))
    };
    let parsed = Url::parse(url).map_err(|problem| wrong(&problem.to_string()))?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(wrong("it does not begin with postgres://"));
    }
    let parameter = |name: &str| {
        parsed
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    if let Some((key, _)) = parsed.query_pairs().find(|(key, _)| !is_known(key)) {
        return Err(wrong(&format!("\"{key}\" is no parameter that Weir knows")));
    }
    if parsed.path().trim_matches('/').is_empty() {
        return Err(wrong("it names no database"));
    }
    if parsed.username().is_empty() && parameter("user").is_none() {
        return Err(wrong("it names no user"));
    }
    for file in ["sslrootcert", "sslcert", "sslkey"] {
        if let Some(path) = parameter(file)
            && let Err(problem) = std::fs::File::open(path.as_ref())
        {
            return Err(wrong(&format!(
                "{file} names {path}, which cannot be read: {problem}"
            )));
        }
    }
    let mut options = PgConnectOptions::from_str(url).map_err(|problem| wrong(&problem.to_string()))?;
    let host = parameter("host").map_or_else(|| parsed.host_str().unwrap_or("").to_owned(), Into::into);
    if parameter("sslmode").is_none() && !is_this_machine(&host) {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok(common(options).options(purpose.settings()))
}

/// What every connection of Weir is like.
pub(crate) fn common(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name(&format!("weir {}", env!("CARGO_PKG_VERSION")))
        .disable_statement_logging()
}

fn is_known(parameter: &str) -> bool {
    matches!(
        parameter,
        "sslmode" | "sslrootcert" | "sslcert" | "sslkey" | "host" | "port" | "user" | "dbname"
    )
}

/// A socket, or loopback: nobody can come between.
fn is_this_machine(host: &str) -> bool {
    host.is_empty()
        || host.starts_with('/')
        || host.starts_with("%2F")
        || matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1")
}

/// Opens the database behind the URL, whose schema `weir-gateway migrate` must have made. Must be called in a Tokio runtime;
/// the writers live in it.
///
/// # Errors
/// `Incompatible` when the URL is wrong, the schema is missing or too old, or the role lacks a right; `Unavailable` when
/// the server cannot be reached.
pub async fn open(url: &str) -> Result<PostgresStore, StoreError> {
    let options = connect_options(url, Purpose::Gateway)
        .map_err(|problem| StoreError::Incompatible(problem.to_string()))?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(LIFETIME)
        // Asked only of connections that nobody used just now: under traffic a dead one shows at its next statement.
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > UNTESTED {
                    answers(connection).await?;
                }
                Ok(true)
            })
        })
        // The pool looks itself, but has all the time in the world: what was given up because the server is gone would take
        // the place of a connection until the system gives it up, too.
        .after_release(|connection, _| {
            Box::pin(async move {
                answers(connection).await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options.clone());
    // The pool would try again until its time is over and then not say why.
    let first = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    let mut connection = match first {
        Ok(connected) => connected.map_err(from_sqlx)?,
        Err(_) => return Err(from_sqlx(sqlx::Error::PoolTimedOut)),
    };
    migrate::check(&mut connection).await?;
    let closed = sqlx::Connection::close(connection).await;
    closed.map_err(from_sqlx)?;

    let presence = Presence::watch(options.clone());
    let days = Arc::new(RequestDays::default());
    let fold = FoldTask::start(pool.clone(), presence.clone());
    let openings = Writer::start(OpeningSink {
        pool: pool.clone(),
        presence: presence.clone(),
    });
    let records = Writer::start(RecordSink {
        pool: pool.clone(),
        presence: presence.clone(),
        days: days.clone(),
        recorded: fold.recorded(),
    });
    Ok(PostgresStore {
        inner: Arc::new(Inner {
            pool,
            options,
            presence,
            openings,
            records,
            days,
            fold,
            reads_bodies: true,
        }),
    })
}

/// Looks whether a connection lives, for a bounded time.
async fn answers(connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    let asked = tokio::time::timeout(ANSWERS_WITHIN, sqlx::Connection::ping(connection)).await;
    asked.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        format!(
            "{:?}",
            connect_options(url, Purpose::Gateway).unwrap().get_ssl_mode()
        )
    }

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is() {
        assert_eq!(mode("postgres://weir@db.example.com/weir"), "VerifyFull");
        assert_eq!(mode("postgres://weir@10.0.0.7/weir?sslmode=require"), "Require");
        assert_eq!(mode("postgres://weir@127.0.0.1/weir"), "Prefer");
        assert_eq!(mode("postgres://weir@localhost/weir?host=/tmp/x"), "Prefer");
    }

    #[test]
    fn a_wrong_url_is_named_without_its_password() {
        for (url, says) in [
            ("mysql://weir:hush@db/weir", "postgres://"),
            ("postgres://weir:hush@db", "no database"),
            ("postgres://:hush@db/weir", "no user"),
            ("postgres://weir:hush@db/weir?sslmod=require", "sslmod"),
            ("postgres://weir:hush@db/weir?sslmode=perhaps", "sslmode"),
            (
                "postgres://weir:hush@db/weir?sslrootcert=/no/such/file",
                "sslrootcert",
            ),
            ("postgres://weir:hush@db:port/weir", "port"),
        ] {
            let problem = connect_options(url, Purpose::Gateway).unwrap_err().to_string();
            assert!(problem.contains(says), "{url}: {problem}");
            assert!(!problem.contains("hush"), "{problem}");
        }
    }
}
