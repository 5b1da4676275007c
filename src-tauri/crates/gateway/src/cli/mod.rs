//! The commands of `weir-gateway`.

mod admin;
mod check;
mod key;
mod serve;

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, sync::Arc};
use weir_admin::{Admin, Offline};
use weir_engine::clock::SystemClock;
use weir_gateway::config::{Config, ConfigError, Environment};

/// Caches, routes, caps and measures calls to language models.
#[derive(Parser)]
#[command(name = "weir-gateway", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway until it is told to stop (Ctrl-C or SIGTERM; streams are let to end).
    Serve(Source),
    /// Say what is wrong with a configuration, without starting anything.
    Check(Source),
    /// Print a commented configuration.
    ExampleConfig,
    /// Make, list, rotate or revoke virtual keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Every operation of the dashboard, for scripts.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
}

/// Where the configuration comes from. The environment (`WEIR_DATABASE`, `WEIR_LISTEN`, `WEIR_PROVIDER`, `OPENAI_API_KEY` …)
/// is always read and wins over the file.
#[derive(Args, Clone)]
pub(crate) struct Source {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database, instead of the configured one: `sqlite:///absolute/path/weir.db`.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Source {
    pub(crate) fn load(&self, environment: &Environment) -> Result<Config, ConfigError> {
        let mut config = Config::load(self.config.as_deref(), environment)?;
        if let Some(url) = &self.database {
            config.database_url.clone_from(url);
        }
        Ok(config)
    }

    /// The operations on the configured database, without a running engine.
    async fn offline_admin(&self) -> Result<(Admin, weir_store_sqlite::SqliteStore), String> {
        let config = self
            .load(&Environment::of_process())
            .map_err(|problem| problem.to_string())?;
        let store = weir_gateway::bootstrap::open_store(&config)
            .await
            .map_err(|problem| problem.to_string())?;
        let clock = Arc::new(SystemClock::new());
        let now_ms = weir_engine::clock::Clock::now_ms(clock.as_ref());
        weir_gateway::seed::seed(&store, &config, now_ms)
            .await
            .map_err(|problem| problem.to_string())?;
        weir_gateway::seed::seed_alerts(&store, false, now_ms)
            .await
            .map_err(|problem| problem.to_string())?;
        let admin = Admin {
            store: Arc::new(store.clone()),
            live: Arc::new(Offline),
            clock,
            who: "script".to_owned(),
        };
        Ok((admin, store))
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    match arguments.command {
        Command::Serve(source) => serve::run(&source).await,
        Command::Check(source) => check::run(&source),
        Command::ExampleConfig => {
            print!("{}", weir_gateway::config::EXAMPLE);
            Ok(())
        }
        Command::Key(command) => key::run(command).await,
        Command::Admin(command) => admin::run(command).await,
    }
}
