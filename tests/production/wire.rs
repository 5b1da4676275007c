//! A network between a window and the tests' Postgres, that can be cut in both ways networks are cut.

use std::{path::PathBuf, sync::Arc, time::Duration};
use support::postgres::server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixStream},
    sync::watch,
};

/// One way, of a network that spans half of the world.
const FAR: Duration = Duration::from_millis(100);

/// What becomes of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fine,
    /// All arrives, as from another continent.
    Far,
    /// Nothing arrives, and nobody says so.
    Silent,
    /// Connections are ended, and new ones too.
    Refusing,
}

/// A port of this machine that leads to the server.
pub(crate) struct Wire {
    pub(crate) port: u16,
    weather: Arc<watch::Sender<Weather>>,
}

impl Wire {
    pub(crate) async fn lay() -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let weather = Arc::new(watch::Sender::new(Weather::Fine));
        let socket = server().folder().join(".s.PGSQL.5432");
        let outside = weather.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *outside.borrow() == Weather::Refusing {
                    continue;
                }
                tokio::spawn(carry(client, socket.clone(), outside.clone()));
            }
        });
        Wire { port, weather }
    }

    pub(crate) fn becomes(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

async fn carry(client: tokio::net::TcpStream, socket: PathBuf, weather: Arc<watch::Sender<Weather>>) {
    // A connection that is made while nothing arrives waits as its bytes do.
    let _ = weather.subscribe().wait_for(|now| *now != Weather::Silent).await;
    let Ok(server) = UnixStream::connect(socket).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut ending = weather.subscribe();
    tokio::select! {
        () = pump(from_client, to_server, weather.subscribe()) => {}
        () = pump(from_server, to_client, weather.subscribe()) => {}
        _ = ending.wait_for(|now| *now == Weather::Refusing) => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut weather: watch::Receiver<Weather>,
) {
    let mut piece = [0_u8; 16_384];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let now = weather
            .wait_for(|now| matches!(now, Weather::Fine | Weather::Far))
            .await
            .map(|now| *now);
        if matches!(now, Ok(Weather::Far)) {
            tokio::time::sleep(FAR).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
