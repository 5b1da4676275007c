//! A connection to the server's port, which is closed again.

use super::Record;
use std::time::Duration;
use tokio::net::TcpStream;
use weir_contract::model::profile::StepKind;

const WITHIN: Duration = Duration::from_secs(5);

/// False when nobody answers there.
pub(in crate::attach) async fn reach(record: &mut Record, host: &str, port: u16) -> bool {
    let connected = tokio::time::timeout(WITHIN, TcpStream::connect((host, port))).await;
    match connected {
        Ok(Ok(stream)) => {
            let peer = stream
                .peer_addr()
                .map_or_else(|_| host.to_owned(), |peer| peer.to_string());
            record.ok(StepKind::Tcp, format!("{peer} answers"));
            true
        }
        Ok(Err(problem)) => {
            record.fail(
                StepKind::Tcp,
                format!("{host}:{port} refused: {problem}"),
                "Check the port (Postgres usually has 5432), whether the server runs, and whether it listens on this network.",
            );
            false
        }
        Err(_) => {
            record.fail(
                StepKind::Tcp,
                format!("{host}:{port} did not answer within {} s", WITHIN.as_secs()),
                "A firewall probably drops the connection: use the VPN, or add an SSH tunnel to the profile.",
            );
            false
        }
    }
}
