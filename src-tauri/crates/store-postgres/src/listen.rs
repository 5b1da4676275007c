//! What other gateways and windows say through the database: that configuration, keys or cache have changed.

use crate::{PostgresStore, error::from_sqlx, presence::Presence};
use sqlx::postgres::{PgListener, PgPoolOptions};
use weir_engine::store::StoreError;

/// What may have changed. Only a hint to look: what is said while nobody listens is lost, so it must also be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Configuration,
    Cache,
    Keys,
    /// The connection was lost and is back; anything may have changed meanwhile.
    Anything,
}

/// A connection that hears it.
pub struct Listener {
    connection: PgListener,
    presence: Presence,
}

impl PostgresStore {
    /// Begins to listen, on a connection of its own.
    ///
    /// # Errors
    /// `Unavailable` when the server cannot be reached.
    pub async fn listen(&self) -> Result<Listener, StoreError> {
        self.asked(async {
            // A listener that is dropped says goodbye first, and on a connection that was cut off that takes for ever. So it has
            // a pool of its own, for which nobody waits.
            let options = PgPoolOptions::new().max_connections(1);
            let own = options.connect_lazy_with(self.inner.options.clone());
            let mut connection = PgListener::connect_with(&own).await?;
            connection
                .listen_all(["weir_config", "weir_cache", "weir_keys"])
                .await?;
            Ok(Listener {
                connection,
                presence: self.inner.presence.clone(),
            })
        })
        .await
    }
}

impl Listener {
    /// Waits for the next.
    ///
    /// # Errors
    /// `Unavailable` when the connection was lost and could not be made again; ask again later.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        // A connection that was cut off says nothing any more, and nothing ever tells that.
        let heard = async { self.connection.try_recv().await.map_err(from_sqlx) };
        let said = self.presence.during(heard).await?;
        Ok(match said.as_ref().map(sqlx::postgres::PgNotification::channel) {
            Some("weir_config") => News::Configuration,
            Some("weir_cache") => News::Cache,
            Some("weir_keys") => News::Keys,
            _ => News::Anything,
        })
    }
}
