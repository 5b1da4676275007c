//! The commands of `weir-gateway`.

mod admin;
mod backup;
mod check;
mod key;
mod migrate;
mod serve;
mod transfer;

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, sync::Arc};
use weir_admin::{Admin, Offline};
use weir_engine::clock::SystemClock;
use weir_gateway::{
    config::{Config, ConfigError, Environment},
    store::OpenStore,
};

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
    /// Say what is wrong with a configuration and its database, without starting anything.
    Check(Source),
    /// Bring a Postgres's schema up to date; several gateways may share it then.
    Migrate {
        /// Only print the SQL, for somebody who wants to read it first.
        #[arg(long)]
        print: bool,
        #[command(flatten)]
        source: Source,
    },
    /// Print the SQL that makes Weir's four roles in a Postgres, for its administrator to read and run.
    Roles,
    /// Print a commented configuration.
    ExampleConfig,
    /// Make, list, rotate or revoke virtual keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Back the database up beside itself, and check the copy. Gateways may run.
    Backup {
        /// Say what there is, and make none.
        #[arg(long)]
        list: bool,
        #[command(flatten)]
        source: Source,
    },
    /// Put a backup in the place of the database. Nobody may use it meanwhile; what was there is kept.
    Restore {
        /// The backup.
        file: PathBuf,
        #[command(flatten)]
        source: Source,
    },
    /// Print the configuration of the database as TOML, without secrets.
    Export {
        /// Write it to this file, which must not be there yet.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        #[command(flatten)]
        source: Source,
    },
    /// Read configuration in: an export of Weir, a config.yaml of LiteLLM, or LiteLLM's price table.
    Import(transfer::Import),
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
    /// The database, instead of the configured one: `sqlite:///absolute/path/weir.db` or `postgres://user@host/database`.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Source {
    pub(crate) fn load(&self, environment: &Environment) -> Result<Config, ConfigError> {
        let mut config = Config::load(self.config.as_deref(), environment)?;
        if let Some(url) = &self.database {
            config.database_url = url.clone().into();
        }
        Ok(config)
    }

    /// The operations on the configured database, without a running engine.
    async fn offline_admin(&self) -> Result<(Admin, OpenStore), String> {
        let config = self
            .load(&Environment::of_process())
            .map_err(|problem| problem.to_string())?;
        let store = OpenStore::open(&config)
            .await
            .map_err(|problem| problem.to_string())?;
        let clock = Arc::new(SystemClock::new());
        let now_ms = weir_engine::clock::Clock::now_ms(clock.as_ref());
        let shared = store.shared();
        weir_gateway::seed::seed(shared.as_ref(), &config, now_ms)
            .await
            .map_err(|problem| problem.to_string())?;
        weir_gateway::seed::seed_alerts(shared.as_ref(), false, now_ms)
            .await
            .map_err(|problem| problem.to_string())?;
        let admin = Admin {
            store: shared,
            live: Arc::new(Offline),
            clock,
            actor: weir_gateway::actor::actor_of("script", "local"),
            occasion: weir_admin::Occasion::default(),
        };
        Ok((admin, store))
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    match arguments.command {
        Command::Serve(source) => serve::run(&source).await,
        Command::Check(source) => check::run(&source).await,
        Command::Migrate { print, source } => migrate::run(&source, print).await,
        Command::Roles => {
            migrate::print_roles();
            Ok(())
        }
        Command::ExampleConfig => {
            print!("{}", weir_gateway::config::EXAMPLE);
            Ok(())
        }
        Command::Key(command) => key::run(command).await,
        Command::Backup { list, source } => backup::back_up(&source, list).await,
        Command::Restore { file, source } => backup::restore(&source, &file).await,
        Command::Export { to, source } => transfer::export(&source, to.as_deref()).await,
        Command::Import(import) => transfer::import(import).await,
        Command::Admin(command) => admin::run(command).await,
    }
}
