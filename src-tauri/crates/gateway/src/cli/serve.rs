//! `weir-gateway serve`.

use super::Source;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use weir_contract::model::gateway::ProfileKind;
use weir_gateway::{
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
    let config = source.load(&environment).map_err(|problem| problem.to_string())?;
    let gateway = start_gateway(StartOptions {
        config,
        profile: ProfileKind::Local,
        secrets: Arc::new(environment),
        next_free_port: false,
        secret_store: "environment".to_owned(),
        who: "gateway".to_owned(),
    })
    .await
    .map_err(|problem| problem.to_string())?;
    let status = gateway.status();
    // One line that scripts can wait for.
    println!(
        "weir-gateway {} listens on {} ({})",
        status.version, status.address, status.database
    );
    stop_signal().await?;
    tracing::info!("stopping: no new calls, the ones under way may end");
    gateway.stop().await;
    Ok(())
}

#[cfg(unix)]
async fn stop_signal() -> Result<(), String> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(|problem| problem.to_string())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|problem| problem.to_string()),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> Result<(), String> {
    tokio::signal::ctrl_c()
        .await
        .map_err(|problem| problem.to_string())
}
