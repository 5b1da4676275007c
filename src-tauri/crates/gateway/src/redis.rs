//! The Redis beside the database, where one is configured.

use crate::{
    bootstrap::StartError,
    config::{Config, ConfigError, Database, RedisConfig},
    store::OpenStore,
};
use std::sync::Arc;
use weir_contract::model::catalog::KeySource;
use weir_engine::{
    cache::shared::clears::{ClearBook, ClearMark, MOST_CLEARS, NumberedClear},
    clock::Clock,
    provider::SecretSource,
    store::ClearStore,
};
use weir_store_redis::{Redis, RedisOptions, Tending};

/// Said of a Redis beside SQLite.
const BESIDE_POSTGRES: &str = "Redis is for gateways that share a Postgres: name one as the database, or leave out [redis] and WEIR_REDIS_URL (with SQLite there is one gateway, whose memory is faster)";

/// Makes it ready to be connected to: a gateway starts whether Redis is there or not.
///
/// # Errors
/// A Redis beside SQLite, an address or a file that cannot be used, and failures of the database.
pub(crate) async fn open(
    config: Option<&RedisConfig>,
    store: &OpenStore,
    secrets: &dyn SecretSource,
    clock: Arc<dyn Clock>,
) -> Result<Option<(Redis, Tending)>, StartError> {
    let Some(config) = config else { return Ok(None) };
    let OpenStore::Postgres(store) = store else {
        return Err(invalid(BESIDE_POSTGRES));
    };
    let options = options(config, secrets)?;
    let many = i64::try_from(MOST_CLEARS).unwrap_or(i64::MAX);
    let newest = store.newest_clear().await?;
    let events = store.clears_since((newest - many).max(0), u32::MAX).await?;
    let mut clears: Vec<NumberedClear> = events.iter().map(NumberedClear::of).collect();
    // Only from the very first clear on is it known what stood before.
    let base = if newest > many && !clears.is_empty() {
        clears.remove(0).mark
    } else {
        ClearMark::default()
    };
    let mut book = ClearBook::after(base);
    book.follow(book.begin(), clears);
    let salt = store.salt().await?;
    Redis::new(&options, &salt, book, clock)
        .map(Some)
        .map_err(|problem| invalid(&problem.to_string()))
}

/// Where the configured Redis is, once everything that is needed to connect is there; none without one.
///
/// # Errors
/// What is missing or wrong, in words.
pub fn place(config: &Config, secrets: &dyn SecretSource) -> Result<Option<String>, StartError> {
    let Some(redis) = &config.redis else {
        return Ok(None);
    };
    if let Database::Sqlite(_) = config.database()? {
        return Err(invalid(BESIDE_POSTGRES));
    }
    let place = options(redis, secrets)?.check();
    place.map(Some).map_err(|problem| invalid(&problem.to_string()))
}

fn options(config: &RedisConfig, secrets: &dyn SecretSource) -> Result<RedisOptions, StartError> {
    let password = match &config.password_env {
        None => None,
        Some(name) => Some(secrets.secret(&KeySource::Env(name.clone())).ok_or_else(|| {
            invalid(&format!(
                "the password of Redis is missing: set the environment variable {name}, which redis.password_env names"
            ))
        })?),
    };
    let ca_pem = match &config.ca_file {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|problem| {
            invalid(&format!(
                "redis.ca_file {} cannot be read: {problem}",
                path.display()
            ))
        })?),
    };
    Ok(RedisOptions {
        url: config.url.clone(),
        password,
        ca_pem,
        timeouts: config.timeouts,
    })
}

fn invalid(problem: &str) -> StartError {
    StartError::Config(ConfigError::Invalid(problem.to_owned()))
}
