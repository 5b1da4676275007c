//! `weir-gateway serve`.

use super::Source;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use weir_contract::model::gateway::ProfileKind;
use weir_gateway::{
    actor::actor_of,
    bootstrap::{StartOptions, start_gateway},
    config::Environment,
};

pub(super) async fn run(source: &Source) -> Result<(), String> {
    let environment = Environment::of_process();
    let filter = environment.plain("WEIR_LOG").unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|problem| format!("WEIR_LOG is wrong: {problem}"))?;
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    // Heard from now on: a stop that comes while the gateway starts must not kill it half-way.
    let mut stop = StopSignal::listen()?;
    let config = source.load(&environment).map_err(|problem| problem.to_string())?;
    let gateway = start_gateway(StartOptions {
        config,
        profile: ProfileKind::Local,
        secrets: Arc::new(environment),
        next_free_port: false,
        secret_store: "environment".to_owned(),
        actor: actor_of("gateway", "local"),
        desktop: None,
    })
    .await
    .map_err(|problem| problem.to_string())?;
    let status = gateway.status();
    // One line that scripts can wait for.
    println!(
        "weir-gateway {} listens on {} ({})",
        status.version, status.address, status.database
    );
    stop.came().await?;
    tracing::info!("stopping: no new calls, the ones under way may end");
    gateway.stop().await;
    Ok(())
}

/// Ctrl-C, or what a service's supervisor sends.
#[cfg(unix)]
struct StopSignal {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    fn listen() -> Result<StopSignal, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|problem| problem.to_string());
        Ok(StopSignal {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn came(&mut self) -> Result<(), String> {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        Ok(())
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct StopSignal;

#[cfg(not(unix))]
impl StopSignal {
    fn listen() -> Result<StopSignal, String> {
        Ok(StopSignal)
    }

    async fn came(&mut self) -> Result<(), String> {
        tokio::signal::ctrl_c()
            .await
            .map_err(|problem| problem.to_string())
    }
}
