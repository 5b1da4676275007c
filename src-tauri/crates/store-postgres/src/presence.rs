//! Whether the server answers: asked on a connection of its own, so that nobody waits for a server that is stopped or cut off.
//!
//! A server whose machine is frozen, or whose network drops every packet, refuses nothing: a statement on an open connection
//! would wait until the system gives the connection up, which takes a quarter of an hour. So one task asks every second. Once
//! there is no answer, whatever is under way fails with `Unavailable`, and so does all that comes, until it answers again.

use crate::error::from_sqlx;
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use std::{future::Future, time::Duration};
use tokio::sync::watch;
use weir_engine::store::StoreError;

/// How often it is asked while it answers.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often it is tried while it does not.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// Within this it must answer, busy or not.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// Knows whether the server answers. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Presence {
    /// Why it is away; none while it answers.
    away: watch::Receiver<Option<String>>,
}

impl Presence {
    /// Begins to ask, in the current runtime, until every clone is dropped.
    pub(crate) fn watch(options: PgConnectOptions) -> Presence {
        let (said, away) = watch::channel(None);
        tokio::spawn(ask(options, said));
        Presence { away }
    }

    /// Asks nobody and takes the server to be there: for stores whose owner looks by itself.
    pub(crate) fn taken_for_granted() -> Presence {
        let (_, away) = watch::channel(None);
        Presence { away }
    }

    /// Does it, as long as the server answers.
    ///
    /// # Errors
    /// `Unavailable` at once while it does not, and as soon as it ceases to; the work's own otherwise.
    pub(crate) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut away = self.away.clone();
        tokio::select! {
            biased;
            problem = gone(&mut away) => Err(StoreError::Unavailable(problem)),
            outcome = work => outcome,
        }
    }
}

/// Waits until it is away, and says why.
async fn gone(away: &mut watch::Receiver<Option<String>>) -> String {
    match away.wait_for(Option::is_some).await.map(|why| why.clone()) {
        Ok(why) => why.unwrap_or_default(),
        // Nobody asks, or no more: then the work itself says how it ends.
        Err(_) => std::future::pending().await,
    }
}

async fn ask(options: PgConnectOptions, said: watch::Sender<Option<String>>) {
    let mut connection = None;
    loop {
        let was_away = said.borrow().is_some();
        // A connection that was ended says nothing of the server; only one that cannot be made anew does.
        let asked = match connection.take() {
            Some(open) => match asked(open).await {
                Ok(open) => Ok(open),
                Err(_) => connected(&options).await,
            },
            None => connected(&options).await,
        };
        match asked {
            Ok(open) => {
                connection = open;
                said.send_if_modified(|why| why.take().is_some());
                if was_away {
                    tracing::info!("the database answers again");
                }
            }
            Err(problem) => {
                if !was_away {
                    tracing::error!(%problem, "the database is away");
                    said.send_replace(Some(problem));
                }
            }
        }
        let pause = if said.borrow().is_some() {
            TRY_EVERY
        } else {
            ASK_EVERY
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = said.closed() => return,
        }
    }
}

async fn asked(mut open: PgConnection) -> Result<Option<PgConnection>, String> {
    match tokio::time::timeout(ANSWERS_WITHIN, open.ping()).await {
        Ok(Ok(())) => Ok(Some(open)),
        Ok(Err(problem)) => Err(problem.to_string()),
        Err(_) => Err(no_answer()),
    }
}

/// A new connection, or none where the server lives but takes no more of them.
async fn connected(options: &PgConnectOptions) -> Result<Option<PgConnection>, String> {
    match tokio::time::timeout(ANSWERS_WITHIN, options.connect()).await {
        Ok(Ok(open)) => Ok(Some(open)),
        Ok(Err(sqlx::Error::Database(problem))) if !is_starting(problem.code().as_deref()) => Ok(None),
        Ok(Err(problem)) => Err(match from_sqlx(problem) {
            StoreError::Unavailable(text) => text,
            other => other.to_string(),
        }),
        Err(_) => Err(no_answer()),
    }
}

/// `cannot_connect_now`: it starts, stops or recovers.
fn is_starting(code: Option<&str>) -> bool {
    code == Some("57P03")
}

fn no_answer() -> String {
    format!(
        "the database server has not answered for {} seconds; it is stopped, overloaded or cut off",
        ANSWERS_WITHIN.as_secs()
    )
}
