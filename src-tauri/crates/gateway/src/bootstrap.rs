//! The composition root: configuration → store → engine → HTTP.

use crate::{
    actor::actor_of,
    alerts::{AlertLoop, Problem, Sender, desktop::DesktopNotifier},
    config::{
        Config, ConfigError, EmbedderSection, Environment, FileConfig,
        compile::{Parts, compile},
    },
    housekeeping, http,
    live::EngineLive,
    news, redis, reembed,
    running::RunningGateway,
    seed::{seed, seed_alerts},
    spool,
    store::OpenStore,
    traces::Exporter,
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch;
use weir_admin::{Admin, Occasion};
use weir_contract::model::{
    change::Actor,
    gateway::{GatewayStatus, ProfileKind},
};
use weir_embedder::LocalEmbedder;
use weir_engine::{
    cache::semantic::embedder::Embedder,
    clock::{Clock, SystemClock, TrustedClock},
    engine::{Engine, Random},
    pipeline::ProviderEmbedder,
    provider::SecretSource,
    settings::ModelRef,
    store::{GatewayReport, LimitStore, Store, StoreError},
};

/// Questions that are embedded at the same time. Each takes a core for some milliseconds.
const EMBEDDING_PASSES: usize = 2;

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
    /// Who acts through its operations.
    pub actor: Actor,
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
        ProfileKind::Attached => {
            return Err(StartError::Config(ConfigError::Invalid(
                "an attached window runs no gateway".to_owned(),
            )));
        }
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
    config.database_url = format!("sqlite://{}", path.display()).into();
    if config.redis.take().is_some() {
        tracing::warn!(
            "Redis is for gateways that share a Postgres; this window's own gateway does not use it"
        );
    }
    let start = StartOptions {
        config,
        profile: options.kind,
        secrets: options.secrets,
        next_free_port: true,
        secret_store: options.secret_store,
        actor: actor_of("window", profile_word(options.kind)),
        // Sample data is nobody's alert.
        desktop: (options.kind == ProfileKind::Local).then_some(options.desktop),
    };
    start_gateway(start).await
}

fn profile_word(kind: ProfileKind) -> &'static str {
    match kind {
        ProfileKind::Local => "local",
        ProfileKind::Sample => "sample",
        ProfileKind::Attached => "attached",
    }
}

