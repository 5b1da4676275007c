//! The composition root: configuration → store → engine → HTTP. The only place that names a store.

use crate::{
    alerts::{AlertLoop, Problem, Sender, desktop::DesktopNotifier},
    config::{
        Config, ConfigError, Environment, FileConfig,
        compile::{Parts, compile},
    },
    housekeeping, http,
    live::EngineLive,
    running::RunningGateway,
    seed::{seed, seed_alerts},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;
use weir_admin::Admin;
use weir_contract::model::gateway::{GatewayStatus, ProfileKind};
use weir_engine::{
    clock::{Clock, SystemClock, TrustedClock},
    engine::{Engine, Random},
    provider::SecretSource,
    store::{Store, StoreError},
};
use weir_store_sqlite::SqliteStore;

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The port is taken, or the address is not allowed.
    #[error("{0}")]
    Listen(String),
}

/// How the window runs its own gateway.
pub struct LocalOptions {
    pub kind: ProfileKind,
    pub data_dir: PathBuf,
    /// Holds an optional `weir.toml`.
    pub config_dir: PathBuf,
    /// The keychain, or this session's memory.
    pub secrets: Arc<dyn SecretSource>,
    pub environment: Environment,
    /// `keychain` or `session`.
    pub secret_store: String,
    /// Shows the notifications of alerts.
    pub desktop: Arc<dyn DesktopNotifier>,
}

/// How a gateway is run.
pub struct StartOptions {
    pub config: Config,
    pub profile: ProfileKind,
    pub secrets: Arc<dyn SecretSource>,
    /// Take the next free port when the wanted one is taken.
    pub next_free_port: bool,
    pub secret_store: String,
    pub who: String,
    /// Shows the notifications of alerts, where there is a window.
    pub desktop: Option<Arc<dyn DesktopNotifier>>,
}

/// Randomness of the operating system's own generator.
struct SystemRandom;

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        // Version 4 UUIDs are 122 random bits; the two halves are folded so that no fixed bit stays fixed.
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        high.rotate_left(32) ^ low
    }
}

/// Starts the gateway of a local or sample profile.
///
/// # Errors
/// [`StartError`].
pub async fn start_local(options: LocalOptions) -> Result<RunningGateway, StartError> {
    let config_path = options.config_dir.join("weir.toml");
    let file = match std::fs::read_to_string(&config_path) {
        Ok(text) => FileConfig::parse(&text).map_err(|problem| ConfigError::Wrong {
            path: config_path.clone(),
            problem,
        })?,
        Err(_) => FileConfig::default(),
    };
    let mut config = Config::combine(file, &options.environment)?;
    let name = match options.kind {
        ProfileKind::Local => "weir.db",
        ProfileKind::Sample => "sample.db",
    };
    let path = options.data_dir.join(name);
    if options.kind == ProfileKind::Sample {
        // Sample data is thrown away and made anew; the name makes sure that nothing else is ever removed here.
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(options.data_dir.join(format!("{name}{ending}")));
        }
        config.default_provider = "simulated".to_owned();
        config.file.caps = Some(crate::sample::budget::caps());
    }
    config.database_url = format!("sqlite://{}", path.display());
    let start = StartOptions {
        config,
        profile: options.kind,
        secrets: options.secrets,
        next_free_port: true,
        secret_store: options.secret_store,
        who: "window".to_owned(),
        // Sample data is nobody's alert.
        desktop: (options.kind == ProfileKind::Local).then_some(options.desktop),
    };
    start_gateway(start).await
}

/// Opens the database of a configuration.
///
/// # Errors
/// [`StartError`].
pub async fn open_store(config: &Config) -> Result<SqliteStore, StartError> {
    Ok(weir_store_sqlite::open(&config.sqlite_path()?).await?)
}

/// Starts a gateway: opens the store, compiles the settings, listens.
///
/// # Errors
/// [`StartError`]; nothing is left running then.
pub async fn start_gateway(options: StartOptions) -> Result<RunningGateway, StartError> {
    let config = Arc::new(options.config);
    let clock: Arc<dyn Clock> = Arc::new(TrustedClock::new(SystemClock::new()));
    let random = Arc::new(SystemRandom);
    let sqlite = open_store(&config).await?;
    let store: Arc<dyn Store> = Arc::new(sqlite.clone());
    seed(store.as_ref(), &config, clock.now_ms()).await?;
    seed_alerts(store.as_ref(), options.desktop.is_some(), clock.now_ms()).await?;
    let parts = Arc::new(Parts::new(&config, options.secrets)?);
    let version = store.config_version().await?;
    let settings = compile(&config, &store.config_items().await?, version, &parts)?;
    let gateway_id = uuid::Uuid::now_v7().to_string();
    let engine = Engine::new(
        gateway_id.clone(),
        store.clone(),
        clock.clone(),
        random.clone(),
        settings,
        config.file.cache.memory_bytes,
    );
    store.beat(&gateway_id, clock.now_ms()).await?;

    let listening = http::server::listen(&config, options.next_free_port)
        .await
        .map_err(StartError::Listen)?;
    let address = listening.address;
    let sender = Arc::new(Sender {
        client: parts.client.clone(),
        secrets: parts.secrets.clone(),
        clock: clock.clone(),
        desktop: options.desktop,
    });
    let live = Arc::new(EngineLive::new(
        engine.clone(),
        config.clone(),
        parts,
        sender.clone(),
    ));
    let admin = Admin {
        store: store.clone(),
        live: live.clone(),
        clock: clock.clone(),
        who: options.who,
    };
    if options.profile == ProfileKind::Sample {
        fill_beside(&engine, store.clone());
    }
    let (stop, stopping) = watch::channel(false);
    let state = http::GatewayState::new(engine.clone(), config.clone(), address);
    let server = tokio::spawn(http::server::serve(listening.listener, state, stopping.clone()));
    let alerts_problem = Problem::default();
    let alert_loop = AlertLoop {
        admin: admin.clone(),
        sender,
        random,
        problem: alerts_problem.clone(),
    };
    let alerts = tokio::spawn(alert_loop.run(stopping.clone()));
    let housekeeping = tokio::spawn(housekeeping::run(engine.clone(), live, config.clone(), stopping));
    let base_status = GatewayStatus {
        profile: options.profile,
        address: format!("http://{address}"),
        port_note: listening.note,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_version: version,
        database: config.database_url.clone(),
        started_ms: clock.now_ms(),
        degraded: Vec::new(),
        default_provider: String::new(),
        secret_store: options.secret_store,
    };
    Ok(RunningGateway {
        admin,
        engine,
        store: sqlite,
        base_status,
        stop,
        server: Mutex::new(Some(server)),
        housekeeping,
        alerts,
        alerts_problem,
    })
}

/// Fills the sample profile while its window opens: charts grow as the traffic arrives.
fn fill_beside(engine: &Arc<Engine>, store: Arc<dyn Store>) {
    let now_ms = engine.clock.now_ms();
    engine.tasks.spawn(async move {
        if let Err(problem) = crate::sample::fill(store.as_ref(), now_ms).await {
            tracing::error!(%problem, "the sample data is incomplete");
        }
    });
}
