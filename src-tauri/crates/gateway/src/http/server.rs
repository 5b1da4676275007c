//! Listening and serving: the address rules, bounded connections, and a stop that lets every answer end.

use super::{GatewayState, router};
use crate::config::Config;
use axum::extract::Extension;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) SocketAddr);

/// A port that has been taken for us.
pub struct Listening {
    pub listener: TcpListener,
    pub address: SocketAddr,
    /// Says so when it is not the wanted port.
    pub note: String,
}

/// How many ports after the wanted one are tried.
const NEXT_PORTS: u16 = 50;
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const MOST_HEADER_BYTES: usize = 32 * 1024;
/// How long answers under way may take after the stop was asked for.
const DRAIN: Duration = Duration::from_secs(60);

/// Takes the wanted address, or with `next_free_port` the next free one.
///
/// # Errors
/// A sentence that says what is wrong with the address and what to do.
pub async fn listen(config: &Config, next_free_port: bool) -> Result<Listening, String> {
    let wanted: SocketAddr = config
        .listen
        .replace("localhost:", "127.0.0.1:")
        .parse()
        .map_err(|_| {
            format!(
                "\"{}\" is not an address to listen on; write it like 127.0.0.1:8787",
                config.listen
            )
        })?;
    if !wanted.ip().is_loopback() && !config.file.gateway.allow_remote {
        return Err(format!(
            "{wanted} can be reached from other machines; set gateway.allow_remote = true if that is meant, and put TLS in front of it"
        ));
    }
    match TcpListener::bind(wanted).await {
        Ok(listener) => Listening::new(listener, String::new()),
        Err(problem) if problem.kind() == ErrorKind::AddrInUse && next_free_port => {
            for step in 1..=NEXT_PORTS {
                let Some(port) = wanted.port().checked_add(step) else {
                    break;
                };
                if let Ok(listener) = TcpListener::bind(SocketAddr::new(wanted.ip(), port)).await {
                    let note = format!(
                        "Port {} is taken by another program, so the gateway listens on {port}.",
                        wanted.port()
                    );
                    return Listening::new(listener, note);
                }
            }
            Err(format!(
                "ports {} to {} are all taken",
                wanted.port(),
                wanted.port().saturating_add(NEXT_PORTS)
            ))
        }
        Err(problem) if problem.kind() == ErrorKind::AddrInUse => Err(format!(
            "port {} is taken by another program; stop it, or listen elsewhere with WEIR_LISTEN=127.0.0.1:PORT",
            wanted.port()
        )),
        Err(problem) => Err(format!("{wanted} cannot be listened on: {problem}")),
    }
}

impl Listening {
    fn new(listener: TcpListener, note: String) -> Result<Listening, String> {
        let address = listener.local_addr().map_err(|problem| problem.to_string())?;
        Ok(Listening {
            listener,
            address,
            note,
        })
    }
}

/// Serves until told to stop, then lets the answers under way end.
pub async fn serve(listener: TcpListener, state: GatewayState, mut stopping: watch::Receiver<bool>) {
    let seats = Arc::new(Semaphore::new(state.config.file.gateway.max_connections));
    let graceful = GracefulShutdown::new();
    let router = router(state);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, most likely; the next moment may have some again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let seat = tokio::select! {
            seat = seats.clone().acquire_owned() => seat,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let Ok(seat) = seat else { break };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone().layer(Extension(ClientAddress(peer))));
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MOST_HEADER_BYTES.max(8 * 1024));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(MOST_HEADER_BYTES as u32);
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A broken connection is the client's affair; what it had asked for is recorded all the same.
            let _ = connection.await;
            drop(seat);
        });
    }
    // New clients are refused at once instead of waiting for an answer that never comes.
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            "some clients were still reading after {} s and were left",
            DRAIN.as_secs()
        );
    }
}