/// Starts a gateway: opens the store, compiles the settings, listens.
///
/// # Errors
/// [`StartError`]; nothing is left running then.
pub async fn start_gateway(options: StartOptions) -> Result<RunningGateway, StartError> {
    let config = Arc::new(options.config);
    let clock: Arc<dyn Clock> = Arc::new(TrustedClock::new(SystemClock::new()));
    let random = Arc::new(SystemRandom);
    let open = OpenStore::open(&config).await?;
    let store = open.shared();
    seed(store.as_ref(), &config, clock.now_ms()).await?;
    seed_alerts(store.as_ref(), options.desktop.is_some(), clock.now_ms()).await?;
    let parts = Arc::new(Parts::new(&config, options.secrets)?);
    let version = store.config_version().await?;
    let settings = compile(&config, &store.config_items().await?, version, &parts)?;
    let gateway_id = uuid::Uuid::now_v7().to_string();
    let redis = redis::open(
        config.redis.as_ref(),
        &open,
        parts.secrets.as_ref(),
        clock.clone(),
    )
    .await?;
    let (limits, limits_at): (Arc<dyn LimitStore>, String) = match (&redis, &config.redis) {
        (Some((redis, _)), Some(wanted)) if wanted.limits => {
            (Arc::new(redis.limits(store.clone())), redis.place().to_owned())
        }
        _ => (store.clone(), String::new()),
    };
    let engine = Engine::with_limits(
        gateway_id.clone(),
        store.clone(),
        limits,
        clock.clone(),
        random.clone(),
        settings,
        config.file.cache.memory_bytes,
    );
    let traces = Exporter::new(
        &config.file.traces,
        parts.client.clone(),
        parts.secrets.as_ref(),
        &gateway_id,
    )?;
    let sending = traces.map(|(exporter, sending)| {
        engine.observe_requests(Arc::new(exporter));
        sending
    });
    store.beat(&gateway_id, clock.now_ms()).await?;
    let (redis, tending) = redis.unzip();
    if let Some(redis) = &redis {
        engine.use_shared_cache(redis.shared_cache());
    }
    engine.follow_clears_from_now().await?;
    let spool_file = spool::open(&engine, &config, &open);
    match &config.file.embedder {
        Some(section) => use_provider(&engine, section),
        None => load_embedder(&engine, config.embedding_model_file.clone()),
    }

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
    let changed = Arc::new(tokio::sync::Notify::new());
    let live = Arc::new(EngineLive::new(
        engine.clone(),
        config.clone(),
        parts,
        sender.clone(),
        changed.clone(),
    ));
    let admin = Admin {
        store: store.clone(),
        live: live.clone(),
        clock: clock.clone(),
        actor: options.actor,
        occasion: Occasion::default(),
    };
    if options.profile == ProfileKind::Sample {
        fill_beside(&engine, store.clone());
    }
    let (stop, stopping) = watch::channel(false);
    // Told to stop after the last request is recorded, so that its trace goes too.
    let (traces_stop, traces_stopping) = watch::channel(false);
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
    let traces = sending.map(|sending| tokio::spawn(sending.run(traces_stopping)));
    let redis_tended = tending.map(|tending| tokio::spawn(tending.run(traces_stop.subscribe())));
    let backup_problem = Problem::default();
    let backups = housekeeping::Backups {
        // Sample data is made up anew at every start.
        are_made: options.profile == ProfileKind::Local && store.makes_backups(),
        problem: backup_problem.clone(),
    };
    news::listen(&open, changed.clone(), stopping.clone());
    let report = GatewayReport {
        id: gateway_id,
        address: format!("http://{address}"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_version: version,
        config_problem: String::new(),
        limits_at,
        cache_seq: engine.cleared_up_to(),
    };
    store.report_gateway(&report).await?;
    let house = housekeeping::House::new(
        engine.clone(),
        live,
        config.clone(),
        report.clone(),
        backups,
        matches!(open, OpenStore::Postgres(_)),
    );
    engine.tasks.spawn(reembed::run(engine.clone(), stopping.clone()));
    let housekeeping = tokio::spawn(housekeeping::run(house, changed, stopping));
    let base_status = GatewayStatus {
        profile: options.profile,
        address: format!("http://{address}"),
        port_note: listening.note,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_version: version,
        database: config.database_url.to_string(),
        started_ms: clock.now_ms(),
        degraded: Vec::new(),
        default_provider: String::new(),
        secret_store: options.secret_store,
        attached: None,
    };
    Ok(RunningGateway {
        admin,
        engine,
        store: open,
        spool: spool_file,
        base_status,
        stop,
        server: Mutex::new(Some(server)),
        housekeeping,
        alerts,
        traces,
        redis_tended,
        traces_stop,
        alerts_problem,
        backup_problem,
        report,
    })
}

/// Takes the embedder at a provider that `[embedder]` names.
fn use_provider(engine: &Arc<Engine>, section: &EmbedderSection) {
    let model = ModelRef {
        provider: section.provider.clone(),
        model: section.model.clone(),
    };
    let timeout = Duration::from_secs(section.timeout_seconds);
    let embedder = ProviderEmbedder::new(engine, model, section.dims, timeout);
    match &embedder {
        Ok(embedder) => tracing::info!(embedder = embedder.id(), "a provider's embedder is used"),
        Err(problem) => tracing::warn!(problem, "no semantic cache; exact caching goes on"),
    }
    let embedder = embedder.map(|embedder| Arc::new(embedder) as Arc<dyn Embedder>);
    engine.semantic.use_embedder(embedder);
}

/// Loads the embedding model beside everything else: calls are served meanwhile, by the exact cache alone.
fn load_embedder(engine: &Arc<Engine>, file: Option<PathBuf>) {
    let Some(path) = file else {
        let problem =
            "there is no folder for the embedding model's file; name it in cache.embedding_model_file";
        engine.semantic.use_embedder(Err(problem.to_owned()));
        return;
    };
    let loading = engine.clone();
    engine.tasks.spawn(async move {
        let embedder = match LocalEmbedder::load(path, EMBEDDING_PASSES).await {
            Ok(embedder) => Ok(Arc::new(embedder) as Arc<dyn Embedder>),
            Err(problem) => Err(problem.to_string()),
        };
        match &embedder {
            Ok(embedder) => tracing::info!(embedder = embedder.id(), "the semantic cache is ready"),
            Err(problem) => tracing::info!(problem, "no semantic cache; exact caching goes on"),
        }
        loading.semantic.use_embedder(embedder);
        loading.changed();
    });
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
